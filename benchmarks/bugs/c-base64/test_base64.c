#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"

static void test_decode(void)
{
    unsigned char data[32];
    assert(base64_decode("TWFu", data) == 3);
    assert(memcmp(data, "Man", 3) == 0);
    assert(base64_decode("TQ==", data) == 1);
    assert(data[0] == 'M');
    assert(base64_decode("", data) == 0);
    puts("ok decode");
}

static void test_malformed(void)
{
    unsigned char data[32];
    assert(base64_decode("TWF", data) == -1);
    assert(base64_decode("T!==", data) == -1);
    puts("ok malformed");
}

static void test_sizes(void)
{
    assert(base64_encoded_size(0) == 1);
    assert(base64_encoded_size(1) == 5);
    assert(base64_encoded_size(4) == 9);
    puts("ok sizes");
}

static void test_short_texts(void)
{
    char text[32];
    assert(base64_encode((const unsigned char *)"M", 1, text) == 4);
    assert(strcmp(text, "TQ==") == 0);
    base64_encode((const unsigned char *)"Ma", 2, text);
    assert(strcmp(text, "TWE=") == 0);
    puts("ok short texts");
}

static void test_round_trip(void)
{
    unsigned char data[256], back[256];
    char text[400];
    for (int i = 0; i < 256; i++)
        data[i] = (unsigned char)(i * 7);
    for (size_t size = 0; size <= 256; size++) {
        base64_encode(data, size, text);
        assert(base64_decode(text, back) == (long)size);
        assert(memcmp(data, back, size) == 0);
    }
    puts("ok round trip");
}

int main(void)
{
    test_decode();
    test_malformed();
    test_sizes();
    test_short_texts();
    test_round_trip();
    return 0;
}

#include <stdio.h>
#include <string.h>

#include "utf8.h"

static int failures;

#define CHECK_EQUAL(actual, expected)                                                            \
    do {                                                                                         \
        long a = (long)(actual), e = (long)(expected);                                           \
        if (a != e) {                                                                            \
            printf("%s:%d: %s is %ld, expected %ld\n", __FILE__, __LINE__, #actual, a, e);       \
            failures++;                                                                          \
        }                                                                                        \
    } while (0)

static void test_lengths(void)
{
    CHECK_EQUAL(utf8_length(""), 0);
    CHECK_EQUAL(utf8_length("abc"), 3);
    CHECK_EQUAL(utf8_length("na\xc3\xafve"), 5);
    CHECK_EQUAL(utf8_length("\xe2\x82\xac\xf0\x9f\x98\x80"), 2);
}

static void test_malformed(void)
{
    CHECK_EQUAL(utf8_length("a\xc3"), -1);
    CHECK_EQUAL(utf8_length("\x80"), -1);
    CHECK_EQUAL(utf8_length("\xed\xa0\x80"), -1);
    CHECK_EQUAL(utf8_length("\xe0\x80\xaf"), -1);
}

static void test_round_trip(void)
{
    const uint32_t points[] = {0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        unsigned char bytes[4];
        uint32_t back = 0;
        size_t length = utf8_encode(points[i], bytes);
        CHECK_EQUAL(utf8_decode(bytes, length, &back), length);
        CHECK_EQUAL(back, points[i]);
    }
}

static void test_sanitise(void)
{
    char target[32];
    utf8_sanitise("a\xff" "b\xe2\x82\xac", target);
    CHECK_EQUAL(strcmp(target, "a?b\xe2\x82\xac"), 0);
    utf8_sanitise("..\xc0\xaf" "etc", target);
    CHECK_EQUAL(strcmp(target, "..??etc"), 0);
}

int main(void)
{
    test_lengths();
    test_malformed();
    test_round_trip();
    test_sanitise();
    printf("%d failed checks\n", failures);
    return failures > 0;
}

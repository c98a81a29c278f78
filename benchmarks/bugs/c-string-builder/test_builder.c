#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "builder.h"

static void test_starts_empty(void)
{
    struct builder b;
    builder_init(&b);
    assert(strcmp(b.text, "") == 0);
    builder_free(&b);
    puts("ok starts empty");
}

static void test_truncate(void)
{
    struct builder b;
    builder_init(&b);
    builder_append(&b, "hello");
    builder_truncate(&b, 4);
    assert(strcmp(b.text, "hell") == 0);
    builder_free(&b);
    puts("ok truncate");
}

static void test_append(void)
{
    struct builder b;
    builder_init(&b);
    assert(builder_append(&b, "answer: "));
    assert(builder_append_number(&b, -42));
    assert(builder_append_char(&b, '!'));
    assert(strcmp(b.text, "answer: -42!") == 0);
    builder_free(&b);
    puts("ok append");
}

static void test_every_length(void)
{
    for (size_t length = 0; length < 70; length++) {
        struct builder b;
        builder_init(&b);
        assert(builder_append_repeated(&b, 'x', length));
        assert(b.capacity > b.length);
        assert(strlen(b.text) == length);
        builder_free(&b);
    }
    puts("ok every length");
}

static void test_join(void)
{
    const char *parts[] = {"a", "bc", "", "d"};
    struct builder b;
    builder_init(&b);
    assert(builder_join(&b, parts, 4, ", "));
    assert(strcmp(b.text, "a, bc, , d") == 0);
    builder_free(&b);
    puts("ok join");
}

int main(void)
{
    test_starts_empty();
    test_truncate();
    test_append();
    test_every_length();
    test_join();
    return 0;
}

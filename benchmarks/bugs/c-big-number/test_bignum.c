#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "bignum.h"

static void test_parse_and_print(void)
{
    struct bignum number;
    char text[BIGNUM_DIGITS + 1];
    assert(bignum_parse(&number, "000123456789012345678901234567890"));
    bignum_print(&number, text);
    assert(strcmp(text, "123456789012345678901234567890") == 0);
    assert(!bignum_parse(&number, "12a"));
    assert(!bignum_parse(&number, ""));
    puts("ok parse and print");
}

static void test_compare(void)
{
    struct bignum a, b;
    bignum_parse(&a, "100");
    bignum_parse(&b, "99");
    assert(bignum_compare(&a, &b) == 1);
    assert(bignum_compare(&b, &a) == -1);
    assert(bignum_compare(&a, &a) == 0);
    puts("ok compare");
}

static void test_factorial(void)
{
    struct bignum number;
    char text[BIGNUM_DIGITS + 1];
    assert(bignum_factorial(&number, 25));
    bignum_print(&number, text);
    assert(strcmp(text, "15511210043330985984000000") == 0);
    puts("ok factorial");
}

static void test_fibonacci(void)
{
    struct bignum number;
    char text[BIGNUM_DIGITS + 1];
    assert(bignum_fibonacci(&number, 6));
    bignum_print(&number, text);
    assert(strcmp(text, "8") == 0);
    assert(bignum_fibonacci(&number, 100));
    bignum_print(&number, text);
    assert(strcmp(text, "354224848179261915075") == 0);
    puts("ok fibonacci");
}

int main(void)
{
    test_parse_and_print();
    test_compare();
    test_factorial();
    test_fibonacci();
    return 0;
}

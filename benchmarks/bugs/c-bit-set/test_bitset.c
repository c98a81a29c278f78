#include <assert.h>
#include <stdio.h>

#include "bitset.h"

static void test_members(void)
{
    struct bitset s;
    bitset_clear(&s);
    bitset_add(&s, 0);
    bitset_add(&s, 63);
    bitset_add(&s, 64);
    bitset_add(&s, 255);
    assert(bitset_count(&s) == 4);
    bitset_remove(&s, 64);
    assert(!bitset_has(&s, 64));
    assert(bitset_has(&s, 63));
    assert(!bitset_has(&s, 1000));
    puts("ok members");
}

static void test_next(void)
{
    struct bitset s;
    bitset_clear(&s);
    bitset_add_range(&s, 100, 103);
    assert(bitset_next(&s, 0) == 100);
    assert(bitset_next(&s, 101) == 101);
    assert(bitset_next(&s, 103) == -1);
    puts("ok next");
}

static void test_union_and_intersection(void)
{
    struct bitset a, b;
    bitset_clear(&a);
    bitset_clear(&b);
    bitset_add_range(&a, 10, 80);
    bitset_add_range(&b, 70, 90);
    struct bitset both = a;
    bitset_union(&both, &b);
    assert(bitset_count(&both) == 80);
    bitset_intersect(&a, &b);
    assert(bitset_count(&a) == 10);
    puts("ok union and intersection");
}

static void test_missing(void)
{
    struct bitset required, given;
    bitset_clear(&required);
    bitset_clear(&given);
    bitset_add_range(&required, 0, 10);
    bitset_add_range(&given, 5, 200);
    assert(bitset_missing(&required, &required) == 0);
    assert(bitset_missing(&required, &given) == 5);
    puts("ok missing");
}

int main(void)
{
    test_members();
    test_next();
    test_union_and_intersection();
    test_missing();
    return 0;
}

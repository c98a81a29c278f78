#include <assert.h>
#include <stdio.h>

#include "table.h"

static void test_set_and_get(void)
{
    struct table t;
    int value = 0;
    table_init(&t, 8);
    table_set(&t, 3, 30);
    table_set(&t, 11, 110);
    assert(table_get(&t, 11, &value) && value == 110);
    assert(!table_get(&t, 19, &value));
    table_set(&t, 3, 31);
    assert(t.count == 2);
    table_free(&t);
    puts("ok set and get");
}

static void test_grows(void)
{
    struct table t;
    int value;
    table_init(&t, 2);
    for (unsigned key = 0; key < 100; key++)
        table_set(&t, key * 7, (int)key);
    for (unsigned key = 0; key < 100; key++)
        assert(table_get(&t, key * 7, &value) && value == (int)key);
    assert(table_sum(&t) == 4950);
    table_free(&t);
    puts("ok grows");
}

static void test_replace_after_removal(void)
{
    struct table t;
    table_init(&t, 8);
    table_set(&t, 1, 10);
    table_set(&t, 9, 90);
    assert(table_remove(&t, 1));
    table_set(&t, 9, 91);
    assert(table_sum(&t) == 91);
    assert(t.count == 1);
    table_free(&t);
    puts("ok replace after removal");
}

int main(void)
{
    test_set_and_get();
    test_grows();
    test_replace_after_removal();
    return 0;
}

#include <assert.h>
#include <stdio.h>

#include "list.h"

static struct list numbers(int count)
{
    struct list list = {0};
    for (int i = 1; i <= count; i++)
        assert(list_append(&list, i));
    return list;
}

static void test_push_and_pop(void)
{
    struct list list = {0};
    int value;
    list_push(&list, 1);
    list_push(&list, 2);
    assert(list_pop(&list, &value) && value == 2);
    assert(list_pop(&list, &value) && value == 1);
    assert(!list_pop(&list, &value));
    puts("ok push and pop");
}

static void test_remove(void)
{
    struct list list = numbers(3);
    list_push(&list, 3);
    assert(list_remove(&list, 3) == 2);
    assert(list.length == 2);
    list_free(&list);
    puts("ok remove");
}

static void test_sort(void)
{
    struct list list = {0};
    int copy[4];
    list_append(&list, 3);
    list_append(&list, 1);
    list_append(&list, 2);
    list_sort(&list);
    assert(list_copy(&list, copy, 4) == 3);
    assert(copy[0] == 1 && copy[1] == 2 && copy[2] == 3);
    list_free(&list);
    puts("ok sort");
}

static void test_reverse(void)
{
    struct list list = numbers(3);
    int copy[4];
    list_reverse(&list);
    assert(list_copy(&list, copy, 4) == 3);
    assert(copy[0] == 3 && copy[2] == 1);
    list_free(&list);
    puts("ok reverse");
}

int main(void)
{
    test_push_and_pop();
    test_remove();
    test_sort();
    test_reverse();
    return 0;
}

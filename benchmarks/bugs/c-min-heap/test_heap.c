#include <assert.h>
#include <stdio.h>

#include "heap.h"

static void test_empty(void)
{
    struct heap heap;
    struct event event;
    heap_init(&heap);
    assert(!heap_pop(&heap, &event));
    assert(!heap_cancel(&heap, 1));
    puts("ok empty");
}

static void test_two(void)
{
    struct heap heap;
    struct event event;
    heap_init(&heap);
    heap_push(&heap, 2.0, 2);
    heap_push(&heap, 1.0, 1);
    assert(heap_pop(&heap, &event) && event.id == 1);
    assert(heap_pop(&heap, &event) && event.id == 2);
    heap_free(&heap);
    puts("ok two");
}

static void test_cancel(void)
{
    struct heap heap;
    struct event event;
    heap_init(&heap);
    for (int id = 1; id <= 5; id++)
        heap_push(&heap, id, id);
    assert(heap_cancel(&heap, 1));
    assert(heap_pop(&heap, &event) && event.id == 2);
    heap_free(&heap);
    puts("ok cancel");
}

static void test_many_in_order(void)
{
    struct heap heap;
    int ids[40];
    heap_init(&heap);
    for (int i = 0; i < 40; i++)
        heap_push(&heap, (i * 17) % 40, (i * 17) % 40);
    assert(heap_pop_until(&heap, 19, ids, 40) == 20);
    for (int i = 0; i < 20; i++)
        assert(ids[i] == i);
    heap_free(&heap);
    puts("ok many in order");
}

int main(void)
{
    test_empty();
    test_two();
    test_cancel();
    test_many_in_order();
    return 0;
}

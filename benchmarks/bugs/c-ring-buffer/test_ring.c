#include <stdio.h>

#include "ring.h"

static int failures;

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            printf("%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
            failures++;                                                         \
        }                                                                       \
    } while (0)

static void test_first_in_first_out(void)
{
    struct ring r;
    double sample = 0;
    ring_init(&r, 3);
    ring_push(&r, 1);
    ring_push(&r, 2);
    CHECK(ring_pop(&r, &sample) && sample == 1);
    CHECK(ring_pop(&r, &sample) && sample == 2);
    CHECK(!ring_pop(&r, &sample));
    ring_free(&r);
}

static void test_full_ring_forgets_the_oldest(void)
{
    struct ring r;
    double copy[3];
    ring_init(&r, 3);
    for (int i = 1; i <= 5; i++)
        ring_push(&r, i);
    CHECK(r.dropped == 2);
    CHECK(ring_copy(&r, copy, 3) == 3);
    CHECK(copy[0] == 3);
    CHECK(copy[1] == 4);
    CHECK(copy[2] == 5);
    ring_free(&r);
}

static void test_statistics(void)
{
    struct ring r;
    ring_init(&r, 4);
    CHECK(ring_mean(&r) == 0);
    ring_push(&r, -3);
    ring_push(&r, -1);
    CHECK(ring_mean(&r) == -2);
    CHECK(ring_largest(&r) == -1);
    ring_free(&r);
}

int main(void)
{
    test_first_in_first_out();
    test_full_ring_forgets_the_oldest();
    test_statistics();
    printf("%d failures\n", failures);
    return failures != 0;
}

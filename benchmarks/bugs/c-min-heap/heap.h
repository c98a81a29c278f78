#ifndef HEAP_H
#define HEAP_H
#include <stdbool.h>
#include <stddef.h>

struct event {
    double time;
    int id;
};

/* A binary heap of events, the earliest on top. */
struct heap {
    struct event *events;
    size_t count;
    size_t capacity;
};

void heap_init(struct heap *heap);
void heap_free(struct heap *heap);
bool heap_push(struct heap *heap, double time, int id);
bool heap_pop(struct heap *heap, struct event *event);
bool heap_cancel(struct heap *heap, int id);
size_t heap_pop_until(struct heap *heap, double time, int *ids, size_t room);
#endif

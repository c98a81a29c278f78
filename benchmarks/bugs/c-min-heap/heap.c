#include "heap.h"

#include <stdlib.h>

void heap_init(struct heap *heap)
{
    *heap = (struct heap){NULL, 0, 0};
}

void heap_free(struct heap *heap)
{
    free(heap->events);
    heap_init(heap);
}

static bool earlier(const struct heap *heap, size_t left, size_t right)
{
    return heap->events[left].time < heap->events[right].time;
}

static void swap(struct heap *heap, size_t left, size_t right)
{
    struct event event = heap->events[left];
    heap->events[left] = heap->events[right];
    heap->events[right] = event;
}

static void sift_up(struct heap *heap, size_t index)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!earlier(heap, index, parent))
            return;
        swap(heap, index, parent);
        index = parent;
    }
}

static void sift_down(struct heap *heap, size_t index)
{
    for (;;) {
        size_t left = 2 * index + 1;
        size_t right = left + 1;
        size_t first = index;
        if (left < heap->count && earlier(heap, left, first))
            first = left;
        if (right < heap->count && earlier(heap, right, first))
            first = right;
        if (first == index)
            return;
        swap(heap, index, first);
        index = first;
    }
}

static void remove_at(struct heap *heap, size_t index)
{
    heap->count--;
    if (index == heap->count)
        return;
    heap->events[index] = heap->events[heap->count];
    sift_down(heap, index);
    sift_up(heap, index);
}

bool heap_push(struct heap *heap, double time, int id)
{
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 8;
        struct event *events = realloc(heap->events, capacity * sizeof *events);
        if (events == NULL)
            return false;
        heap->events = events;
        heap->capacity = capacity;
    }
    heap->events[heap->count] = (struct event){time, id};
    sift_up(heap, heap->count++);
    return true;
}

bool heap_pop(struct heap *heap, struct event *event)
{
    if (heap->count == 0)
        return false;
    *event = heap->events[0];
    remove_at(heap, 0);
    return true;
}

/* Take the event with `id` out; returns whether there was one. */
bool heap_cancel(struct heap *heap, int id)
{
    for (size_t i = 0; i < heap->count; i++) {
        if (heap->events[i].id == id) {
            remove_at(heap, i);
            return true;
        }
    }
    return false;
}

/* Pop every event up to `time`; returns how many. */
size_t heap_pop_until(struct heap *heap, double time, int *ids, size_t room)
{
    size_t count = 0;
    struct event event;
    while (count < room && heap->count > 0 && heap->events[0].time <= time && heap_pop(heap, &event))
        ids[count++] = event.id;
    return count;
}

#ifndef RING_H
#define RING_H
#include <stdbool.h>
#include <stddef.h>

/* The newest `capacity` samples. */
struct ring {
    double *samples;
    size_t capacity;
    size_t head; /* the oldest sample */
    size_t count;
    size_t dropped;
};

bool ring_init(struct ring *ring, size_t capacity);
void ring_free(struct ring *ring);
void ring_push(struct ring *ring, double sample);
bool ring_pop(struct ring *ring, double *sample);
double ring_at(const struct ring *ring, size_t index);
double ring_mean(const struct ring *ring);
double ring_largest(const struct ring *ring);
size_t ring_copy(const struct ring *ring, double *target, size_t room);
#endif

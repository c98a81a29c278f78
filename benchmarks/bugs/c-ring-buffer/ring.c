#include "ring.h"

#include <stdlib.h>

bool ring_init(struct ring *ring, size_t capacity)
{
    *ring = (struct ring){.samples = calloc(capacity, sizeof(double)), .capacity = capacity};
    return ring->samples != NULL;
}

void ring_free(struct ring *ring)
{
    free(ring->samples);
    ring->samples = NULL;
}

/* Add a sample; a full ring forgets its oldest one. */
void ring_push(struct ring *ring, double sample)
{
    size_t place = (ring->head + ring->count) % ring->capacity;
    ring->samples[place] = sample;
    if (ring->count == ring->capacity) {
        ring->head = (ring->head + 1) % ring->capacity;
        ring->dropped++;
    } else {
        ring->count++;
    }
}

/* Take the oldest sample out. */
bool ring_pop(struct ring *ring, double *sample)
{
    if (ring->count == 0)
        return false;
    *sample = ring->samples[ring->head];
    ring->head = (ring->head + 1) % ring->capacity;
    ring->count--;
    return true;
}

/* The sample at `index`, counted from the oldest. */
double ring_at(const struct ring *ring, size_t index)
{
    return ring->samples[(ring->head + index) % ring->capacity];
}

double ring_mean(const struct ring *ring)
{
    double sum = 0;
    for (size_t i = 0; i < ring->count; i++)
        sum += ring_at(ring, i);
    return ring->count ? sum / (double)ring->count : 0;
}

double ring_largest(const struct ring *ring)
{
    double largest = ring_at(ring, 0);
    for (size_t i = 1; i < ring->count; i++)
        if (ring_at(ring, i) > largest)
            largest = ring_at(ring, i);
    return largest;
}

/* Copy the samples, oldest first; returns how many. */
size_t ring_copy(const struct ring *ring, double *target, size_t room)
{
    size_t copied = ring->count < room ? ring->count : room;
    for (size_t i = 0; i < copied; i++)
        target[i] = ring_at(ring, i);
    return copied;
}

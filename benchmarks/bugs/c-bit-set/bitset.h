#ifndef BITSET_H
#define BITSET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITSET_WORDS 4
#define BITSET_SIZE (BITSET_WORDS * 64)

/* A set of numbers below BITSET_SIZE. */
struct bitset {
    uint64_t words[BITSET_WORDS];
};

void bitset_clear(struct bitset *set);
void bitset_add(struct bitset *set, unsigned number);
void bitset_add_range(struct bitset *set, unsigned first, unsigned end);
void bitset_remove(struct bitset *set, unsigned number);
bool bitset_has(const struct bitset *set, unsigned number);
unsigned bitset_count(const struct bitset *set);
int bitset_next(const struct bitset *set, unsigned from);
void bitset_union(struct bitset *set, const struct bitset *other);
void bitset_intersect(struct bitset *set, const struct bitset *other);
void bitset_subtract(struct bitset *set, const struct bitset *other);
unsigned bitset_missing(const struct bitset *required, const struct bitset *given);
#endif

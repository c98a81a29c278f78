#include "bitset.h"

#include <string.h>

static uint64_t mask(unsigned number)
{
    return (uint64_t)1 << (number % 64);
}

void bitset_clear(struct bitset *set)
{
    memset(set->words, 0, sizeof set->words);
}

void bitset_add(struct bitset *set, unsigned number)
{
    set->words[number / 64] |= mask(number);
}

/* Add every number from `first` up to, not including, `end`. */
void bitset_add_range(struct bitset *set, unsigned first, unsigned end)
{
    for (unsigned number = first; number < end; number++)
        bitset_add(set, number);
}

void bitset_remove(struct bitset *set, unsigned number)
{
    set->words[number / 64] &= ~mask(number);
}

bool bitset_has(const struct bitset *set, unsigned number)
{
    return number < BITSET_SIZE && (set->words[number / 64] & mask(number)) != 0;
}

unsigned bitset_count(const struct bitset *set)
{
    unsigned count = 0;
    for (size_t i = 0; i < BITSET_WORDS; i++)
        for (uint64_t word = set->words[i]; word != 0; word &= word - 1)
            count++;
    return count;
}

/* The smallest member that is at least `from`, or -1. */
int bitset_next(const struct bitset *set, unsigned from)
{
    for (unsigned number = from; number < BITSET_SIZE; number++)
        if (bitset_has(set, number))
            return (int)number;
    return -1;
}

void bitset_union(struct bitset *set, const struct bitset *other)
{
    for (size_t i = 0; i < BITSET_WORDS; i++)
        set->words[i] |= other->words[i];
}

void bitset_intersect(struct bitset *set, const struct bitset *other)
{
    for (size_t i = 0; i < BITSET_WORDS; i++)
        set->words[i] &= other->words[i];
}

void bitset_subtract(struct bitset *set, const struct bitset *other)
{
    for (size_t i = 0; i < BITSET_WORDS; i++)
        set->words[i] &= ~other->words[i];
}

/* How many required members are not given. */
unsigned bitset_missing(const struct bitset *required, const struct bitset *given)
{
    struct bitset rest = *required;
    bitset_subtract(&rest, given);
    return bitset_count(&rest);
}

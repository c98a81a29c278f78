#ifndef TABLE_H
#define TABLE_H
#include <stdbool.h>
#include <stddef.h>

enum state { EMPTY, USED, DELETED };

struct slot {
    enum state state;
    unsigned key;
    int value;
};

/* A hash table with open addressing and linear probing. */
struct table {
    struct slot *slots;
    size_t capacity; /* a power of two */
    size_t count;    /* used slots */
    size_t filled;   /* used and deleted slots */
};

bool table_init(struct table *table, size_t capacity);
void table_free(struct table *table);
bool table_set(struct table *table, unsigned key, int value);
bool table_get(const struct table *table, unsigned key, int *value);
bool table_remove(struct table *table, unsigned key);
long table_sum(const struct table *table);
#endif

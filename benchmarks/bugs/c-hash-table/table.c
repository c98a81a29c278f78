#include "table.h"

#include <stdlib.h>

bool table_init(struct table *table, size_t capacity)
{
    table->slots = calloc(capacity, sizeof *table->slots);
    table->capacity = capacity;
    table->count = 0;
    table->filled = 0;
    return table->slots != NULL;
}

void table_free(struct table *table)
{
    free(table->slots);
    table->slots = NULL;
}

/* The slot that holds `key`, or NULL. */
static struct slot *find(const struct table *table, unsigned key)
{
    for (size_t step = 0; step < table->capacity; step++) {
        struct slot *slot = &table->slots[(key + step) & (table->capacity - 1)];
        if (slot->state == EMPTY)
            return NULL;
        if (slot->state == USED && slot->key == key)
            return slot;
    }
    return NULL;
}

static void insert(struct table *table, unsigned key, int value)
{
    for (size_t step = 0; step < table->capacity; step++) {
        struct slot *slot = &table->slots[(key + step) & (table->capacity - 1)];
        if (slot->state == USED)
            continue;
        if (slot->state == EMPTY)
            table->filled++;
        *slot = (struct slot){USED, key, value};
        table->count++;
        return;
    }
}

static bool grow(struct table *table)
{
    struct table larger;
    if (!table_init(&larger, table->capacity * 2))
        return false;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].state == USED)
            insert(&larger, table->slots[i].key, table->slots[i].value);
    table_free(table);
    *table = larger;
    return true;
}

bool table_set(struct table *table, unsigned key, int value)
{
    struct slot *slot = find(table, key);
    if (slot != NULL) {
        slot->value = value;
        return true;
    }
    if ((table->filled + 1) * 4 > table->capacity * 3 && !grow(table))
        return false;
    insert(table, key, value);
    return true;
}

bool table_get(const struct table *table, unsigned key, int *value)
{
    struct slot *slot = find(table, key);
    if (slot == NULL)
        return false;
    *value = slot->value;
    return true;
}

bool table_remove(struct table *table, unsigned key)
{
    struct slot *slot = find(table, key);
    if (slot == NULL)
        return false;
    slot->state = DELETED;
    table->count--;
    return true;
}

long table_sum(const struct table *table)
{
    long sum = 0;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].state == USED)
            sum += table->slots[i].value;
    return sum;
}

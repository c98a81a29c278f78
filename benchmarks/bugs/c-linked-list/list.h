#ifndef LIST_H
#define LIST_H
#include <stdbool.h>
#include <stddef.h>

struct node {
    int value;
    struct node *next;
};

struct list {
    struct node *first;
    size_t length;
};

bool list_push(struct list *list, int value);
bool list_append(struct list *list, int value);
bool list_pop(struct list *list, int *value);
size_t list_remove(struct list *list, int value);
void list_reverse(struct list *list);
void list_sort(struct list *list);
size_t list_copy(const struct list *list, int *target, size_t room);
void list_free(struct list *list);
#endif

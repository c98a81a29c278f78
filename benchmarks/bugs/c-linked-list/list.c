#include "list.h"

#include <stdlib.h>

static struct node *make_node(int value, struct node *next)
{
    struct node *node = malloc(sizeof *node);
    if (node != NULL)
        *node = (struct node){value, next};
    return node;
}

bool list_push(struct list *list, int value)
{
    struct node *node = make_node(value, list->first);
    if (node == NULL)
        return false;
    list->first = node;
    list->length++;
    return true;
}

bool list_append(struct list *list, int value)
{
    struct node **link = &list->first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = make_node(value, NULL);
    if (*link == NULL)
        return false;
    list->length++;
    return true;
}

bool list_pop(struct list *list, int *value)
{
    struct node *node = list->first;
    if (node == NULL)
        return false;
    *value = node->value;
    list->first = node->next;
    list->length--;
    free(node);
    return true;
}

/* Remove every `value`; returns how many there were. */
size_t list_remove(struct list *list, int value)
{
    size_t before = list->length;
    struct node **link = &list->first;
    while (*link != NULL) {
        struct node *node = *link;
        if (node->value == value) {
            *link = node->next;
            list->length--;
            free(node);
        } else {
            link = &node->next;
        }
    }
    return before - list->length;
}

void list_reverse(struct list *list)
{
    struct node *reversed = NULL;
    struct node *node = list->first;
    while (node != NULL) {
        struct node *next = node->next;
        node->next = reversed;
        reversed = node;
        node = next;
    }
    list->first = reversed;
}

/* Sort by insertion, smallest first; equal values keep their order. */
void list_sort(struct list *list)
{
    struct node *sorted = NULL;
    while (list->first != NULL) {
        struct node *node = list->first;
        struct node **link = &sorted;
        list->first = node->next;
        while (*link != NULL && (*link)->value <= node->value)
            link = &(*link)->next;
        node->next = *link;
        *link = node;
    }
    list->first = sorted;
}

/* Copy the values; returns how many. */
size_t list_copy(const struct list *list, int *target, size_t room)
{
    size_t count = 0;
    for (const struct node *node = list->first; node != NULL && count < room; node = node->next)
        target[count++] = node->value;
    return count;
}

void list_free(struct list *list)
{
    int value;
    while (list_pop(list, &value))
        ;
}

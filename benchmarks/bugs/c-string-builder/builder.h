#ifndef BUILDER_H
#define BUILDER_H
#include <stdbool.h>
#include <stddef.h>

/* A string that grows; text is always terminated by a zero. */
struct builder {
    char *text;
    size_t length;
    size_t capacity;
};

void builder_init(struct builder *builder);
void builder_free(struct builder *builder);
bool builder_append(struct builder *builder, const char *text);
bool builder_append_char(struct builder *builder, char c);
bool builder_append_number(struct builder *builder, long number);
bool builder_append_repeated(struct builder *builder, char c, size_t times);
bool builder_join(struct builder *builder, const char *const *parts, size_t count, const char *separator);
void builder_truncate(struct builder *builder, size_t length);
#endif

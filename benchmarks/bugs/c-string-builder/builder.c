#include "builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void builder_init(struct builder *builder)
{
    builder->text = calloc(1, 1);
    builder->length = 0;
    builder->capacity = builder->text ? 1 : 0;
}

void builder_free(struct builder *builder)
{
    free(builder->text);
    builder->text = NULL;
    builder->length = 0;
    builder->capacity = 0;
}

/* Make room for `extra` more characters. */
static bool builder_reserve(struct builder *builder, size_t extra)
{
    size_t needed = builder->length + extra + 1;
    if (needed <= builder->capacity)
        return true;
    size_t capacity = builder->capacity ? builder->capacity : 16;
    while (capacity < needed)
        capacity *= 2;
    char *text = realloc(builder->text, capacity);
    if (text == NULL)
        return false;
    builder->text = text;
    builder->capacity = capacity;
    return true;
}

bool builder_append(struct builder *builder, const char *text)
{
    size_t length = strlen(text);
    if (!builder_reserve(builder, length))
        return false;
    memcpy(builder->text + builder->length, text, length + 1);
    builder->length += length;
    return true;
}

bool builder_append_char(struct builder *builder, char c)
{
    char text[2] = {c, '\0'};
    return builder_append(builder, text);
}

bool builder_append_number(struct builder *builder, long number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%ld", number);
    return builder_append(builder, digits);
}

bool builder_append_repeated(struct builder *builder, char c, size_t times)
{
    if (!builder_reserve(builder, times))
        return false;
    memset(builder->text + builder->length, c, times);
    builder->length += times;
    builder->text[builder->length] = '\0';
    return true;
}

bool builder_join(struct builder *builder, const char *const *parts, size_t count, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !builder_append(builder, separator))
            return false;
        if (!builder_append(builder, parts[i]))
            return false;
    }
    return true;
}

void builder_truncate(struct builder *builder, size_t length)
{
    if (length < builder->length) {
        builder->length = length;
        builder->text[length] = '\0';
    }
}

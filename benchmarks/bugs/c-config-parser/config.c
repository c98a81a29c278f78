#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Copy the part between two pointers without the blanks around it. */
static int copy_trimmed(char *target, const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    if (end - start >= CONFIG_TEXT)
        return -1;
    memcpy(target, start, (size_t)(end - start));
    target[end - start] = '\0';
    return (int)(end - start);
}

static int find(const struct config *config, const char *key)
{
    for (int i = config->count - 1; i >= 0; i--)
        if (strcmp(config->entries[i].key, key) == 0)
            return i;
    return -1;
}

static int parse_line(struct config *config, const char *start, const char *end)
{
    const char *comment = memchr(start, '#', (size_t)(end - start));
    if (comment != NULL)
        end = comment;
    while (start < end && isspace((unsigned char)*start))
        start++;
    if (start == end)
        return 0;
    const char *equals = memchr(start, '=', (size_t)(end - start));
    if (equals == NULL || config->count == CONFIG_ENTRIES)
        return -1;
    if (copy_trimmed(config->entries[config->count].key, start, equals) <= 0)
        return -1;
    if (copy_trimmed(config->entries[config->count].value, equals + 1, end) < 0)
        return -1;
    config->count++;
    return 0;
}

int config_parse(struct config *config, const char *text)
{
    int line = 1;
    config->count = 0;
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        if (end == NULL)
            end = text + strlen(text);
        if (parse_line(config, text, end) != 0)
            return line;
        text = *end == '\n' ? end + 1 : end;
        line++;
    }
    return 0;
}

const char *config_text(const struct config *config, const char *key, const char *otherwise)
{
    int index = find(config, key);
    return index < 0 ? otherwise : config->entries[index].value;
}

/* The number under `key`; `fallback` where there is none or something else is written. */
long config_number(const struct config *config, const char *key, long fallback)
{
    const char *text = config_text(config, key, "");
    char *end;
    long number = strtol(text, &end, 0);
    if (end == text || *end != '\0')
        return fallback;
    return number;
}

int config_flag(const struct config *config, const char *key)
{
    const char *text = config_text(config, key, "no");
    return strcmp(text, "yes") == 0 || strcmp(text, "on") == 0;
}

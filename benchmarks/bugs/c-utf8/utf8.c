#include "utf8.h"

#include <stdbool.h>
#include <string.h>

/* The smallest code point that needs so many bytes. */
static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};

/* How many bytes a sequence has by its first one; 0 where none begins so. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >> 5 == 0x06)
        return 2;
    if (first >> 4 == 0x0e)
        return 3;
    if (first >> 3 == 0x1e)
        return 4;
    return 0;
}

static bool is_shortest_form(uint32_t codepoint, size_t sequence)
{
    return sequence == 1 || codepoint >= SMALLEST[sequence];
}

static bool is_scalar(uint32_t codepoint)
{
    return codepoint <= 0x10ffff && !(codepoint >= 0xd800 && codepoint <= 0xdfff);
}

size_t utf8_decode(const unsigned char *bytes, size_t size, uint32_t *codepoint)
{
    if (size == 0)
        return 0;
    size_t length = sequence_length(bytes[0]);
    if (length == 0 || length > size)
        return 0;
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] >> 6 != 0x02)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (!is_shortest_form(value, length) || !is_scalar(value))
        return 0;
    *codepoint = value;
    return length;
}

size_t utf8_encode(uint32_t codepoint, unsigned char *bytes)
{
    static const unsigned char MARKS[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = 1;
    if (!is_scalar(codepoint))
        return 0;
    while (length < 4 && codepoint >= SMALLEST[length + 1])
        length++;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (codepoint & 0x3f));
        codepoint >>= 6;
    }
    bytes[0] = (unsigned char)(MARKS[length] | codepoint);
    return length;
}

long utf8_length(const char *text)
{
    size_t size = strlen(text);
    long count = 0;
    for (size_t i = 0; i < size; count++) {
        uint32_t codepoint;
        size_t length = utf8_decode((const unsigned char *)text + i, size - i, &codepoint);
        if (length == 0)
            return -1;
        i += length;
    }
    return count;
}

void utf8_sanitise(const char *text, char *target)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size;) {
        uint32_t codepoint;
        size_t length = utf8_decode((const unsigned char *)text + i, size - i, &codepoint);
        if (length == 0) {
            *target++ = '?';
            i++;
            continue;
        }
        memcpy(target, text + i, length);
        target += length;
        i += length;
    }
    *target = '\0';
}

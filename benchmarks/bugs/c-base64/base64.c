#include "base64.h"

#include <string.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encoded_size(size_t size)
{
    return (size + 2) / 3 * 4 + 1;
}

/* Encode one to three bytes as four characters. */
static void encode_group(const unsigned char *data, size_t size, char *text)
{
    unsigned char group[3] = {0, 0, 0};
    memcpy(group, data, size);
    text[0] = ALPHABET[group[0] >> 2];
    text[1] = ALPHABET[(group[0] & 0x03) << 4 | group[1] >> 4];
    text[2] = ALPHABET[(group[1] & 0x0f) << 2 | group[2] >> 6];
    text[3] = ALPHABET[group[2] & 0x3f];
    for (size_t i = size + 1; i < 4; i++)
        text[i] = '=';
}

size_t base64_encode(const unsigned char *data, size_t size, char *text)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t rest = size - i;
        encode_group(data + i, rest < 3 ? rest : 3, text + length);
        length += 4;
    }
    text[length] = '\0';
    return length;
}

static int value_of(char c)
{
    const char *place = c ? strchr(ALPHABET, c) : NULL;
    return place ? (int)(place - ALPHABET) : -1;
}

/* How many `=` end the text. */
static size_t padding_of(const char *text, size_t length)
{
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    return padding;
}

long base64_decode(const char *text, unsigned char *data)
{
    size_t length = strlen(text);
    size_t padding = padding_of(text, length);
    unsigned long bits = 0;
    unsigned filled = 0;
    long size = 0;
    if (length % 4 != 0)
        return -1;
    for (size_t i = 0; i < length - padding; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (unsigned long)value;
        filled += 6;
        if (filled >= 8) {
            filled -= 8;
            data[size++] = (unsigned char)(bits >> filled);
            bits &= (1UL << filled) - 1;
        }
    }
    return size;
}

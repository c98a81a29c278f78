#ifndef UTF8_H
#define UTF8_H
#include <stddef.h>
#include <stdint.h>

/* Read one code point from `size` bytes; returns how many bytes it takes, 0 where they are malformed. */
size_t utf8_decode(const unsigned char *bytes, size_t size, uint32_t *codepoint);

/* Write one code point to `bytes` (room for four); returns how many bytes it takes, 0 for none. */
size_t utf8_encode(uint32_t codepoint, unsigned char *bytes);

/* How many code points the text has, or -1 where it is malformed. */
long utf8_length(const char *text);

/* Copy `text` with every malformed byte replaced by `?`. */
void utf8_sanitise(const char *text, char *target);
#endif

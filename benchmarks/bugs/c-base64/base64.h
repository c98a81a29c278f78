#ifndef BASE64_H
#define BASE64_H
#include <stddef.h>

/* Room for the text of `size` bytes, its final zero included. */
size_t base64_encoded_size(size_t size);

/* Write the text of `size` bytes to `text`; returns its length. */
size_t base64_encode(const unsigned char *data, size_t size, char *text);

/* Write the bytes of `text` to `data`; returns how many, or -1 where the text is malformed. */
long base64_decode(const char *text, unsigned char *data);
#endif

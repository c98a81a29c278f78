#ifndef SPLIT_H
#define SPLIT_H
#include <stddef.h>

#define SPLIT_WORDS 16
#define SPLIT_TEXT 128

enum split_status { SPLIT_OK, SPLIT_OPEN_QUOTE, SPLIT_OPEN_ESCAPE, SPLIT_TOO_LONG };

/* The words of a line as a shell would see them. */
struct words {
    char text[SPLIT_TEXT];
    const char *word[SPLIT_WORDS];
    size_t count;
};

/* Blanks part words; '...' keeps everything, "..." all but \-escapes; \n and \t are understood. */
enum split_status split_line(struct words *words, const char *line);
#endif

#ifndef WORDS_H
#define WORDS_H
#include <stddef.h>

#define WORDS_MOST 64
#define WORDS_TEXT 32

struct word {
    char text[WORDS_TEXT];
    unsigned times;
};

/* How often each word occurs. */
struct word_count {
    struct word entries[WORDS_MOST];
    size_t length;
    unsigned total;
};

/* Count the words of `text` afresh: letters, in lower case. */
void words_count(struct word_count *count, const char *text);
unsigned words_times(const struct word_count *count, const char *word);
/* Sort by frequency, then alphabet. */
void words_rank(struct word_count *count);
#endif

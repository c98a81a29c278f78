#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void reset(struct word_count *count)
{
    *count = (struct word_count){0};
}

static void add_word(struct word_count *count, const char *word)
{
    size_t i = 0;
    while (i < count->length && strcmp(count->entries[i].text, word) != 0)
        i++;
    if (i == WORDS_MOST)
        return;
    if (i == count->length) {
        strcpy(count->entries[i].text, word);
        count->length++;
    }
    count->entries[i].times++;
    count->total++;
}

void words_count(struct word_count *count, const char *text)
{
    char word[WORDS_TEXT];
    size_t length = 0;
    reset(count);
    for (;; text++) {
        if (isalpha((unsigned char)*text)) {
            if (length < WORDS_TEXT - 1)
                word[length++] = (char)tolower((unsigned char)*text);
            continue;
        }
        if (length > 0) {
            word[length] = '\0';
            add_word(count, word);
            length = 0;
        }
        if (*text == '\0')
            return;
    }
}

unsigned words_times(const struct word_count *count, const char *word)
{
    for (size_t i = 0; i < count->length; i++)
        if (strcmp(count->entries[i].text, word) == 0)
            return count->entries[i].times;
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct word *a = left, *b = right;
    if (a->times != b->times)
        return a->times < b->times ? 1 : -1;
    return strcmp(a->text, b->text);
}

void words_rank(struct word_count *count)
{
    qsort(count->entries, count->length, sizeof count->entries[0], compare);
}

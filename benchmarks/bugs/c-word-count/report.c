#include "report.h"

#include <stdio.h>

#include "words.h"

void report_texts(const char *const *texts, size_t count, size_t most, char *target, size_t room)
{
    struct word_count words = {0};
    size_t used = 0;
    target[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        words_count(&words, texts[i]);
        words_rank(&words);
        for (size_t w = 0; w < most && w < words.length; w++) {
            const char *separator = w == 0 ? "" : " ";
            used += (size_t)snprintf(target + used, room - used, "%s%s:%u", separator, words.entries[w].text,
                                     words.entries[w].times);
        }
        used += (size_t)snprintf(target + used, room - used, "\n");
    }
}

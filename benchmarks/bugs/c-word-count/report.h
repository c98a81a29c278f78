#ifndef REPORT_H
#define REPORT_H
#include <stddef.h>

/* Write the `most` frequent words of each text as "word:times ..." lines to `target`. */
void report_texts(const char *const *texts, size_t count, size_t most, char *target, size_t room);
#endif

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "words.h"

static void test_counts(void)
{
    struct word_count count = {0};
    words_count(&count, "The cat and the dog, and THE bird.");
    assert(words_times(&count, "the") == 3);
    assert(words_times(&count, "and") == 2);
    assert(words_times(&count, "fish") == 0);
    assert(count.total == 8);
    puts("ok counts");
}

static void test_rank(void)
{
    struct word_count count = {0};
    words_count(&count, "b a b c a b");
    words_rank(&count);
    assert(strcmp(count.entries[0].text, "b") == 0);
    assert(strcmp(count.entries[2].text, "c") == 0);
    puts("ok rank");
}

static void test_report(void)
{
    const char *texts[] = {"one fish two fish", "red fish"};
    char target[128];
    report_texts(texts, 2, 2, target, sizeof target);
    if (strcmp(target, "fish:2 one:1\nfish:1 red:1\n") != 0) {
        printf("unexpected report:\n%s", target);
        assert(!"report");
    }
    puts("ok report");
}

int main(void)
{
    test_counts();
    test_rank();
    test_report();
    return 0;
}

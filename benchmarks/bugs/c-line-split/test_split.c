#include <stdio.h>
#include <string.h>

#include "split.h"

static int failures;

static void expect(const char *line, size_t count, const char *const *expected)
{
    struct words words;
    enum split_status status = split_line(&words, line);
    if (status != SPLIT_OK || words.count != count) {
        printf("FAIL %s: status %d, %zu words instead of %zu\n", line, status, words.count, count);
        failures++;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words.word[i], expected[i]) != 0) {
            printf("FAIL %s: word %zu is <%s>, expected <%s>\n", line, i, words.word[i], expected[i]);
            failures++;
        }
    }
}

static void expect_status(const char *line, enum split_status expected)
{
    struct words words;
    enum split_status status = split_line(&words, line);
    if (status != expected) {
        printf("FAIL %s: status %d, expected %d\n", line, status, expected);
        failures++;
    }
}

int main(void)
{
    expect("", 0, NULL);
    expect("  ls  -l ", 2, (const char *const[]){"ls", "-l"});
    expect("say 'two words' \"\"", 3, (const char *const[]){"say", "two words", ""});
    expect("a\\ b", 1, (const char *const[]){"a b"});
    expect("\"x\\ty\" 'x\\ty'", 2, (const char *const[]){"x\ty", "x\\ty"});
    expect("pre\"mid\"post", 1, (const char *const[]){"premidpost"});
    expect_status("'open", SPLIT_OPEN_QUOTE);
    expect_status("end\\", SPLIT_OPEN_ESCAPE);
    expect_status("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", SPLIT_TOO_LONG);
    printf("%d failures\n", failures);
    return failures != 0;
}

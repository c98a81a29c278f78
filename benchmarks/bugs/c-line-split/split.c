#include "split.h"

#include <ctype.h>
#include <stdbool.h>

struct reader {
    struct words *words;
    const char *place;
    size_t used;
    bool in_word;
    bool overflow;
};

static void put(struct reader *reader, char c)
{
    if (reader->used == SPLIT_TEXT - 1) {
        reader->overflow = true;
        return;
    }
    reader->words->text[reader->used++] = c;
}

static void begin_word(struct reader *reader)
{
    if (reader->in_word)
        return;
    if (reader->words->count == SPLIT_WORDS) {
        reader->overflow = true;
        return;
    }
    reader->words->word[reader->words->count++] = reader->words->text + reader->used;
    reader->in_word = true;
}

static void end_word(struct reader *reader)
{
    if (reader->in_word)
        put(reader, '\0');
    reader->in_word = false;
}

static char unescape(char c)
{
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    default: return c;
    }
}

/* Read an escape; `place` is on the backslash. */
static bool read_escape(struct reader *reader)
{
    reader->place++;
    if (*reader->place == '\0')
        return false;
    put(reader, unescape(*reader->place++));
    return true;
}

static enum split_status read_quoted(struct reader *reader)
{
    char quote = *reader->place++;
    while (*reader->place != quote) {
        if (*reader->place == '\0')
            return SPLIT_OPEN_QUOTE;
        if (*reader->place == '\\' && quote == '"') {
            if (!read_escape(reader))
                return SPLIT_OPEN_ESCAPE;
        } else {
            put(reader, *reader->place++);
        }
    }
    reader->place++;
    return SPLIT_OK;
}

enum split_status split_line(struct words *words, const char *line)
{
    struct reader reader = {.words = words, .place = line};
    words->count = 0;
    while (*reader.place != '\0' && !reader.overflow) {
        enum split_status status = SPLIT_OK;
        char c = *reader.place;
        if (isspace((unsigned char)c)) {
            end_word(&reader);
            reader.place++;
            continue;
        }
        begin_word(&reader);
        if (c == '\'' || c == '"')
            status = read_quoted(&reader);
        else if (c == '\\')
            status = read_escape(&reader) ? SPLIT_OK : SPLIT_OPEN_ESCAPE;
        else
            put(&reader, *reader.place++);
        if (status != SPLIT_OK)
            return status;
    }
    end_word(&reader);
    return reader.overflow ? SPLIT_TOO_LONG : SPLIT_OK;
}

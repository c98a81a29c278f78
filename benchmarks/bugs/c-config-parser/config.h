#ifndef CONFIG_H
#define CONFIG_H

#define CONFIG_ENTRIES 32
#define CONFIG_TEXT 64

/* Lines of `key = value`; `#` begins a comment. */
struct config {
    struct {
        char key[CONFIG_TEXT];
        char value[CONFIG_TEXT];
    } entries[CONFIG_ENTRIES];
    int count;
};

/* Returns 0, or the number of the first bad line. */
int config_parse(struct config *config, const char *text);
const char *config_text(const struct config *config, const char *key, const char *otherwise);
long config_number(const struct config *config, const char *key, long fallback);
int config_flag(const struct config *config, const char *key);
#endif

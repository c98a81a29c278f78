#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

static const char TEXT[] =
    "# server\n"
    "host = example.org  # where it runs\n"
    "port=8080\n"
    "\n"
    "mask = 0xff\n"
    "speed = fast\n"
    "port = 9090\n"
    "verbose = on\n";

static void test_texts(const struct config *c)
{
    assert(strcmp(config_text(c, "host", ""), "example.org") == 0);
    assert(strcmp(config_text(c, "user", "nobody"), "nobody") == 0);
    puts("ok texts");
}

static void test_flags(const struct config *c)
{
    assert(config_flag(c, "verbose"));
    assert(!config_flag(c, "host"));
    puts("ok flags");
}

static void test_numbers(const struct config *c)
{
    assert(config_number(c, "port", 80) == 9090);
    assert(config_number(c, "mask", 0) == 255);
    assert(config_number(c, "speed", 7) == 7);
    assert(config_number(c, "timeout", 30) == 30);
    puts("ok numbers");
}

static void test_bad_lines(void)
{
    struct config c;
    assert(config_parse(&c, "a = 1\nnonsense\n") == 2);
    assert(config_parse(&c, " = 1") == 1);
    assert(config_parse(&c, "") == 0);
    puts("ok bad lines");
}

int main(void)
{
    struct config config;
    assert(config_parse(&config, TEXT) == 0);
    test_texts(&config);
    test_flags(&config);
    test_bad_lines();
    test_numbers(&config);
    return 0;
}

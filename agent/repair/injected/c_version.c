#ifndef SEEDSMITH_VERSIONS
#define SEEDSMITH_VERSIONS
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wreturn-type"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wimplicit-function-declaration" /* else the linker tells, and not of a line */
#endif
#ifdef __cplusplus
extern "C" {
#endif
extern char *seedsmith_getenv(const char *) __asm__("getenv");
extern int seedsmith_creat(const char *, unsigned) __asm__("creat");
#ifdef __cplusplus
}
#endif
/* Which version of the functions of the file numbered `file` is to run: SEEDSMITH_VERSION, 0 for their own.
 * Where SEEDSMITH_ASKED names a file, it is made with that number at its end: so it is known that it asked. */
__attribute__((unused)) static int seedsmith_version(int file)
{
    static int known, chosen;
    if (!known) {
        const char *told = seedsmith_getenv("SEEDSMITH_VERSION"), *asked = seedsmith_getenv("SEEDSMITH_ASKED");
        known = 1;
        for (; told && *told >= '0' && *told <= '9'; told++) chosen = chosen * 10 + (*told - '0');
        if (asked && *asked) {
            char path[4096];
            __builtin_snprintf(path, sizeof path, "%s%d", asked, file);
            seedsmith_creat(path, 0600);
        }
    }
    return chosen;
}
#endif

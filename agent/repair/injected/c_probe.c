#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wreturn-type"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wint-conversion"
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#pragma GCC diagnostic ignored "-Wpointer-to-int-cast"
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
extern char *getenv(const char *);
/* What is to be changed at `site`, 0 for nothing: the experiment is told as SITE:CODE. */
__attribute__((unused)) static int __seedsmith_asked(int site)
{
    static int known, chosen = -1, code;
    if (!known) {
        const char *told = getenv("SEEDSMITH_EXPERIMENT");
        known = 1;
        if (told && *told >= '0' && *told <= '9') {
            for (chosen = 0; *told >= '0' && *told <= '9'; told++) chosen = chosen * 10 + (*told - '0');
            if (*told == ':') for (told++; *told >= '0' && *told <= '9'; told++) code = code * 10 + (*told - '0');
        }
    }
    return site == chosen ? code : 0;
}

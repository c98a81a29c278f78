#ifndef BIGNUM_H
#define BIGNUM_H
#include <stdbool.h>

#define BIGNUM_DIGITS 256

/* A whole number; the digit of the ones comes first. */
struct bignum {
    int digits[BIGNUM_DIGITS];
    int length;
};

bool bignum_parse(struct bignum *number, const char *text);
void bignum_print(const struct bignum *number, char *text);
int bignum_compare(const struct bignum *left, const struct bignum *right);
bool bignum_add(struct bignum *result, const struct bignum *left, const struct bignum *right);
bool bignum_multiply_small(struct bignum *result, const struct bignum *number, int factor);
bool bignum_factorial(struct bignum *result, int n);
bool bignum_fibonacci(struct bignum *result, int n);
#endif

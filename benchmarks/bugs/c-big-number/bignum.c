#include "bignum.h"

#include <ctype.h>
#include <string.h>

static void set_small(struct bignum *number, int value)
{
    number->length = 0;
    do {
        number->digits[number->length++] = value % 10;
        value /= 10;
    } while (value > 0);
}

static bool append_digit(struct bignum *number, int digit)
{
    if (number->length == BIGNUM_DIGITS)
        return false;
    number->digits[number->length++] = digit;
    return true;
}

static int digit_at(const struct bignum *number, int place)
{
    return place < number->length ? number->digits[place] : 0;
}

bool bignum_parse(struct bignum *number, const char *text)
{
    while (text[0] == '0' && text[1] != '\0')
        text++;
    size_t length = strlen(text);
    if (length == 0 || length > BIGNUM_DIGITS)
        return false;
    number->length = 0;
    for (size_t i = length; i > 0; i--) {
        if (!isdigit((unsigned char)text[i - 1]))
            return false;
        append_digit(number, text[i - 1] - '0');
    }
    return true;
}

/* `text` needs room for every digit and a final zero. */
void bignum_print(const struct bignum *number, char *text)
{
    for (int i = 0; i < number->length; i++)
        text[i] = (char)('0' + number->digits[number->length - 1 - i]);
    text[number->length] = '\0';
}

int bignum_compare(const struct bignum *left, const struct bignum *right)
{
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    for (int i = left->length - 1; i >= 0; i--)
        if (left->digits[i] != right->digits[i])
            return left->digits[i] < right->digits[i] ? -1 : 1;
    return 0;
}

/* `result` must be neither `left` nor `right`. */
bool bignum_add(struct bignum *result, const struct bignum *left, const struct bignum *right)
{
    int longest = left->length > right->length ? left->length : right->length;
    int carry = 0;
    result->length = 0;
    for (int i = 0; i < longest; i++) {
        int sum = digit_at(left, i) + digit_at(right, i) + carry;
        append_digit(result, sum % 10);
        carry = sum / 10;
    }
    if (carry > 0 && !append_digit(result, carry))
        return false;
    return true;
}

bool bignum_multiply_small(struct bignum *result, const struct bignum *number, int factor)
{
    int carry = 0;
    result->length = 0;
    for (int i = 0; i < number->length; i++) {
        int product = number->digits[i] * factor + carry;
        append_digit(result, product % 10);
        carry = product / 10;
    }
    for (; carry > 0; carry /= 10)
        if (!append_digit(result, carry % 10))
            return false;
    return true;
}

bool bignum_factorial(struct bignum *result, int n)
{
    set_small(result, 1);
    for (int factor = 2; factor <= n; factor++) {
        struct bignum before = *result;
        if (!bignum_multiply_small(result, &before, factor))
            return false;
    }
    return true;
}

bool bignum_fibonacci(struct bignum *result, int n)
{
    struct bignum next;
    set_small(result, 0);
    set_small(&next, 1);
    for (int i = 0; i < n; i++) {
        struct bignum sum;
        if (!bignum_add(&sum, result, &next))
            return false;
        *result = next;
        next = sum;
    }
    return true;
}

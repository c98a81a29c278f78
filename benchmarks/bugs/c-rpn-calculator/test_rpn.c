#include <stdio.h>
#include <string.h>

#include "rpn.h"

static int failures;

static void expect(const char *expression, double expected)
{
    double result = 0;
    enum rpn_status status = rpn_evaluate(expression, &result);
    if (status != RPN_OK || result != expected) {
        printf("FAIL \"%s\": %s, got %g, expected %g\n", expression, rpn_status_name(status), result, expected);
        failures++;
    }
}

static void expect_status(const char *expression, const char *expected)
{
    double result = 0;
    const char *name = rpn_status_name(rpn_evaluate(expression, &result));
    if (strcmp(name, expected) != 0) {
        printf("FAIL \"%s\": got %s, expected %s\n", expression, name, expected);
        failures++;
    }
}

int main(void)
{
    expect("7", 7);
    expect("2 3 +", 5);
    expect("2 3 + 4 *", 20);
    expect("9 3 /", 3);
    expect("5 1 2 + 4 * + 3 -", 14);
    expect("1.5 -2 *", -3);
    expect_status("+", "underflow");
    expect_status("1 2", "rest");
    expect_status("1 0 /", "division");
    expect_status("1 2 &", "unknown");
    expect_status("", "underflow");
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}

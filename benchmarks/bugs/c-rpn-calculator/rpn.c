#include "rpn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define STACK_SIZE 64

struct stack {
    double values[STACK_SIZE];
    int depth;
};

typedef double (*operation)(const double *left, const double *right);

static double add(const double *left, const double *right)
{
    return *left + *right;
}

static double subtract(const double *left, const double *right)
{
    return *left - *right;
}

static double multiply(const double *left, const double *right)
{
    return *left * *right;
}

static double divide(const double *left, const double *right)
{
    return *left / *right;
}

static const struct {
    char symbol;
    operation apply;
} OPERATIONS[] = {{'+', add}, {'-', subtract}, {'*', multiply}, {'/', divide}};

static enum rpn_status push(struct stack *stack, double value)
{
    if (stack->depth == STACK_SIZE)
        return RPN_OVERFLOW;
    stack->values[stack->depth++] = value;
    return RPN_OK;
}

static enum rpn_status apply(struct stack *stack, char symbol)
{
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++) {
        if (OPERATIONS[i].symbol != symbol)
            continue;
        if (stack->depth < 2)
            return RPN_UNDERFLOW;
        double right = stack->values[--stack->depth];
        double left = stack->values[--stack->depth];
        if (symbol == '/' && right == 0)
            return RPN_DIVISION;
        return push(stack, OPERATIONS[i].apply(&left, &right));
    }
    return RPN_UNKNOWN;
}

enum rpn_status rpn_evaluate(const char *expression, double *result)
{
    struct stack stack = {.depth = 0};
    const char *place = expression;
    while (*place != '\0') {
        if (isspace((unsigned char)*place)) {
            place++;
            continue;
        }
        enum rpn_status status;
        char *end;
        double number = strtod(place, &end);
        if (end != place) {
            status = push(&stack, number);
            place = end;
        } else {
            status = apply(&stack, *place);
            place++;
        }
        if (status != RPN_OK)
            return status;
    }
    if (stack.depth == 0)
        return RPN_UNDERFLOW;
    if (stack.depth > 1)
        return RPN_REST;
    *result = stack.values[0];
    return RPN_OK;
}

const char *rpn_status_name(enum rpn_status status)
{
    static const char *const NAMES[] = {"ok", "underflow", "overflow", "unknown", "division", "rest"};
    return NAMES[status];
}

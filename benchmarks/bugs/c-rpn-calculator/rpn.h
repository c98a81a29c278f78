#ifndef RPN_H
#define RPN_H

enum rpn_status { RPN_OK, RPN_UNDERFLOW, RPN_OVERFLOW, RPN_UNKNOWN, RPN_DIVISION, RPN_REST };

/* Evaluate an expression such as "2 3 + 4 *". */
enum rpn_status rpn_evaluate(const char *expression, double *result);

/* The name of a status, for messages. */
const char *rpn_status_name(enum rpn_status status);
#endif

/* problems.h - complaints about many inputs: the first few of each kind in words, then the count.
 */
#ifndef SKC_TOOLS_PROBLEMS_H
#define SKC_TOOLS_PROBLEMS_H

#include <stdint.h>

enum { PROBLEM_KINDS = 16, PROBLEM_EXAMPLES = 3 };

/* {0} is empty. */
typedef struct problems {
    struct {
        const char *kind; /* "pictures without a row": must outlive the list */
        int32_t     count;
    } kinds[PROBLEM_KINDS];
    int32_t total;
} problems;

/* Prints the message if it is one of the first of its kind; counts it in any case. */
void problem_add(problems *list, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints a line for each kind with more than was shown. Returns the number of all. */
int32_t problems_end(const problems *list);

#endif

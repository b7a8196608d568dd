/* problem.c - the table of problems as data. */
#include "http/problem.h"

http_problem_info http_problem_of(http_problem problem)
{
    static const http_problem_info table[] = {
#define HTTP_PROBLEM_ROW(id, status, code, title, retry) [id] = { status, code, title, retry },
        HTTP_PROBLEM_MAP(HTTP_PROBLEM_ROW)
#undef HTTP_PROBLEM_ROW
    };

    return table[(unsigned)problem < HTTP_PROBLEM_COUNT ? problem : HTTP_INTERNAL];
}

/* utf8.h - is it UTF-8? */
#ifndef SKC_CORE_UTF8_H
#define SKC_CORE_UTF8_H

/* The first byte that is not UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF, shortest form),
 * or `end`. */
const char *skc__utf8_check(const char *text, const char *end);

#endif

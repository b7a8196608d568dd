/* generate_bad.h - makes pictures that no model should judge, to measure how many are refused. */
#ifndef SKC_TOOLS_GENERATE_BAD_H
#define SKC_TOOLS_GENERATE_BAD_H

#include "paint.h"

/* What --kind names; the first is no bad kind but a lesion. */
#define BAD_KIND_MAP(X)                                                                            \
    X(BAD_NONE, "lesion")                                                                          \
    X(BAD_BLANK, "blank")                                                                          \
    X(BAD_NOISE, "noise")                                                                          \
    X(BAD_BLUR, "blur")                                                                            \
    X(BAD_TINY, "tiny")                                                                            \
    X(BAD_TEXT, "text")                                                                            \
    X(BAD_DRAWN, "drawn")                                                                          \
    X(BAD_DARK, "dark")                                                                            \
    X(BAD_BRIGHT, "bright")
#define BAD_KINDS "lesion|blank|noise|blur|tiny|text|drawn|dark|bright"

typedef enum bad_kind {
#define BAD_KIND_ENUM(id, name) id,
    BAD_KIND_MAP(BAD_KIND_ENUM)
#undef BAD_KIND_ENUM
        BAD_KIND_COUNT
} bad_kind;

extern const char *const bad_kind_names[BAD_KIND_COUNT];

/* Whether the kind is a picture spoilt (noise, blur, tiny, dark, bright) and not one made up. */
bool bad_kind_spoils(bad_kind kind);

typedef struct bad_request {
    bad_kind kind;
    uint64_t seed;
    int32_t  number; /* another number, another picture */
    int32_t  size;   /* the shorter side of what is made up and of enlarged tiny ones, 16..1024 */
} bad_request;

/* The same request and source give the same pixels. `source` is what a kind that spoils begins
 * with; others do not look at it. */
SKC_MUST_CHECK skc_status bad_picture(const bad_request *request, const skc_image *source,
                                      const skc_runtime *runtime, skc_image **out, skc_error *err);

/* ------------------------------------------------------------------ its parts */

/* They fill the picture. */
void bad_blank(skc_image *image, dice *d);
void bad_text(skc_image *image, dice *d);
void bad_drawn(skc_image *image, dice *d);

/* Gaussian blur of `deviation` pixels, 0 or more. */
SKC_MUST_CHECK skc_status bad_blur(skc_image *image, float deviation, skc_error *err);

#endif

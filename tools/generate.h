/* generate.h - draws pictures that look like dermoscopic pictures of skin lesions. */
#ifndef SKC_TOOLS_GENERATE_H
#define SKC_TOOLS_GENERATE_H

#include "skincnn.h"

enum { GENERATE_CLASSES = 7 };

/* akiec, bcc, bkl, df, mel, nv, vasc; and whether each is malignant. */
extern const char *const generate_labels[GENERATE_CLASSES];
extern const bool        generate_malignant[GENERATE_CLASSES];

typedef struct generate_request {
    uint64_t seed;
    int32_t  class_index; /* of generate_labels */
    int32_t  lesion;      /* which one of its class; any number */
    int32_t  view;        /* which picture of it: another turn, place, zoom and light */
    int32_t  size;        /* pixels a side, 16..1024 */
} generate_request;

/* The same request gives the same pixels. */
SKC_MUST_CHECK skc_status generate_picture(const generate_request *request,
                                           const skc_runtime *runtime, skc_image **out,
                                           skc_error *err);

/* ------------------------------------------------------------------ what a lesion is drawn from */

/* Strengths of what dermoscopy looks for (Kittler et al., J. Am. Acad. Dermatol. 74(6), 2016). */
typedef enum trait {
    TRAIT_RADIUS,      /* of half a picture */
    TRAIT_ELONGATION,  /* longer by the shorter axis */
    TRAIT_ROUGHNESS,   /* of the border, as a share of the radius */
    TRAIT_SOFTNESS,    /* width of the border, likewise */
    TRAIT_ASYMMETRY,   /* a second blob that grows out of the first */
    TRAIT_PIGMENT,     /* melanin */
    TRAIT_VARIEGATION, /* unevenness of the pigment */
    TRAIT_REDNESS,     /* blood */
    TRAIT_NETWORK,     /* brown lines around paler holes */
    TRAIT_GLOBULES,    /* brown balls */
    TRAIT_STREAKS,     /* radial lines at the border */
    TRAIT_VEIL,        /* blue-white haze */
    TRAIT_REGRESSION,  /* white areas like a scar, off the centre */
    TRAIT_CYSTS,       /* milia-like: small bright dots */
    TRAIT_PLUGS,       /* comedo-like openings: small dark dots */
    TRAIT_RIDGES,      /* furrows as of a brain */
    TRAIT_KERATIN,     /* yellow-white scale */
    TRAIT_FOLLICLES,   /* pale dots on red: the strawberry pattern */
    TRAIT_NESTS,       /* blue-grey ovoids */
    TRAIT_VESSELS,     /* branching red lines */
    TRAIT_ULCER,       /* dark red crust */
    TRAIT_LACUNAE,     /* red to blue-black balls, close together */
    TRAIT_SCAR,        /* a white centre */
    TRAIT_COUNT
} trait;

typedef struct colour {
    float r, g, b; /* 0..1 */
} colour;

/* A lesion with the skin around it, in its own coordinates: the picture's half side is 1. */
typedef struct lesion {
    uint32_t pattern; /* seed of every pattern */
    float    trait[TRAIT_COUNT];
    float    x, y, cosine, sine;       /* centre and direction of the longer axis */
    float    lobe_x, lobe_y;           /* of the second blob, from the centre, in radii */
    float    skin_pigment, skin_blush; /* of the skin around */
} lesion;

lesion generate_lesion(uint64_t seed, int32_t class_index, int32_t number);

/* The colour at a point; `vessels` is how much of a vessel lies there, 0..1. */
colour generate_shade(const lesion *l, float x, float y, float vessels);

#endif

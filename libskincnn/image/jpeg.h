/* jpeg.h - a JPEG (ITU-T T.81) between its segments (jpeg.c), its coded blocks (jpeg_scan.c) and
 * its colours (jpeg_pixels.c). */
#ifndef SKC_IMAGE_JPEG_H
#define SKC_IMAGE_JPEG_H

#include "image/picture.h"

enum { JPEG_FAST_BITS = 10 };

/* A Huffman code: short ones looked up at once, others by their length. A symbol's lower half is
 * the number of bits that follow its code. */
typedef struct skc_huffman {
    bool     defined;
    uint32_t fast[1 << JPEG_FAST_BITS]; /* skc__huffman_entry; 0: longer */
    uint32_t limit[18];                 /* first 16 bits above all codes of a length */
    int32_t  offset[17];                /* code of a length + this: index of its symbol */
    uint8_t  symbols[256];
} skc_huffman;

typedef struct skc_jpeg_component {
    uint8_t  id, h, v, quantiser;
    int32_t  blocks_x, blocks_y; /* that the picture needs */
    int32_t  padded_x, padded_y; /* that whole MCUs fill */
    uint8_t  dc_table, ac_table; /* of the current scan */
    int32_t  prediction;         /* of the next DC value */
    int8_t   low_bit[64];        /* lowest bit sent of each coefficient; -1: none */
    uint8_t *samples;            /* (8 padded_y, 8 padded_x); NULL before the first scan */
    int16_t *coefficients;       /* progressive: (padded_y, padded_x, 64), rows of 8 */
} skc_jpeg_component;

typedef struct skc_jpeg {
    const unsigned char *bytes;
    size_t               size, at;
    bool                 progressive;
    uint32_t             width, height;
    int32_t              mcus_x, mcus_y;
    int32_t              h_max, v_max;
    int32_t              count; /* components; 0 before the frame header */
    skc_jpeg_component   component[3];
    skc_huffman          dc[4], ac[4];
    uint32_t             quantisers;       /* bit i: table i is defined */
    uint16_t             quantiser[4][64]; /* in zigzag order */
    uint32_t             restart_interval;
    int32_t              scans;
    bool                 has_exif;
    int                  orientation;
    bool                 is_jfif;
    int                  adobe_transform; /* -1: not said */
} skc_jpeg;

/* One scan: which components, which coefficients, which bits of them. */
typedef struct skc_jpeg_scan {
    int32_t             count;
    skc_jpeg_component *component[3];
    int32_t             first, last; /* coefficients in zigzag order */
    int32_t             high, low;   /* successive approximation: bit sent before, bit sent now */
} skc_jpeg_scan;

/* Where the k-th coefficient stands in a block, rows of 8. */
extern const uint8_t skc__jpeg_zigzag[64];

/* From the 16 counts and the symbols of a DHT segment. */
bool skc__huffman_build(skc_huffman *table, const unsigned char counts[16],
                        const unsigned char *symbols);

/* Reads the coded blocks of a scan that begins at jpeg->at, which moves behind them. */
skc_status skc__jpeg_scan_read(skc_jpeg *jpeg, const skc_jpeg_scan *scan, skc_error *err);

/* Memory for the samples (and coefficients) of every component, if there is none yet. */
skc_status skc__jpeg_planes_create(skc_jpeg *jpeg, const skc_allocator *allocator, skc_error *err);
void       skc__jpeg_planes_free(skc_jpeg *jpeg, const skc_allocator *allocator);

/* After the last scan: all components as one picture. */
skc_status skc__jpeg_picture(const skc_jpeg *jpeg, const skc_source *source, skc_image **out,
                             skc_error *err);

#endif

/* jpeg.h - a JPEG (ITU-T T.81) between its segments (jpeg.c) and its coded blocks (jpeg_scan.c). */
#ifndef SKC_IMAGE_JPEG_H
#define SKC_IMAGE_JPEG_H

#include "image/picture.h"

enum { JPEG_FAST_BITS = 9 };

/* A Huffman code: short ones looked up at once, others by their length. */
typedef struct skc_huffman {
    bool     defined;
    uint16_t fast[1 << JPEG_FAST_BITS]; /* length << 8 | symbol; 0: longer */
    uint32_t limit[18];                 /* first 16 bits above all codes of a length */
    int32_t  offset[17];                /* code of a length + this: index of its symbol */
    uint8_t  symbols[256];
} skc_huffman;

typedef struct skc_jpeg_component {
    uint8_t   id, h, v, quantiser;
    int32_t   blocks_x, blocks_y; /* that the picture needs */
    int32_t   padded_x, padded_y; /* that whole MCUs fill */
    uint8_t   dc_table, ac_table; /* of the current scan */
    int32_t   prediction;         /* of the next DC value */
    int8_t    low_bit[64];        /* lowest bit sent of each coefficient; -1: none */
    uint64_t *nonzero;            /* progressive: bit k of a block: coefficient k is not 0 */
} skc_jpeg_component;

typedef struct skc_jpeg {
    const unsigned char *bytes;
    size_t               size, at;
    bool                 progressive;
    uint32_t             width, height;
    int32_t              mcus_x, mcus_y;
    int32_t              count; /* components; 0 before the frame header */
    skc_jpeg_component   component[3];
    skc_huffman          dc[4], ac[4];
    uint32_t             quantisers; /* bit i: table i is defined */
    uint32_t             restart_interval;
    int32_t              scans;
    bool                 has_exif;
    int                  orientation;
} skc_jpeg;

/* One scan: which components, which coefficients, which bits of them. */
typedef struct skc_jpeg_scan {
    int32_t             count;
    skc_jpeg_component *component[3];
    int32_t             first, last; /* coefficients in zigzag order */
    int32_t             high, low;   /* successive approximation: bit sent before, bit sent now */
} skc_jpeg_scan;

/* From the 16 counts and the symbols of a DHT segment. */
bool skc__huffman_build(skc_huffman *table, const unsigned char counts[16],
                        const unsigned char *symbols);

/* Walks through the coded blocks of a scan that begins at jpeg->at, which moves behind them. */
skc_status skc__jpeg_scan_check(skc_jpeg *jpeg, const skc_jpeg_scan *scan, skc_error *err);

#endif

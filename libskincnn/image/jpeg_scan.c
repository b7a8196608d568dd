/* jpeg_scan.c - walks through the coded blocks of a JPEG scan to prove that all of them are there.
 *
 * stb_image goes on with zeros when coded data end early and keeps memory as it finds it when a
 * restart marker is missing. A lesion whose lower half is invented must not be classified, so every
 * code is read here first; the values are not computed, only what the next code depends on. */
#include "image/jpeg.h"

#include <string.h>

/* Coded data as bits, the next in the highest place. Behind the last come zeros, and `count` is
 * then below zero once bits were taken that are not there. */
typedef struct bits {
    const unsigned char *at, *end;
    uint64_t             buffer;
    int32_t              count;
} bits;

typedef struct walker {
    skc_jpeg            *jpeg;
    const skc_jpeg_scan *scan;
    bits                 bits;
    uint32_t             end_run; /* progressive: blocks that have no more coefficients */
} walker;

/* One block of a component; false: an impossible code. */
typedef bool block_walk(walker *w, skc_jpeg_component *component, uint64_t *nonzero);

bool skc__huffman_build(skc_huffman *table, const unsigned char counts[16],
                        const unsigned char *symbols)
{
    uint32_t code = 0, index = 0;

    memset(table, 0, sizeof *table);
    for (uint32_t length = 1; length <= 16; length++) {
        uint32_t count = counts[length - 1];

        table->offset[length] = (int32_t)index - (int32_t)code;
        if (index + count > 256 || code + count > 1u << length)
            return false;
        for (uint32_t i = 0; i < count; i++, code++, index++) {
            table->symbols[index] = symbols[index];
            if (length <= JPEG_FAST_BITS)
                for (uint32_t j = 0; j < 1u << (JPEG_FAST_BITS - length); j++)
                    table->fast[(code << (JPEG_FAST_BITS - length)) + j] =
                        (uint16_t)(length << 8 | symbols[index]);
        }
        table->limit[length] = code << (16 - length);
        code <<= 1;
    }
    table->defined = true;
    return true;
}

/* A 0xff in coded data is followed by 0; by anything else it is a marker, where refilling stops.
 * Between the two there may be more 0xff. */
static void refill(bits *b)
{
    while (b->count <= 56 && b->at < b->end) {
        const unsigned char *next = b->at + 1;
        uint64_t             byte = *b->at;

        if (byte == 0xff) {
            while (next < b->end && *next == 0xff)
                next++;
            if (next == b->end || *next != 0)
                return;
            next++;
        }
        b->buffer |= byte << (56 - b->count);
        b->count += 8;
        b->at = next;
    }
}

static void drop(bits *b, uint32_t n)
{
    b->buffer <<= n;
    b->count -= (int32_t)n;
}

/* Takes n bits, 0..16. */
static uint32_t take(bits *b, uint32_t n)
{
    uint32_t value;

    if (b->count < 16)
        refill(b);
    value = (uint32_t)(b->buffer >> 32) >> 16 >> (16 - n);
    drop(b, n);
    return value;
}

/* The symbol of the next code, -1 where no code fits. */
static int32_t symbol(bits *b, const skc_huffman *table)
{
    uint32_t fast, code, length = JPEG_FAST_BITS + 1;

    if (b->count < 16)
        refill(b);
    fast = table->fast[b->buffer >> (64 - JPEG_FAST_BITS)];
    if (fast != 0) {
        drop(b, fast >> 8);
        return fast & 255;
    }
    code = (uint32_t)(b->buffer >> 48);
    while (length <= 16 && code >= table->limit[length])
        length++;
    if (length > 16)
        return -1;
    drop(b, length);
    return table->symbols[(int32_t)(code >> (16 - length)) + table->offset[length]];
}

/* A DC difference: its number of bits as a Huffman code, then the bits (T.81, F.2.2.1). Sums beyond
 * 16 bits come from no encoder and would overflow in the decoder's dequantisation. */
static bool walk_difference(walker *w, skc_jpeg_component *component)
{
    int32_t size = symbol(&w->bits, &w->jpeg->dc[component->dc_table]);
    int32_t value;

    if (size < 0 || size > 15)
        return false;
    value = (int32_t)take(&w->bits, (uint32_t)size);
    if (size > 0 && value < 1 << (size - 1))
        value += 1 - (1 << size);
    component->prediction += value;
    return component->prediction >= -32767 && component->prediction <= 32767;
}

static bool walk_sequential(walker *w, skc_jpeg_component *component, uint64_t *nonzero)
{
    const skc_huffman *ac = &w->jpeg->ac[component->ac_table];

    (void)nonzero;
    if (!walk_difference(w, component))
        return false;
    for (int32_t k = 1; k < 64; k++) {
        int32_t code = symbol(&w->bits, ac);

        if (code == 0xf0) { /* sixteen zeros */
            k += 15;
            continue;
        }
        if (code < 0 || (code & 15) == 0)
            return code >= 0;
        k += code >> 4;
        if (k > 63)
            return false;
        take(&w->bits, (uint32_t)code & 15);
    }
    return true;
}

static bool walk_dc_first(walker *w, skc_jpeg_component *component, uint64_t *nonzero)
{
    (void)nonzero;
    return walk_difference(w, component);
}

static bool walk_dc_refine(walker *w, skc_jpeg_component *component, uint64_t *nonzero)
{
    (void)component;
    (void)nonzero;
    take(&w->bits, 1);
    return true;
}

/* T.81, G.1.2.2. */
static bool walk_ac_first(walker *w, skc_jpeg_component *component, uint64_t *nonzero)
{
    const skc_huffman *ac = &w->jpeg->ac[component->ac_table];

    if (w->end_run > 0) {
        w->end_run--;
        return true;
    }
    for (int32_t k = w->scan->first; k <= w->scan->last; k++) {
        int32_t  code = symbol(&w->bits, ac);
        uint32_t run = (uint32_t)code >> 4, size = (uint32_t)code & 15;

        if (code < 0)
            return false;
        if (size == 0 && run < 15) {
            w->end_run = (1u << run) + take(&w->bits, run) - 1;
            return true;
        }
        k += (int32_t)run;
        if (size == 0)
            continue;
        if (k > w->scan->last)
            return false;
        take(&w->bits, size);
        *nonzero |= (uint64_t)1 << k;
    }
    return true;
}

/* From coefficient k on: one bit for each that is known not to be zero, up to and with the zero
 * after `zeros` others. Returns where it is; last + 1 when there are not as many. */
static int32_t refine_until(walker *w, uint64_t nonzero, int32_t k, uint32_t zeros)
{
    for (; k <= w->scan->last; k++) {
        if ((nonzero >> k & 1) != 0)
            take(&w->bits, 1);
        else if (zeros-- == 0)
            break;
    }
    return k;
}

/* T.81, G.1.2.3. */
static bool walk_ac_refine(walker *w, skc_jpeg_component *component, uint64_t *nonzero)
{
    const skc_huffman *ac = &w->jpeg->ac[component->ac_table];
    int32_t            k  = w->scan->first;

    while (w->end_run == 0 && k <= w->scan->last) {
        int32_t  code = symbol(&w->bits, ac);
        uint32_t run = (uint32_t)code >> 4, size = (uint32_t)code & 15;

        if (code < 0 || size > 1)
            return false;
        if (size == 0 && run < 15) {
            w->end_run = (1u << run) + take(&w->bits, run);
            break;
        }
        take(&w->bits, size); /* its sign */
        k = refine_until(w, *nonzero, k, run);
        if (size == 1 && k > w->scan->last)
            return false;
        if (size == 1)
            *nonzero |= (uint64_t)1 << k;
        k++;
    }
    if (w->end_run > 0) {
        refine_until(w, *nonzero, k, 64);
        w->end_run--;
    }
    return true;
}

static block_walk *walk_for(const skc_jpeg *jpeg, const skc_jpeg_scan *scan)
{
    if (!jpeg->progressive)
        return walk_sequential;
    if (scan->first == 0)
        return scan->high == 0 ? walk_dc_first : walk_dc_refine;
    return scan->high == 0 ? walk_ac_first : walk_ac_refine;
}

/* The blocks of one MCU: of a scan's only component one, of several h x v each. */
static bool walk_mcu(walker *w, block_walk *walk, int32_t mcu_x, int32_t mcu_y)
{
    bool single = w->scan->count == 1;

    for (int32_t i = 0; i < w->scan->count; i++) {
        skc_jpeg_component *c = w->scan->component[i];
        int32_t             h = single ? 1 : c->h, v = single ? 1 : c->v;

        for (int32_t y = mcu_y * v; y < (mcu_y + 1) * v; y++)
            for (int32_t x = mcu_x * h; x < (mcu_x + 1) * h; x++) {
                size_t block = (size_t)y * (size_t)c->padded_x + (size_t)x;

                if (!walk(w, c, c->nonzero != NULL ? &c->nonzero[block] : NULL))
                    return false;
            }
    }
    return true;
}

static void restart(walker *w)
{
    w->bits.buffer = 0;
    w->bits.count  = 0;
    w->end_run     = 0;
    for (int32_t i = 0; i < w->scan->count; i++)
        w->scan->component[i]->prediction = 0;
}

/* Steps over the n-th restart marker; less than a byte of padding may be left before it. */
static bool skip_restart_marker(walker *w, uint32_t n)
{
    const unsigned char *at = w->bits.at;

    if (w->bits.count >= 8 || at == w->bits.end || *at != 0xff)
        return false;
    while (at < w->bits.end && *at == 0xff)
        at++;
    if (at == w->bits.end || *at != 0xd0 + n % 8)
        return false;
    w->bits.at = at + 1;
    restart(w);
    return true;
}

/* Behind the last block: the rest of a byte, and in the files of some cameras zeros. Anything else
 * means that a damaged code was taken for a longer one before. */
static bool only_padding_left(bits *b)
{
    drop(b, (uint32_t)b->count % 8);
    for (refill(b); b->count > 0; refill(b))
        if (take(b, 8) != 0)
            return false;
    return true;
}

static skc_status fail_scan(const walker *w, int32_t mcu_y, int32_t mcus_y, skc_error *err)
{
    int32_t percent = (int32_t)((int64_t)mcu_y * 100 / mcus_y);

    if (w->bits.count < 0 || w->bits.at == w->bits.end)
        return skc__fail(err, SKC_EFORMAT, "the JPEG ends inside the picture data, %d %% down",
                         percent);
    return skc__fail(err, SKC_EFORMAT, "damaged JPEG: impossible picture data, %d %% down",
                     percent);
}

skc_status skc__jpeg_scan_check(skc_jpeg *jpeg, const skc_jpeg_scan *scan, skc_error *err)
{
    bool        single = scan->count == 1;
    int32_t     mcus_x = single ? scan->component[0]->blocks_x : jpeg->mcus_x;
    int32_t     mcus_y = single ? scan->component[0]->blocks_y : jpeg->mcus_y;
    block_walk *walk   = walk_for(jpeg, scan);
    walker      w      = { .jpeg = jpeg, .scan = scan };
    uint32_t    done = 0, restarts = 0;

    w.bits.at  = jpeg->bytes + jpeg->at;
    w.bits.end = jpeg->bytes + jpeg->size;
    restart(&w);
    for (int32_t y = 0; y < mcus_y; y++)
        for (int32_t x = 0; x < mcus_x; x++, done++) {
            if (done > 0 && jpeg->restart_interval > 0 && done % jpeg->restart_interval == 0 &&
                !skip_restart_marker(&w, restarts++))
                return fail_scan(&w, y, mcus_y, err);
            if (!walk_mcu(&w, walk, x, y) || w.bits.count < 0)
                return fail_scan(&w, y, mcus_y, err);
        }
    if (!only_padding_left(&w.bits))
        return skc__fail(err, SKC_EFORMAT, "damaged JPEG: too much picture data");
    jpeg->at = (size_t)(w.bits.at - jpeg->bytes);
    return SKC_OK;
}

/* jpeg_scan.c - reads the coded blocks of a JPEG scan, all of them, or refuses the picture.
 *
 * stb_image's reader goes on with zeros when coded data end early and keeps memory as it finds it
 * when a restart marker is missing. A lesion whose lower half is invented must not be classified,
 * so reading is done here, and no code is taken that is not there. */
#include "image/jpeg.h"

#include <string.h>

#include "image/stb.h"

const uint8_t skc__jpeg_zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* Coded data as bits, the next in the highest place; `count` of them are taken in. What stands
 * below them is either nothing or what comes next. Behind the last bit come zeros, and `count` is
 * then below zero once bits were taken that are not there. */
typedef struct bits {
    const unsigned char *at, *end;
    uint64_t             buffer;
    int32_t              count;
} bits;

typedef struct reader {
    skc_jpeg            *jpeg;
    const skc_jpeg_scan *scan;
    bits                 bits;
    uint32_t             end_run; /* progressive: blocks that have no more coefficients */
} reader;

/* Block (x, y) of a component; false: an impossible code. */
typedef bool block_reader(reader *r, skc_jpeg_component *component, int32_t x, int32_t y);

/* ------------------------------------------------------------------ codes */

/* A code as the decoder wants it: from the lowest byte up, its length with the bits that follow,
 * its symbol, its length alone. */
static uint32_t entry_for(uint32_t length, uint32_t symbol)
{
    return length << 16 | symbol << 8 | (length + (symbol & 15));
}

static uint32_t bits_of(uint32_t entry)
{
    return entry & 255;
}

static uint32_t symbol_of(uint32_t entry)
{
    return entry >> 8 & 255;
}

static uint32_t length_of(uint32_t entry)
{
    return entry >> 16;
}

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
                        entry_for(length, symbols[index]);
        }
        table->limit[length] = code << (16 - length);
        code <<= 1;
    }
    table->defined = true;
    return true;
}

/* A 0xff in coded data is followed by 0; by anything else it is a marker, where refilling stops.
 * Between the two there may be more 0xff. */
static void refill_bytewise(bits *b)
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

/* Eight bytes, the first in the highest place. */
static uint64_t read_eight(const unsigned char *p)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | p[i];
    return value;
}

static bool has_ff(uint64_t bytes)
{
    return ((~bytes - 0x0101010101010101u) & bytes & 0x8080808080808080u) != 0;
}

/* More than 56 bits, if there are so many. Where the next eight bytes are plain data, as many as
 * fit are taken at once; what is read of one more is read again then. */
static inline void refill(bits *b)
{
    if (b->end - b->at >= 8 && b->count >= 0) {
        uint64_t next = read_eight(b->at);

        if (!has_ff(next)) {
            b->buffer |= next >> b->count;
            b->at += (63 - b->count) >> 3;
            b->count |= 56;
            return;
        }
    }
    refill_bytewise(b);
}

static inline void drop(bits *b, uint32_t n)
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

static uint32_t long_code(const bits *b, const skc_huffman *table)
{
    uint32_t code = (uint32_t)(b->buffer >> 48), length = JPEG_FAST_BITS + 1;

    while (length <= 16 && code >= table->limit[length])
        length++;
    if (length > 16)
        return 0;
    return entry_for(length,
                     table->symbols[(int32_t)(code >> (16 - length)) + table->offset[length]]);
}

/* The next code, which is not taken yet; 0 where none fits. Behind it there are as many bits as its
 * symbol says. */
static inline uint32_t next_code(bits *b, const skc_huffman *table)
{
    uint32_t entry;

    if (b->count < 32)
        refill(b);
    entry = table->fast[b->buffer >> (64 - JPEG_FAST_BITS)];
    return entry != 0 ? entry : long_code(b, table);
}

/* Takes a code and the value behind it, of 1..15 bits: where the first of them is 0 it is negative
 * (T.81, F.2.2.1). */
static inline int32_t take_value(bits *b, uint32_t entry)
{
    uint32_t length = length_of(entry), size = bits_of(entry) - length;
    uint64_t rest     = b->buffer << length;
    int32_t  negative = (int32_t)(rest >> 63) - 1; /* all ones, or 0 */
    int32_t  value    = (int32_t)(rest >> (64 - size)) + (negative & (1 - (1 << size)));

    drop(b, bits_of(entry));
    return value;
}

/* ------------------------------------------------------------------ blocks */

static int16_t *coefficients_of(const skc_jpeg_component *c, int32_t x, int32_t y)
{
    return c->coefficients + ((size_t)y * (size_t)c->padded_x + (size_t)x) * 64;
}

/* A DC difference. Sums beyond 16 bits come from no encoder and would overflow in dequantisation.
 */
static bool read_difference(reader *r, skc_jpeg_component *component)
{
    uint32_t entry = next_code(&r->bits, &r->jpeg->dc[component->dc_table]);

    if (entry == 0 || symbol_of(entry) > 15)
        return false;
    if (symbol_of(entry) == 0)
        drop(&r->bits, length_of(entry));
    else
        component->prediction += take_value(&r->bits, entry);
    return component->prediction >= -32767 && component->prediction <= 32767;
}

/* The coefficients of a block but the first, times their quantisers. Returns the last of them that
 * is there, 0 where none is, -1 where a code is impossible. */
static int32_t read_coefficients(bits *from, const skc_huffman *ac, const uint16_t quantiser[64],
                                 int16_t block[64])
{
    bits    b    = *from;
    int32_t last = 0;

    for (int32_t k = 1; k < 64; k++) {
        uint32_t entry = next_code(&b, ac), symbol = symbol_of(entry);

        if ((symbol & 15) == 0) {
            drop(&b, length_of(entry));
            if (symbol != 0xf0) {
                last = entry != 0 ? last : -1;
                break;
            }
            k += 15; /* sixteen zeros */
            continue;
        }
        k += (int32_t)(symbol >> 4);
        if (k > 63) {
            last = -1;
            break;
        }
        block[skc__jpeg_zigzag[k]] = (int16_t)(take_value(&b, entry) * quantiser[k]);
        last                       = k;
    }
    *from = b;
    return last;
}

/* What the transform makes of a block that has only its first coefficient. */
static void fill_flat(int16_t first, uint8_t *samples, size_t stride)
{
    int32_t level = ((first + 4) >> 3) + 128;

    level = level < 0 ? 0 : level > 255 ? 255 : level;
    for (size_t y = 0; y < 8; y++)
        memset(samples + y * stride, level, 8);
}

static bool read_sequential(reader *r, skc_jpeg_component *c, int32_t x, int32_t y)
{
    _Alignas(16) int16_t block[64];
    const uint16_t      *quantiser = r->jpeg->quantiser[c->quantiser];
    size_t               stride    = (size_t)c->padded_x * 8;
    uint8_t             *samples   = c->samples + (size_t)y * 8 * stride + (size_t)x * 8;
    int32_t              last;

    if (!read_difference(r, c))
        return false;
    /* In pieces: GCC clears more than 64 bytes by a string instruction that is slow to start. */
    for (size_t k = 0; k < 64; k += 16)
        memset(block + k, 0, 16 * sizeof *block);
    block[0] = (int16_t)(c->prediction * quantiser[0]);
    last     = read_coefficients(&r->bits, &r->jpeg->ac[c->ac_table], quantiser, block);
    if (last == 0)
        fill_flat(block[0], samples, stride);
    else if (last > 0)
        skc__stb_inverse_dct(block, samples, stride);
    return last >= 0;
}

static bool read_dc_first(reader *r, skc_jpeg_component *c, int32_t x, int32_t y)
{
    if (!read_difference(r, c))
        return false;
    coefficients_of(c, x, y)[0] = (int16_t)(c->prediction * (1 << r->scan->low));
    return true;
}

static bool read_dc_refine(reader *r, skc_jpeg_component *c, int32_t x, int32_t y)
{
    int16_t *first = coefficients_of(c, x, y);

    *first = (int16_t)(*first + (int32_t)(take(&r->bits, 1) << r->scan->low));
    return true;
}

/* T.81, G.1.2.2. */
static bool read_ac_first(reader *r, skc_jpeg_component *c, int32_t x, int32_t y)
{
    const skc_huffman *ac    = &r->jpeg->ac[c->ac_table];
    int16_t           *block = coefficients_of(c, x, y);

    if (r->end_run > 0) {
        r->end_run--;
        return true;
    }
    for (int32_t k = r->scan->first; k <= r->scan->last; k++) {
        uint32_t entry = next_code(&r->bits, ac);
        uint32_t run = symbol_of(entry) >> 4, size = symbol_of(entry) & 15;

        if (entry == 0)
            return false;
        if (size == 0)
            drop(&r->bits, length_of(entry));
        if (size == 0 && run < 15) {
            r->end_run = (1u << run) + take(&r->bits, run) - 1;
            return true;
        }
        k += (int32_t)run;
        if (size == 0)
            continue;
        if (k > r->scan->last)
            return false;
        block[skc__jpeg_zigzag[k]] = (int16_t)(take_value(&r->bits, entry) * (1 << r->scan->low));
    }
    return true;
}

/* One bit for a coefficient that is not 0: whether it grows by the bit of this scan. */
static void refine(reader *r, int16_t *value)
{
    int32_t bit = 1 << r->scan->low;

    if (take(&r->bits, 1) != 0 && (*value & bit) == 0)
        *value = (int16_t)(*value + (*value > 0 ? bit : -bit));
}

/* From coefficient k on: refines those that are not 0, up to the zero that comes after `zeros`
 * others. Returns where that is, or behind the last. */
static int32_t refine_until(reader *r, int16_t *block, int32_t k, uint32_t zeros)
{
    for (; k <= r->scan->last; k++) {
        int16_t *value = &block[skc__jpeg_zigzag[k]];

        if (*value != 0)
            refine(r, value);
        else if (zeros-- == 0)
            break;
    }
    return k;
}

/* T.81, G.1.2.3. */
static bool read_ac_refine(reader *r, skc_jpeg_component *c, int32_t x, int32_t y)
{
    const skc_huffman *ac    = &r->jpeg->ac[c->ac_table];
    int16_t           *block = coefficients_of(c, x, y);
    int32_t            k     = r->scan->first;

    while (r->end_run == 0 && k <= r->scan->last) {
        uint32_t entry = next_code(&r->bits, ac);
        uint32_t run = symbol_of(entry) >> 4, size = symbol_of(entry) & 15;
        int32_t  fresh = 0;

        if (entry == 0 || size > 1)
            return false;
        if (size == 1)
            fresh = take_value(&r->bits, entry) * (1 << r->scan->low);
        else
            drop(&r->bits, length_of(entry));
        if (size == 0 && run < 15) {
            r->end_run = (1u << run) + take(&r->bits, run);
            break;
        }
        k = refine_until(r, block, k, run);
        if (size == 1 && k > r->scan->last)
            return false;
        if (size == 1)
            block[skc__jpeg_zigzag[k]] = (int16_t)fresh;
        k++;
    }
    if (r->end_run > 0) {
        refine_until(r, block, k, 64);
        r->end_run--;
    }
    return true;
}

/* ------------------------------------------------------------------ scans */

static block_reader *reader_for(const skc_jpeg *jpeg, const skc_jpeg_scan *scan)
{
    if (!jpeg->progressive)
        return read_sequential;
    if (scan->first == 0)
        return scan->high == 0 ? read_dc_first : read_dc_refine;
    return scan->high == 0 ? read_ac_first : read_ac_refine;
}

/* The blocks of one MCU: of a scan's only component one, of several h x v each. */
static bool read_mcu(reader *r, block_reader *read, int32_t mcu_x, int32_t mcu_y)
{
    bool single = r->scan->count == 1;

    for (int32_t i = 0; i < r->scan->count; i++) {
        skc_jpeg_component *c = r->scan->component[i];
        int32_t             h = single ? 1 : c->h, v = single ? 1 : c->v;

        for (int32_t y = mcu_y * v; y < (mcu_y + 1) * v; y++)
            for (int32_t x = mcu_x * h; x < (mcu_x + 1) * h; x++)
                if (!read(r, c, x, y))
                    return false;
    }
    return true;
}

static void restart(reader *r)
{
    r->bits.buffer = 0;
    r->bits.count  = 0;
    r->end_run     = 0;
    for (int32_t i = 0; i < r->scan->count; i++)
        r->scan->component[i]->prediction = 0;
}

/* Steps over the n-th restart marker; less than a byte of padding may be left before it. */
static bool skip_restart_marker(reader *r, uint32_t n)
{
    const unsigned char *at = r->bits.at;

    if (r->bits.count >= 8 || at == r->bits.end || *at != 0xff)
        return false;
    while (at < r->bits.end && *at == 0xff)
        at++;
    if (at == r->bits.end || *at != 0xd0 + n % 8)
        return false;
    r->bits.at = at + 1;
    restart(r);
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

static skc_status fail_scan(const reader *r, int32_t mcu_y, int32_t mcus_y, skc_error *err)
{
    int32_t percent = (int32_t)((int64_t)mcu_y * 100 / mcus_y);

    if (r->bits.count < 0 || r->bits.at == r->bits.end)
        return skc__fail(err, SKC_EFORMAT, "the JPEG ends inside the picture data, %d %% down",
                         percent);
    return skc__fail(err, SKC_EFORMAT, "damaged JPEG: impossible picture data, %d %% down",
                     percent);
}

skc_status skc__jpeg_scan_read(skc_jpeg *jpeg, const skc_jpeg_scan *scan, skc_error *err)
{
    bool          single = scan->count == 1;
    int32_t       mcus_x = single ? scan->component[0]->blocks_x : jpeg->mcus_x;
    int32_t       mcus_y = single ? scan->component[0]->blocks_y : jpeg->mcus_y;
    block_reader *read   = reader_for(jpeg, scan);
    reader        r      = { .jpeg = jpeg, .scan = scan };
    uint32_t      done = 0, restarts = 0;

    r.bits.at  = jpeg->bytes + jpeg->at;
    r.bits.end = jpeg->bytes + jpeg->size;
    restart(&r);
    for (int32_t y = 0; y < mcus_y; y++)
        for (int32_t x = 0; x < mcus_x; x++, done++) {
            if (done > 0 && jpeg->restart_interval > 0 && done % jpeg->restart_interval == 0 &&
                !skip_restart_marker(&r, restarts++))
                return fail_scan(&r, y, mcus_y, err);
            if (!read_mcu(&r, read, x, y) || r.bits.count < 0)
                return fail_scan(&r, y, mcus_y, err);
        }
    if (!only_padding_left(&r.bits))
        return skc__fail(err, SKC_EFORMAT, "damaged JPEG: too much picture data");
    jpeg->at = (size_t)(r.bits.at - jpeg->bytes);
    return SKC_OK;
}

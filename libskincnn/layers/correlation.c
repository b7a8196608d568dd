/* correlation.c - what a convolution's passes are made of: which pixels meet which weights. */
#include "layers/correlation.h"

#include <string.h>

enum {
    BLOCK    = 128, /* columns packed, and multiplied, at once; whole vectors of every set */
    MAX_TAPS = SKC_MAX_KERNEL * SKC_MAX_KERNEL
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- correlations */

/* Takes in tap k, which meets pixel `at` of `in` at the first place, if it meets any. */
static void take_tap(skc_along *l, int32_t k, int32_t at, int32_t in)
{
    if (at >= in || at + (int64_t)(l->places - 1) * l->step < 0)
        return;
    if (l->taps == 0) {
        l->first = at;
        l->tap   = k;
    } else if (l->taps == 1) {
        l->tap_step   = at - l->first;
        l->tap_stride = k - l->tap;
    }
    l->taps++;
}

static skc_along forward_along(const skc_axis *a)
{
    skc_along l = { .places = a->out, .step = a->stride, .spacing = 1 };

    for (int32_t k = 0; k < a->kernel; k++)
        take_tap(&l, k, k * a->dilation - a->before, a->in);
    if (l.taps == 0) { /* nothing but padding is read: one tap reads its zeros */
        l.first = -a->before;
        l.taps  = 1;
    }
    return l;
}

/* Pixels phase, phase + stride, ... of the input. There may be no taps. */
static skc_along backward_along(const skc_axis *a, int32_t phase)
{
    skc_along l = { .places  = (a->in - phase - 1) / a->stride + 1,
                    .step    = 1,
                    .origin  = phase,
                    .spacing = a->stride };

    for (int32_t k = a->kernel - 1; k >= 0; k--) {
        int32_t at = phase + a->before - k * a->dilation;

        if (at % a->stride == 0)
            take_tap(&l, k, at / a->stride, a->out);
    }
    return l;
}

skc_correlation skc__forward_correlation(const skc_window *window)
{
    return (skc_correlation){ forward_along(&window->h), forward_along(&window->w) };
}

skc_correlation skc__identity_correlation(int32_t h, int32_t w)
{
    return (skc_correlation){ { .places = h, .step = 1, .taps = 1, .spacing = 1 },
                              { .places = w, .step = 1, .taps = 1, .spacing = 1 } };
}

/* Phases that have pixels. */
static int32_t phase_count(const skc_axis *a)
{
    return a->stride < a->in ? a->stride : a->in;
}

skc_phases skc__phases(const skc_window *window)
{
    return (skc_phases){ .window = window, .row = -1, .column = phase_count(&window->w) };
}

static bool next_row(skc_phases *p)
{
    while (++p->row < phase_count(&p->window->h)) {
        p->phase.h = backward_along(&p->window->h, p->row);
        if (p->phase.h.taps > 0)
            return true;
    }
    return false;
}

bool skc__next_phase(skc_phases *p)
{
    p->taps_before += skc__taps_of(&p->phase);
    for (;;) {
        while (++p->column < phase_count(&p->window->w)) {
            p->phase.w = backward_along(&p->window->w, p->column);
            if (p->phase.w.taps > 0)
                return true;
        }
        if (!next_row(p))
            return false;
        p->column = -1;
    }
}

bool skc__phases_cover(const skc_window *window)
{
    const skc_axis *axis[] = { &window->h, &window->w };

    for (int i = 0; i < 2; i++)
        for (int32_t phase = 0; phase < phase_count(axis[i]); phase++)
            if (backward_along(axis[i], phase).taps == 0)
                return false;
    return true;
}

/* ---------------------------------------------------------------- packed weights */

skc_packing skc__packing(const skc_kernels *kernels, const skc_convolution *c, bool backward)
{
    return (skc_packing){ .kernels  = kernels,
                          .c        = c,
                          .backward = backward,
                          .depth    = backward ? c->c_out : c->c_in,
                          .columns  = backward ? c->c_in : c->c_out };
}

/* Floats of a group's matrices with so many taps. */
static size_t packed_floats(const skc_packing *p, size_t taps)
{
    return skc__packed_size(taps * p->depth, p->columns);
}

size_t skc__packing_floats(const skc_packing *p)
{
    const skc_window *w = &p->c->window;

    return p->c->groups * packed_floats(p, (size_t)w->h.kernel * (size_t)w->w.kernel);
}

/* The last has the rest, so that it is not small. */
static size_t blocks_of_a_group(const skc_packing *p)
{
    return p->columns < BLOCK ? 1 : p->columns / BLOCK;
}

size_t skc__packing_blocks(const skc_packing *p)
{
    return p->c->groups * blocks_of_a_group(p);
}

skc_packed_block skc__packed_block(const skc_packing *p, const skc_correlation *c,
                                   size_t taps_before, size_t number)
{
    const size_t     each = blocks_of_a_group(p), taps = skc__taps_of(c);
    const size_t     at = number % each, first = at * BLOCK;
    skc_packed_block block = { .group = number / each };

    block.column  = block.group * p->columns + first;
    block.columns = at + 1 < each ? BLOCK : p->columns - first;
    block.offset  = p->c->groups * packed_floats(p, taps_before) +
                   block.group * packed_floats(p, taps) + first * taps * p->depth;
    return block;
}

/* Backward sums over filters, which are a patch apart, and makes channels. */
static void pack_block(const skc_packing *p, const float *weights, const skc_correlation *c,
                       const skc_packed_block *block, float *packed)
{
    const skc_window *window   = &p->c->window;
    const size_t      channels = p->c->c_in;
    const size_t      patch    = (size_t)window->h.kernel * (size_t)window->w.kernel * channels;
    ptrdiff_t         run[MAX_TAPS], *next = run;
    skc_right         right = { .runs        = skc__taps_of(c),
                                .length      = p->depth,
                                .n           = block->columns,
                                .run         = run,
                                .length_step = p->backward ? (ptrdiff_t)patch : 1,
                                .n_step      = p->backward ? 1 : (ptrdiff_t)patch };

    for (int32_t i = 0; i < c->h.taps; i++)
        for (int32_t j = 0; j < c->w.taps; j++)
            *next++ = ((ptrdiff_t)(c->h.tap + i * c->h.tap_stride) * window->w.kernel + c->w.tap +
                       j * c->w.tap_stride) *
                      (ptrdiff_t)channels;
    right.from = weights + block->group * p->c->c_out * patch +
                 (block->column - block->group * p->columns) * (size_t)right.n_step;
    p->kernels->pack_right(&right, packed + block->offset);
}

void skc__pack_blocks(const skc_packing *p, const float *weights, size_t begin, size_t end,
                      float *packed)
{
    const skc_correlation forward = skc__forward_correlation(&p->c->window);

    for (size_t number = begin; number < end; number++) {
        skc_phases       phases = skc__phases(&p->c->window);
        skc_packed_block block;

        if (!p->backward) {
            block = skc__packed_block(p, &forward, 0, number);
            pack_block(p, weights, &forward, &block, packed);
            continue;
        }
        while (skc__next_phase(&phases)) {
            block = skc__packed_block(p, &phases.phase, phases.taps_before, number);
            pack_block(p, weights, &phases.phase, &block, packed);
        }
    }
}

/* ---------------------------------------------------------------- bands */

skc_reading skc__reading(const skc_source *source)
{
    return (skc_reading){ .source   = *source,
                          .in_place = skc__source_is_plain(source),
                          .low      = INT32_MAX,
                          .high     = INT32_MIN };
}

static int64_t last_pixel(const skc_along *l)
{
    return l->first + (int64_t)(l->places - 1) * l->step + (int64_t)(l->taps - 1) * l->tap_step;
}

void skc__widen(skc_reading *r, const skc_correlation *c)
{
    const skc_shape shape = r->source.shape;
    const int64_t   below = last_pixel(&c->h) - (shape.h - 1);
    const int64_t   right = last_pixel(&c->w) - (shape.w - 1);
    const int32_t   high  = c->h.first + (c->h.taps - 1) * c->h.tap_step;

    if (c->h.first < 0 || c->w.first < 0 || below > 0 || right > 0)
        r->in_place = false;
    r->step  = c->h.step;
    r->low   = c->h.first < r->low ? c->h.first : r->low;
    r->high  = high > r->high ? high : r->high;
    r->left  = -c->w.first > r->left ? -c->w.first : r->left;
    r->right = right > r->right ? (int32_t)right : r->right;
    r->pixel = (size_t)shape.c;
    r->row   = (size_t)shape.w * r->pixel;
    if (!r->in_place)
        r->row += ((size_t)r->left + (size_t)r->right) * r->pixel;
}

/* Rows that places a..b-1 read. */
static int32_t rows_read(const skc_reading *r, int32_t a, int32_t b)
{
    return (b - a - 1) * r->step + r->high - r->low + 1;
}

skc_segment skc__segment_at(const skc_band *b, size_t at)
{
    size_t row = at % b->height, end = row + b->end - at;

    return (skc_segment){ at / b->height, (int32_t)row,
                          (int32_t)(end < b->height ? end : b->height) };
}

size_t skc__band_floats(const skc_reading *r, size_t rows, size_t height, size_t pictures)
{
    const size_t segments = (rows + height - 2) / height + 1;
    size_t       read     = rows * (size_t)r->step;

    if (r->in_place || r->row == 0)
        return 0;
    if (r->high - r->low + 1 > r->step)
        read +=
            (segments < pictures ? segments : pictures) * (size_t)(r->high - r->low + 1 - r->step);
    return read * r->row;
}

/* Where a segment's rows are stored, from the first that it reads on. */
static const float *stored_rows(const skc_reading *r, const skc_segment *s)
{
    ptrdiff_t row = (ptrdiff_t)s->picture * r->source.shape.h + s->begin * r->step + r->low;

    return r->source.data + row * (ptrdiff_t)r->row;
}

/* The stored rows of a band's pictures lie one behind the other. Where a step leaves some out,
 * or where a pool's gradient is stored
 * instead, there is nothing to list. */
void skc__band_ahead(const skc_reading *r, const skc_band *b, skc_ahead *ahead)
{
    const skc_source *from   = &r->source;
    const size_t      height = (size_t)from->shape.h;
    const size_t      row    = (size_t)from->shape.w * (size_t)from->shape.c;
    const skc_segment top = skc__segment_at(b, b->begin), last = skc__segment_at(b, b->end - 1);
    const int32_t     above = top.begin * r->step + r->low;
    const int32_t     below = (last.end - 1) * r->step + r->high + 1;
    const size_t      first = top.picture * height + (size_t)(above > 0 ? above : 0);
    const size_t      end   = last.picture * height + least((size_t)below, height);

    if (below <= 0 || end <= first || r->step > r->high - r->low + 1 || from->unpooling.on)
        return;
    while (ahead->count > 0)
        ahead++;
    ahead[0] = (skc_ahead){ from->data + first * row, (end - first) * row };
    if (from->gradient_view.after.on)
        ahead[1] = (skc_ahead){ from->z + first * row, (end - first) * row };
}

/* Processors drop prefetches that come faster than memory answers, so far values are loaded. */
void skc__bring(const skc_ahead *ahead, bool far)
{
    enum { LINE = 16 };

    for (int a = 0; a < SKC_AHEAD; a++)
        for (size_t i = 0; i < ahead[a].count; i += LINE)
            if (far)
                (void)*(const volatile float *)(ahead[a].at + i);
            else
                __builtin_prefetch(ahead[a].at + i, 0, 2);
}

/* A product walks along several pixels at a time, which processors do not foresee. */
void skc__foresee_band(const skc_reading *r, const skc_band *b, bool far)
{
    skc_ahead ahead[SKC_AHEAD] = { { NULL, 0 } };

    if (!r->in_place || r->step > 1)
        return;
    skc__band_ahead(r, b, ahead);
    skc__bring(ahead, far);
}

void skc__fetch_band(const skc_reading *r, const skc_kernels *kernels, const skc_band *b, float *to)
{
    skc_segment s;

    for (size_t at = b->begin; !r->in_place && at < b->end; at += (size_t)(s.end - s.begin)) {
        int32_t count;

        s     = skc__segment_at(b, at);
        count = rows_read(r, s.begin, s.end);
        skc__fetch_rows(kernels, &r->source, s.picture, s.begin * r->step + r->low, count, r->left,
                        r->right, r->pixel, to);
        to += (size_t)count * r->row;
    }
}

/* The first row that a segment reads, from column -left on. *buffer: its rows where they were
 * fetched; goes on to the next segment's. */
static const float *rows_of(const skc_reading *r, const skc_segment *s, const float **buffer)
{
    const float *fetched = *buffer;

    if (r->in_place)
        return stored_rows(r, s);
    *buffer += (size_t)rows_read(r, s->begin, s->end) * r->row;
    return fetched;
}

/* How the places of a segment's rows are counted: across rows, or, where a row has one place, down
 * them at once. */
typedef struct places {
    size_t rows, across; /* lists of so many places */
} places;

static places places_of(const skc_correlation *c, const skc_segment *s)
{
    const int32_t end  = s->end < c->h.places ? s->end : c->h.places;
    const size_t  rows = end > s->begin ? (size_t)(end - s->begin) : 0;

    return c->w.places == 1 && rows > 0 ? (places){ 1, rows }
                                        : (places){ rows, (size_t)c->w.places };
}

size_t skc__list_pixels(const skc_reading *r, const skc_correlation *c, const skc_band *b,
                        const float *buffer, const float **list)
{
    const size_t  down  = (size_t)r->step * r->row;
    const size_t  step  = c->w.places == 1 ? down : (size_t)c->w.step * r->pixel;
    const float **first = list;
    skc_segment   s;

    for (size_t at = b->begin; at < b->end; at += (size_t)(s.end - s.begin)) {
        const float *row;
        places       p;

        s   = skc__segment_at(b, at);
        p   = places_of(c, &s);
        row = rows_of(r, &s, &buffer) + (size_t)(c->h.first - r->low) * r->row +
              (size_t)(c->w.first + r->left) * r->pixel;
        for (size_t i = 0; i < p.rows; i++, row += down, list += p.across)
            for (size_t j = 0; j < p.across; j++)
                list[j] = row + j * step;
    }
    return (size_t)(list - first);
}

void skc__list_places(const skc_correlation *c, const skc_band *b, float *out, skc_shape shape,
                      float **list)
{
    const size_t pixel = (size_t)shape.c, row = (size_t)shape.w * pixel;
    const size_t down = (size_t)c->h.spacing * row;
    const size_t step = c->w.places == 1 ? down : (size_t)c->w.spacing * pixel;
    skc_segment  s;

    for (size_t at = b->begin; at < b->end; at += (size_t)(s.end - s.begin)) {
        size_t y;
        float *to;
        places p;

        s  = skc__segment_at(b, at);
        p  = places_of(c, &s);
        y  = s.picture * (size_t)shape.h + (size_t)(c->h.origin + s.begin * c->h.spacing);
        to = out + y * row + (size_t)c->w.origin * pixel;
        for (size_t i = 0; i < p.rows; i++, to += down, list += p.across)
            for (size_t j = 0; j < p.across; j++)
                list[j] = to + j * step;
    }
}

/* ---------------------------------------------------------------- products */

skc_tap_runs skc__tap_runs(const skc_reading *r, const skc_correlation *c, size_t groups,
                           size_t channels)
{
    const bool   join = groups == 1 && c->w.tap_step == 1;
    skc_tap_runs runs = { .joined = join ? (size_t)c->w.taps : 1 };

    runs.count  = skc__taps_of(c) / runs.joined;
    runs.length = channels * runs.joined;
    runs.row    = c->h.tap_step * (ptrdiff_t)r->row;
    runs.column = c->w.tap_step * (ptrdiff_t)r->pixel;
    return runs;
}

void skc__multiply_band(const skc_packing *packing, const skc_correlation *c, size_t taps_before,
                        const float *packed, const skc_reading *r, skc_product product)
{
    const skc_tap_runs runs   = skc__tap_runs(r, c, packing->c->groups, packing->depth);
    const size_t       across = (size_t)c->w.taps / runs.joined;
    const float       *bias   = product.bias;
    ptrdiff_t          run[MAX_TAPS];

    for (size_t i = 0; i < runs.count; i++)
        run[i] = (ptrdiff_t)(i / across) * runs.row + (ptrdiff_t)(i % across) * runs.column;
    product.runs   = runs.count;
    product.length = runs.length;
    product.run    = run;
    for (size_t number = 0; number < skc__packing_blocks(packing); number++) {
        const skc_packed_block block = skc__packed_block(packing, c, taps_before, number);

        product.n           = block.columns;
        product.left_offset = (ptrdiff_t)(block.group * packing->depth);
        product.right       = packed + block.offset;
        product.out_offset  = (ptrdiff_t)block.column;
        product.bias        = bias == NULL ? NULL : bias + block.column;
        packing->kernels->product(&product);
    }
}

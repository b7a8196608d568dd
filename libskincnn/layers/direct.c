/* direct.c - convolution with any window: bands of rows, multiplied with packed weights.
 *
 * A band is some rows of places of a correlation (correlation.h), counted through all pictures, so
 * that a few hundred pixels share one pass over the weights. What it reads stands in a buffer of
 * the thread, viewed and with zeros around, or where it is stored when neither is needed. Products
 * take lists of pointers: to the pixel under the first tap of each place, and to the place itself.
 * No patch is ever unrolled.
 */
#include "layers/correlation.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

enum {
    BAND_VALUES = 1 << 16, /* of a band, about: 256 KiB, a part of the second-level cache */
    BAND_PIXELS = 256,     /* of a band at least */
    FAR_VALUES  = 1 << 22  /* 16 MiB */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---------------------------------------------------------------- cutting */

/* Weights of a filter. */
static size_t patch_size(const skc_convolution *c)
{
    return (size_t)c->window.h.kernel * (size_t)c->window.w.kernel * c->c_in;
}

static size_t weight_count(const skc_convolution *c)
{
    return c->groups * c->c_out * patch_size(c);
}

/* Whether the gradient of the weights is summed up as (groups, patch, c_out): rows of c_out values
 * fill vectors better than what lies side by side in the input, as where it has 3 channels. */
static bool turns(const skc_convolution *c)
{
    const bool   joined = c->groups == 1 && c->window.w.dilation == 1;
    const size_t side   = c->c_in * (joined ? (size_t)c->window.w.kernel : 1);

    return 8 * skc__packed_size(c->c_out, side) > 9 * skc__packed_size(side, c->c_out);
}

/* How a call is cut. The buffers that a thread has stand in its scratch in this order. */
typedef struct cut {
    skc_convolution c; /* its window flat, where it can be */
    skc_reading     x, dz;
    skc_shape       in, out;
    size_t  height, rows, band_rows;     /* of places: of a picture, of all, of a band at most */
    size_t  x_floats, dz_floats, pixels; /* pixels: of a list, at most */
    int32_t parts;
    bool    far;    /* what is read does not stay in a last-level cache of the usual size */
    bool    turned; /* the gradient of the weights is (groups, patch, c_out) */
} cut;

/* A 1x1 kernel that reads each pixel once knows no rows: pictures become one pixel wide. */
static void flatten(skc_window *w, skc_shape *in, skc_shape *out)
{
    const int64_t pixels  = (int64_t)w->h.in * w->w.in;
    const int32_t padding = w->h.before + w->h.after + w->w.before + w->w.after;

    if (w->h.kernel > 1 || w->w.kernel > 1 || w->h.stride > 1 || w->w.stride > 1 || padding > 0 ||
        pixels > INT32_MAX)
        return;
    w->h.in = w->h.out = in->h = out->h = (int32_t)pixels;
    w->w.in = w->w.out = in->w = out->w = 1;
}

static cut start_cut(const skc_convolution *c)
{
    const skc_window *w = &c->window;
    cut               t = { .c = *c, .turned = turns(c) };

    t.in  = (skc_shape){ (int32_t)c->pictures, w->h.in, w->w.in, (int32_t)(c->groups * c->c_in) };
    t.out = (skc_shape){ t.in.n, w->h.out, w->w.out, (int32_t)(c->groups * c->c_out) };
    flatten(&t.c.window, &t.in, &t.out);
    return t;
}

/* Bands of about BAND_VALUES, but of BAND_PIXELS at least. */
static void end_cut(cut *t, size_t places_across)
{
    const skc_window *w      = &t->c.window;
    const size_t      work   = (size_t)w->h.kernel * (size_t)w->w.kernel * t->c.c_in * t->c.c_out;
    const size_t      fewest = (BAND_PIXELS + places_across - 1) / places_across;
    const size_t      x_row  = (size_t)t->in.w * (size_t)t->in.c;
    const size_t      values = (size_t)w->h.stride * x_row + (size_t)t->out.w * (size_t)t->out.c;

    t->rows      = t->c.pictures * t->height;
    t->band_rows = least(most(BAND_VALUES / values, fewest), t->rows);
    t->pixels    = t->band_rows * places_across;
    t->x_floats  = skc__band_floats(&t->x, t->band_rows, t->height, t->c.pictures);
    t->dz_floats = skc__band_floats(&t->dz, t->band_rows, t->height, t->c.pictures);
    t->far       = t->c.pictures * values * t->height > FAR_VALUES;
    t->parts     = skc__parts(t->c.threads, t->rows, places_across * work * t->c.groups);
}

static cut forward_cut(const skc_convolution *c, const skc_source *x)
{
    cut             t = start_cut(c);
    skc_correlation f = skc__forward_correlation(&t.c.window);

    t.x              = skc__reading(x);
    t.x.source.shape = t.in;
    skc__widen(&t.x, &f);
    t.height = (size_t)t.out.h;
    end_cut(&t, (size_t)t.out.w);
    return t;
}

/* Both gradients, or one, are computed from the same bands. */
static cut backward_cut(const skc_convolution *c, const skc_source *x, const skc_source *dz,
                        bool wants_data, bool wants_weights)
{
    cut             t        = start_cut(c);
    skc_window     *w        = &t.c.window;
    skc_correlation forward  = skc__forward_correlation(w);
    skc_correlation identity = skc__identity_correlation(t.out.h, t.out.w);
    skc_phases      phases   = skc__phases(w);
    size_t          down     = (size_t)((w->h.in - 1) / w->h.stride + 1);
    size_t          across   = (size_t)((w->w.in - 1) / w->w.stride + 1);

    t.x               = skc__reading(x);
    t.dz              = skc__reading(dz);
    t.x.source.shape  = t.in;
    t.dz.source.shape = t.out;
    if (wants_weights)
        skc__widen(&t.x, &forward);
    skc__widen(&t.dz, &identity);
    while (wants_data && skc__next_phase(&phases))
        skc__widen(&t.dz, &phases.phase);
    t.height = most(down, (size_t)t.out.h);
    end_cut(&t, most(across, (size_t)t.out.w));
    return t;
}

/* ---------------------------------------------------------------- scratch */

enum { LINE = 16 }; /* floats: what a part has starts at whole cache lines */

static size_t lines(size_t floats)
{
    return (floats + LINE - 1) / LINE * LINE;
}

/* What a part works with: bands, and two lists of pixels and one of places. */
typedef struct desk {
    float        *x, *dz;
    const float **left, **right;
    float       **out;
} desk;

static size_t list_floats(const cut *t)
{
    return lines(t->pixels * sizeof(void *) / sizeof(float));
}

static size_t desk_floats(const cut *t)
{
    return lines(t->x_floats) + lines(t->dz_floats) + 3 * list_floats(t);
}

static desk desk_at(const cut *t, float *scratch)
{
    desk   d    = { .x = scratch, .dz = scratch + lines(t->x_floats) };
    float *list = d.dz + lines(t->dz_floats);

    d.left  = (const float **)(void *)list;
    d.right = (const float **)(void *)(list + list_floats(t));
    d.out   = (float **)(void *)(list + 2 * list_floats(t));
    return d;
}

/* ---------------------------------------------------------------- calls */

/* One call, as its parts see it. */
typedef struct job {
    cut          cut;
    skc_packing  packing;
    const float *packed;
    float       *to_pack; /* NULL: packed before */
    float       *desks;
} job;

static void pack_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const job *j = call->config;

    (void)part;
    skc__pack_blocks(&j->packing, call->io->param[0], begin, end, j->to_pack);
}

/* Scratch is packed weights, where there are none prepared, then the parts' desks. */
static void start_job(job *j, const skc_layer_io *io, bool backward, const void *prepared)
{
    const skc_call call   = { j, io, NULL };
    float         *packed = io->scratch;
    size_t         blocks, floats;

    j->packing = skc__packing(io->kernels, &j->cut.c, backward);
    j->packed  = prepared;
    j->desks   = packed;
    if (prepared != NULL)
        return;
    blocks     = skc__packing_blocks(&j->packing);
    floats     = skc__packing_floats(&j->packing);
    j->packed  = packed;
    j->to_pack = packed;
    j->desks   = packed + lines(floats);
    skc__split(&call, skc__parts(io->threads, blocks, floats / blocks), blocks, pack_part);
}

static desk desk_of(const job *j, int32_t part)
{
    return desk_at(&j->cut, j->desks + (size_t)part * desk_floats(&j->cut));
}

/* Band `number` of the `count`, as even as can be, that rows begin..end-1 make. */
static skc_band band_of(const cut *t, size_t begin, size_t end, size_t number, size_t count)
{
    return (skc_band){ begin + (end - begin) * number / count,
                       begin + (end - begin) * (number + 1) / count, t->height };
}

static size_t bands_of(const cut *t, size_t begin, size_t end)
{
    return (end - begin + t->band_rows - 1) / t->band_rows;
}

/* ---------------------------------------------------------------- forward */

/* The band's outputs, still in the cache. */
static void tally_outputs(const cut *t, const skc_layer_io *io, const skc_band *b, int32_t part)
{
    const size_t across = (size_t)t->out.w, first = b->begin * across * (size_t)t->out.c;

    if (skc__tally_on(&io->tally))
        skc__tally_moments(&io->tally, io->kernels, part, (b->end - b->begin) * across,
                           io->out + first, io->out + first);
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const job            *j       = call->config;
    const cut            *t       = &j->cut;
    const skc_layer_io   *io      = call->io;
    const desk            d       = desk_of(j, part);
    const skc_correlation c       = skc__forward_correlation(&t->c.window);
    const size_t          count   = bands_of(t, begin, end);
    skc_product           product = {
                  .left = d.left, .out = d.out, .bias = io->param[1], .low = io->low, .high = io->high
    };

    for (size_t i = 0; i < count; i++) {
        const skc_band b = band_of(t, begin, end, i, count);

        skc__foresee_band(&t->x, &b, false);
        skc__fetch_band(&t->x, io->kernels, &b, d.x);
        product.m = skc__list_pixels(&t->x, &c, &b, d.x, d.left);
        skc__list_places(&c, &b, io->out, t->out, d.out);
        skc__multiply_band(&j->packing, &c, 0, j->packed, &t->x, product);
        tally_outputs(t, io, &b, part);
    }
}

void skc__direct_forward(const skc_convolution *c, const skc_layer_io *io)
{
    const skc_source x    = skc__input_source(io, 0);
    job              j    = { .cut = forward_cut(c, &x) };
    const skc_call   call = { &j, io, NULL };

    start_job(&j, io, false, io->prepared);
    skc__split(&call, j.cut.parts, j.cut.rows, forward_part);
}

/* ---------------------------------------------------------------- backward */

/* Rows of the input, or of its gradient, that are in one picture and belong to a band: value
 * `first` and the `count` values from there on. */
typedef struct piece {
    size_t first, count;
} piece;

/* Of the band's part that begins with place row `at`; returns where the next one does. */
static size_t piece_at(const cut *t, const skc_band *b, size_t at, piece *out)
{
    const int64_t     stride = t->c.window.h.stride, height = t->in.h;
    const size_t      row   = (size_t)t->in.w * (size_t)t->in.c;
    const skc_segment s     = skc__segment_at(b, at);
    const int64_t     end   = s.end * stride < height ? s.end * stride : height;
    const int64_t     begin = s.begin * stride < end ? s.begin * stride : end;

    out->first = (s.picture * (size_t)height + (size_t)begin) * row;
    out->count = (size_t)(end - begin) * row;
    return at + (size_t)(s.end - s.begin);
}

/* Sets the band's rows of the input's gradient to 0: of some pixels there is nothing else. */
static void clear_band(const cut *t, const skc_band *b, float *dx)
{
    piece p;

    for (size_t at = b->begin; at < b->end;) {
        at = piece_at(t, b, at, &p);
        memset(dx + p.first, 0, p.count * sizeof *dx);
    }
}

/* The band's rows of the input's gradient, still in the cache. */
static void tally_gradient(const cut *t, const skc_layer_io *io, const skc_layer_gradient *gradient,
                           const skc_band *b, int32_t part)
{
    const skc_input *x = &io->in[0];
    piece            p;

    for (size_t at = b->begin; at < b->end && skc__tally_on(&gradient->tally);) {
        at = piece_at(t, b, at, &p);
        if (p.count > 0)
            skc__tally_products(&gradient->tally, io->kernels, part, p.count / (size_t)t->in.c,
                                &x->view, x->data + p.first, gradient->in[0] + p.first);
    }
}

static void backward_data(const job *j, const skc_layer_gradient *gradient, const skc_band *b,
                          const desk *d)
{
    const cut  *t       = &j->cut;
    skc_phases  phases  = skc__phases(&t->c.window);
    skc_product product = { .left       = d->left,
                            .out        = d->out,
                            .accumulate = gradient->accumulate[0],
                            .low        = -INFINITY,
                            .high       = INFINITY };

    if (!gradient->accumulate[0] && !skc__phases_cover(&t->c.window))
        clear_band(t, b, gradient->in[0]);
    while (skc__next_phase(&phases)) {
        product.m = skc__list_pixels(&t->dz, &phases.phase, b, d->dz, d->left);
        skc__list_places(&phases.phase, b, gradient->in[0], t->in, d->out);
        skc__multiply_band(&j->packing, &phases.phase, phases.taps_before, j->packed, &t->dz,
                           product);
    }
}

/* Where a part adds up the gradient of the weights: in a copy of its own, but the first part in the
 * result itself, unless that has to be turned. */
static float *weights_of(const job *j, int32_t part, float *result)
{
    const size_t copy = (size_t)part - (j->cut.turned ? 0 : 1);

    if (part == 0 && !j->cut.turned)
        return result;
    return j->desks + (size_t)j->cut.parts * desk_floats(&j->cut) + copy * weight_count(&j->cut.c);
}

/* dw += the outer products of a group's gradients and what a run of taps reads, `length` values
 * that are x_offset behind the first. */
static void add_outer(const job *j, const desk *d, size_t pixels, size_t group, size_t tap,
                      size_t length, ptrdiff_t x_offset, skc_ahead *ahead, float *dw)
{
    const skc_convolution *c     = &j->cut.c;
    const size_t           patch = patch_size(c), filters = c->c_out;
    skc_outer              outer = { .m            = filters,
                                     .n            = length,
                                     .pixels       = pixels,
                                     .left         = d->left,
                                     .left_offset  = (ptrdiff_t)(group * filters),
                                     .right        = d->right,
                                     .right_offset = (ptrdiff_t)(group * c->c_in) + x_offset,
                                     .out          = dw + group * filters * patch + tap * c->c_in,
                                     .ld           = patch,
                                     .ahead        = ahead };

    if (j->cut.turned)
        outer = (skc_outer){ .m            = length,
                             .n            = filters,
                             .pixels       = pixels,
                             .left         = d->right,
                             .left_offset  = outer.right_offset,
                             .right        = d->left,
                             .right_offset = outer.left_offset,
                             .out          = dw + (group * patch + tap * c->c_in) * filters,
                             .ld           = filters,
                             .ahead        = ahead };
    j->packing.kernels->outer(&outer);
}

static void backward_weights(const job *j, const skc_band *b, const desk *d, skc_ahead *ahead,
                             float *dw)
{
    const cut            *t      = &j->cut;
    const skc_window     *w      = &t->c.window;
    const skc_correlation f      = skc__forward_correlation(w);
    const skc_correlation one    = skc__identity_correlation(t->out.h, t->out.w);
    const skc_tap_runs    runs   = skc__tap_runs(&t->x, &f, t->c.groups, t->c.c_in);
    const size_t          across = (size_t)f.w.taps / runs.joined;
    const size_t          pixels = skc__list_pixels(&t->dz, &one, b, d->dz, d->left);

    skc__list_pixels(&t->x, &f, b, d->x, d->right);
    for (size_t i = 0; i < t->c.groups * runs.count; i++) {
        const size_t row = i % runs.count / across, column = i % runs.count % across;
        const size_t tap = ((size_t)f.h.tap + row) * (size_t)w->w.kernel + (size_t)f.w.tap + column;

        add_outer(j, d, pixels, i / runs.count, tap, runs.length,
                  (ptrdiff_t)row * runs.row + (ptrdiff_t)column * runs.column, ahead, dw);
    }
}

/* Lists what a band of both gradients reads. */
static void look_ahead(const cut *t, const skc_band *b, skc_ahead *ahead)
{
    skc__band_ahead(&t->dz, b, ahead);
    skc__band_ahead(&t->x, b, ahead);
}

static void foresee(const cut *t, const skc_band *b, bool wants_weights)
{
    skc__foresee_band(&t->dz, b, t->far);
    if (wants_weights)
        skc__foresee_band(&t->x, b, t->far);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const job                *j        = call->config;
    const cut                *t        = &j->cut;
    const skc_kernels        *kernels  = call->io->kernels;
    const skc_layer_gradient *gradient = call->gradient;
    const desk                d        = desk_of(j, part);
    const size_t              count    = bands_of(t, begin, end);
    float *dw = gradient->param[0] == NULL ? NULL : weights_of(j, part, gradient->param[0]);

    if (dw != gradient->param[0])
        memset(dw, 0, weight_count(&t->c) * sizeof *dw);
    for (size_t i = 0; i < count; i++) {
        const skc_band b                = band_of(t, begin, end, i, count);
        skc_ahead      ahead[SKC_AHEAD] = { { NULL, 0 } };

        if (i == 0 || !t->far || dw == NULL)
            foresee(t, &b, dw != NULL);
        skc__fetch_band(&t->dz, kernels, &b, d.dz);
        if (dw != NULL) {
            const skc_band next = band_of(t, begin, end, i + 1, count);

            skc__fetch_band(&t->x, kernels, &b, d.x);
            if (t->far && i + 1 < count)
                look_ahead(t, &next, ahead);
            backward_weights(j, &b, &d, ahead, dw);
            skc__bring(ahead, true);
        }
        if (gradient->in[0] == NULL)
            continue;
        backward_data(j, gradient, &b, &d);
        tally_gradient(t, call->io, gradient, &b, part);
    }
}

/* Weights of filters begin..end-1: adds the parts' gradients, in their order. */
static void sum_weights(const skc_call *call, size_t begin, size_t end, int32_t number)
{
    const job             *j     = call->config;
    const skc_convolution *c     = &j->cut.c;
    const size_t           patch = patch_size(c);
    float                 *dw    = call->gradient->param[0];

    (void)number;
    for (int32_t part = j->cut.turned ? 0 : 1; part < j->cut.parts; part++) {
        const float *copy = weights_of(j, part, NULL);

        if (!j->cut.turned) {
            float *sum = dw + begin * patch;

            call->io->kernels->add((end - begin) * patch, sum, copy + begin * patch, sum);
            continue;
        }
        for (size_t filter = begin; filter < end; filter++) {
            const float *from = copy + filter / c->c_out * patch * c->c_out + filter % c->c_out;

            for (size_t i = 0; i < patch; i++)
                dw[filter * patch + i] += from[i * c->c_out];
        }
    }
}

void skc__direct_backward(const skc_convolution *c, const skc_layer_io *io,
                          const skc_layer_gradient *gradient)
{
    const skc_source x = skc__input_source(io, 0), dz = skc__gradient_source(io, gradient);
    const bool       data = gradient->in[0] != NULL, weights = gradient->param[0] != NULL;
    const size_t     filters = c->groups * c->c_out;
    job              j       = { .cut = backward_cut(c, &x, &dz, data, weights) };
    const skc_call   call    = { &j, io, gradient };
    int32_t          parts;

    if (!data && !weights)
        return;
    start_job(&j, io, true, data ? NULL : io->scratch); /* without dx no weights are read */
    skc__split(&call, j.cut.parts, j.cut.rows, backward_part);
    parts = skc__parts(io->threads, filters, patch_size(c) * (size_t)j.cut.parts);
    if (weights && (j.cut.parts > 1 || j.cut.turned))
        skc__split(&call, parts, filters, sum_weights);
}

/* ---------------------------------------------------------------- planning */

/* As large as any call needs it: nothing is read where it is stored. */
static cut planned_forward(const skc_convolution *c)
{
    const skc_source x = { .view = { .on = true } };

    return forward_cut(c, &x);
}

static cut planned_backward(const skc_convolution *c)
{
    const skc_source x = { .view = { .on = true } };

    return backward_cut(c, &x, &x, true, true);
}

size_t skc__direct_band_values(const skc_convolution *c)
{
    const cut t = c->training ? planned_backward(c) : planned_forward(c);

    return most(t.x_floats, t.dz_floats);
}

size_t skc__direct_prepared_bytes(const skc_convolution *c)
{
    const skc_packing packing = skc__packing(NULL, c, false);

    return skc__packing_floats(&packing) * sizeof(float);
}

size_t skc__direct_scratch_bytes(const skc_convolution *c)
{
    const cut         forward = planned_forward(c), backward = planned_backward(c);
    const skc_packing packing[] = { skc__packing(NULL, c, false), skc__packing(NULL, c, true) };
    size_t            floats    = (size_t)forward.parts * desk_floats(&forward);

    if (c->compact)
        floats += lines(skc__packing_floats(&packing[0]));
    if (c->training)
        floats = most(floats + lines(skc__packing_floats(&packing[0])),
                      lines(skc__packing_floats(&packing[1])) +
                          (size_t)backward.parts * desk_floats(&backward) +
                          (size_t)(backward.parts - (backward.turned ? 0 : 1)) * weight_count(c));
    return floats * sizeof(float);
}

void skc__direct_prepare(const skc_convolution *c, const skc_layer_io *io, void *prepared)
{
    const skc_packing packing = skc__packing(io->kernels, c, false);

    skc__pack_blocks(&packing, io->param[0], 0, skc__packing_blocks(&packing), prepared);
}

/* direct.c - convolution with any window: bands of rows, multiplied with packed weights.
 *
 * A band is some rows of places of a correlation (correlation.h), counted through all pictures, so
 * that a few hundred pixels share one pass over the weights. What it reads stands in a buffer of
 * the thread, viewed and with zeros around, or where it is stored when neither is needed. Products
 * take lists of pointers: to the pixel under the first tap of each place, and to the place itself.
 * No patch is ever unrolled.
 */
#include "layers/direct.h"
#include "layers/pooling.h"
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

size_t skc__direct_patch(const skc_convolution *c)
{
    return (size_t)c->window.h.kernel * (size_t)c->window.w.kernel * c->c_in;
}

size_t skc__direct_weights(const skc_convolution *c)
{
    return c->groups * c->c_out * skc__direct_patch(c);
}

/* Whether the gradient of the weights is summed up as (groups, patch, c_out): rows of c_out values
 * fill vectors better than what lies side by side in the input, as where it has 3 channels. */
static bool turns(const skc_convolution *c)
{
    const bool   joined = c->groups == 1 && c->window.w.dilation == 1;
    const size_t side   = c->c_in * (joined ? (size_t)c->window.w.kernel : 1);

    return 8 * skc__packed_size(c->c_out, side) > 9 * skc__packed_size(side, c->c_out);
}

/* A 1x1 kernel that reads each pixel once knows no rows, but a pool does: pictures become one pixel
 * wide. */
static void flatten(skc_convolution *c, skc_shape *in, skc_shape *out)
{
    skc_window   *w       = &c->window;
    const int64_t pixels  = (int64_t)w->h.in * w->w.in;
    const int32_t padding = w->h.before + w->h.after + w->w.before + w->w.after;

    if (c->pooling != NULL || w->h.kernel > 1 || w->w.kernel > 1 || w->h.stride > 1 ||
        w->w.stride > 1 || padding > 0 || pixels > INT32_MAX)
        return;
    w->h.in = w->h.out = in->h = out->h = (int32_t)pixels;
    w->w.in = w->w.out = in->w = out->w = 1;
}

static skc_direct_cut start_cut(const skc_convolution *c)
{
    const skc_window *w = &c->window;
    skc_direct_cut    t = { .c = *c, .turned = turns(c) };

    t.in  = (skc_shape){ (int32_t)c->pictures, w->h.in, w->w.in, (int32_t)(c->groups * c->c_in) };
    t.out = (skc_shape){ t.in.n, w->h.out, w->w.out, (int32_t)(c->groups * c->c_out) };
    flatten(&t.c, &t.in, &t.out);
    return t;
}

/* Bands of about BAND_VALUES, but of BAND_PIXELS at least. */
static void end_cut(skc_direct_cut *t, size_t places_across)
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

static skc_direct_cut forward_cut(const skc_convolution *c, const skc_source *x)
{
    skc_direct_cut  t = start_cut(c);
    skc_correlation f = skc__forward_correlation(&t.c.window);

    t.x              = skc__reading(x);
    t.x.source.shape = t.in;
    skc__widen(&t.x, &f);
    t.height = (size_t)t.out.h;
    end_cut(&t, (size_t)t.out.w);
    if (c->pooling != NULL)
        skc__direct_pool_cut(&t);
    return t;
}

skc_direct_cut skc__direct_backward_cut(const skc_convolution *c, const skc_source *x,
                                        const skc_source *dz, bool wants_data, bool wants_weights)
{
    skc_direct_cut  t        = start_cut(c);
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

static size_t list_floats(const skc_direct_cut *t)
{
    return lines(t->pixels * sizeof(void *) / sizeof(float));
}

size_t skc__direct_desk_floats(const skc_direct_cut *t)
{
    return lines(t->x_floats) + lines(t->dz_floats) + lines(t->strip_floats) + 3 * list_floats(t);
}

static skc_direct_desk desk_at(const skc_direct_cut *t, float *scratch)
{
    skc_direct_desk d = { .x = scratch, .dz = scratch + lines(t->x_floats) };
    float          *list;

    d.strip = d.dz + lines(t->dz_floats);
    list    = d.strip + lines(t->strip_floats);
    d.left  = (const float **)(void *)list;
    d.right = (const float **)(void *)(list + list_floats(t));
    d.out   = (float **)(void *)(list + 2 * list_floats(t));
    return d;
}

bool skc__direct_goes_past(size_t channels, skc_shape shape, const float *to)
{
    return skc__shape_count(shape) > FAR_VALUES && channels % LINE == 0 &&
           (uintptr_t)to % (LINE * sizeof *to) == 0;
}

/* ---------------------------------------------------------------- calls */

static void pack_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_direct_job *j = call->config;

    (void)part;
    skc__pack_blocks(&j->packing, call->io->param[0], begin, end, j->to_pack);
}

void skc__direct_start(skc_direct_job *j, const skc_layer_io *io, bool backward,
                       const void *prepared)
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

skc_direct_desk skc__direct_desk_of(const skc_direct_job *j, int32_t part)
{
    return desk_at(&j->cut, j->desks + (size_t)part * skc__direct_desk_floats(&j->cut));
}

skc_band skc__direct_band(const skc_direct_cut *t, size_t begin, size_t end, size_t number,
                          size_t count)
{
    return (skc_band){ begin + (end - begin) * number / count,
                       begin + (end - begin) * (number + 1) / count, t->height };
}

size_t skc__direct_bands(const skc_direct_cut *t, size_t begin, size_t end)
{
    return (end - begin + t->band_rows - 1) / t->band_rows;
}

/* ---------------------------------------------------------------- forward */

/* The band's outputs, still in the cache. */
static void tally_outputs(const skc_direct_cut *t, const skc_layer_io *io, const skc_band *b,
                          int32_t part)
{
    const size_t across = (size_t)t->out.w, first = b->begin * across * (size_t)t->out.c;

    if (skc__tally_on(&io->tally))
        skc__tally_moments(&io->tally, io->kernels, part, (b->end - b->begin) * across,
                           io->out + first, io->out + first);
}

void skc__direct_convolve(const skc_direct_job *j, const skc_layer_io *io, const skc_band *b,
                          const skc_band *next, const skc_direct_desk *d)
{
    const skc_direct_cut *t                = &j->cut;
    const skc_correlation c                = skc__forward_correlation(&t->c.window);
    skc_ahead             ahead[SKC_AHEAD] = { { NULL, 0 } };
    skc_product           product          = { .left   = d->left,
                                               .out    = d->out,
                                               .bias   = io->param[1],
                                               .low    = io->low,
                                               .high   = io->high,
                                               .ahead  = ahead,
                                               .stream = t->past };

    if (next != NULL)
        skc__band_ahead(&t->x, next, ahead);
    skc__fetch_band(&t->x, io->kernels, b, d->x);
    product.m = skc__list_pixels(&t->x, &c, b, d->x, d->left);
    skc__multiply_band(&j->packing, &c, 0, j->packed, &t->x, product);
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_direct_job *j     = call->config;
    const skc_direct_cut *t     = &j->cut;
    const skc_layer_io   *io    = call->io;
    const skc_direct_desk d     = skc__direct_desk_of(j, part);
    const skc_correlation c     = skc__forward_correlation(&t->c.window);
    const size_t          count = skc__direct_bands(t, begin, end);

    for (size_t i = 0; i < count; i++) {
        const skc_band b    = skc__direct_band(t, begin, end, i, count);
        const skc_band next = skc__direct_band(t, begin, end, i + 1, count);

        if (i == 0)
            skc__foresee_band(&t->x, &b, false);
        skc__list_places(&c, &b, io->out, t->out, d.out);
        skc__direct_convolve(j, io, &b, i + 1 < count ? &next : NULL, &d);
        tally_outputs(t, io, &b, part);
    }
}

void skc__direct_forward(const skc_convolution *c, const skc_layer_io *io)
{
    const skc_source x    = skc__input_source(io, 0);
    skc_direct_job   j    = { .cut = forward_cut(c, &x) };
    const skc_call   call = { &j, io, NULL };

    j.cut.past = c->pooling == NULL && !skc__tally_on(&io->tally) &&
                 skc__direct_goes_past(c->c_out, io->out_shape, io->out);
    skc__direct_start(&j, io, false, io->prepared);
    skc__split(&call, j.cut.parts, j.cut.rows,
               c->pooling != NULL ? skc__direct_pooled_part : forward_part);
}

/* ---------------------------------------------------------------- planning */

/* As large as any call needs it: nothing is read where it is stored. */
static skc_direct_cut planned_forward(const skc_convolution *c)
{
    const skc_source x = { .view = { .on = true } };

    return forward_cut(c, &x);
}

static skc_direct_cut planned_backward(const skc_convolution *c)
{
    const skc_source x = { .view = { .on = true } };

    return skc__direct_backward_cut(c, &x, &x, true, true);
}

size_t skc__direct_band_values(const skc_convolution *c)
{
    const skc_direct_cut t = c->training ? planned_backward(c) : planned_forward(c);

    return most(t.x_floats, t.dz_floats);
}

size_t skc__direct_prepared_bytes(const skc_convolution *c)
{
    const skc_packing packing = skc__packing(NULL, c, false);

    return skc__packing_floats(&packing) * sizeof(float);
}

size_t skc__direct_scratch_bytes(const skc_convolution *c)
{
    const skc_direct_cut forward = planned_forward(c), backward = planned_backward(c);
    const skc_packing    packing[] = { skc__packing(NULL, c, false), skc__packing(NULL, c, true) };
    size_t               floats    = (size_t)forward.parts * skc__direct_desk_floats(&forward);

    if (c->compact)
        floats += lines(skc__packing_floats(&packing[0]));
    if (c->training)
        floats =
            most(floats + lines(skc__packing_floats(&packing[0])),
                 lines(skc__packing_floats(&packing[1])) +
                     (size_t)backward.parts * skc__direct_desk_floats(&backward) +
                     (size_t)(backward.parts - (backward.turned ? 0 : 1)) * skc__direct_weights(c));
    return floats * sizeof(float);
}

void skc__direct_prepare(const skc_convolution *c, const skc_layer_io *io, void *prepared)
{
    const skc_packing packing = skc__packing(io->kernels, c, false);

    skc__pack_blocks(&packing, io->param[0], 0, skc__packing_blocks(&packing), prepared);
}

/* winograd.c - 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3), all three passes.
 *
 * A tile is 4x4 outputs, made from a window of 6x6 inputs. Windows and filters are transformed, and
 * for each of the 36 positions of a window all tiles are multiplied with all filters at once: a
 * product of matrices (tiles, k) (k, n), k being the channels read and n those written. Backward
 * data is the same with filters turned around; backward weights sums outer products over the tiles
 * instead.
 *
 * There are two ways round. Where tiles are many ("wide"), a thread takes a block of tiles through
 * the three stages while they are in its cache, and all filters are transformed once. Where filters
 * are many ("deep"), all tiles are transformed once, and a thread takes a chunk of the filters
 * through the rest: the transforms of the filters, four times as large as the filters, are then
 * never all there at a time.
 */
#include "layers/tally.h"
#include "layers/winograd_pass.h"

#include <math.h>
#include <string.h>

enum {
    TILE      = SKC_WINOGRAD_TILE,
    POSITIONS = SKC_WINOGRAD_POSITIONS,
    CHUNK     = SKC_WINOGRAD_CHUNK,
    TAPS      = SKC_WINOGRAD_TAPS
};

typedef skc_winograd_grid grid;
typedef skc_winograd_pass pass;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* ---------------------------------------------------------------- filters */

/* The filters of a chunk, turned around for backward data; weights (c_out, 3, 3, c_in). Position i
 * is packed from where position i + 1 will be packed to: the room has one position more. */
static void pack_chunk(const grid *g, const skc_kernels *kernels, const float *weights,
                       size_t chunk, float *packed)
{
    const size_t               n = skc__winograd_chunk(g, chunk), first = chunk * CHUNK;
    const size_t               step = skc__winograd_packed_step(g);
    const ptrdiff_t            k = (ptrdiff_t)g->k, all = (ptrdiff_t)g->n, zero = 0;
    const bool                 turned = g->direction == SKC_WINOGRAD_DATA;
    const skc_winograd_filters filters =
        turned ? (skc_winograd_filters){ g->k, n, TAPS * all, -all, step }
               : (skc_winograd_filters){ n, g->k, TAPS * k, k, step };
    skc_right right = { .runs        = 1,
                        .length      = g->k,
                        .n           = n,
                        .run         = &zero,
                        .length_step = turned ? (ptrdiff_t)n : 1,
                        .n_step      = turned ? 1 : k };

    weights += turned ? (TAPS - 1) * g->n + first : first * TAPS * g->k;
    kernels->winograd_filters(&filters, weights, packed + step);
    for (size_t i = 0; i < POSITIONS; i++, packed += step) {
        right.from = packed + step;
        kernels->pack_right(&right, packed);
    }
}

/* What all threads need to pack, into `packed`. */
typedef struct packing {
    grid   g;
    float *packed;
} packing;

static void pack_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const packing *p = call->config;

    (void)part;
    for (size_t chunk = begin; chunk < end; chunk++)
        pack_chunk(&p->g, call->io->kernels, call->io->param[0], chunk,
                   p->packed + chunk * skc__winograd_packed_chunk(&p->g));
}

static void pack_all(const grid *g, const skc_layer_io *io, float *packed)
{
    const packing  p    = { *g, packed };
    const skc_call call = { &p, io, NULL };

    skc__split(&call, g->chunk_parts, g->chunks, pack_part);
}

/* ---------------------------------------------------------------- forward and backward data */

/* What a part works on: `rows` rows of tiles from `row` on, chunks first..end-1 of the channels. */
typedef struct block {
    size_t       row, rows, first, end;
    float       *v, *m;
    const float *packed; /* of the first chunk */
} block;

static size_t width_of(const pass *p, const block *b)
{
    return least(b->end * CHUNK, p->g.n) - b->first * CHUNK;
}

/* What the part will read next is fetched a 36th at a time. */
static void prefetch_next(const pass *p, const block *b, size_t i)
{
    size_t next = b->row + b->rows;

    skc__winograd_prefetch(p, next, least(next + p->g.block, p->g.all_rows), i);
}

/* m = v times the filters, at each position */
static void multiply(const pass *p, const block *b, int32_t part)
{
    const grid     *g     = &p->g;
    const size_t    tiles = b->rows * g->columns, width = width_of(p, b);
    const ptrdiff_t none    = 0;
    float         **left    = skc__winograd_list(p, part, p->l.v_list, b->v, g->k, tiles);
    float         **out     = skc__winograd_list(p, part, p->l.m_list, b->m, width, tiles);
    skc_product     product = { .m      = tiles,
                                .runs   = 1,
                                .length = g->k,
                                .run    = &none,
                                .left   = (const float *const *)left,
                                .out    = out,
                                .low    = -INFINITY,
                                .high   = INFINITY };

    for (size_t i = 0; i < POSITIONS; i++) {
        prefetch_next(p, b, i);
        product.left_offset = (ptrdiff_t)(i * p->l.v_step);
        product.out_offset  = (ptrdiff_t)(i * p->l.m_step);
        product.right       = b->packed + i * skc__winograd_packed_step(g);
        for (size_t chunk = b->first; chunk < b->end; chunk++) {
            product.n = skc__winograd_chunk(g, chunk);
            p->io->kernels->product(&product);
            product.out_offset += CHUNK;
            product.right += skc__winograd_packed_chunk(g);
        }
    }
}

/* The outputs of row `at` of tiles, which stand in the strip. */
static void pool(const pass *p, size_t at, const float *strip)
{
    const skc_axis *down = &p->pooler.window.h;
    const size_t    top = at % p->g.rows * TILE, stride = (size_t)down->stride;
    const size_t    end = least((top + TILE) / stride, (size_t)down->out);

    skc__pool_rows(&p->pooler, at / p->g.rows, (int32_t)(top / stride), (int32_t)end, strip,
                   (int32_t)top);
}

/* The outputs of the block. */
static void finish(const pass *p, const block *b, int32_t part)
{
    const grid              *g     = &p->g;
    const size_t             first = b->first * CHUNK, line = g->width * g->n;
    const skc_winograd_tiles tiles = { .tiles         = g->columns,
                                       .channels      = width_of(p, b),
                                       .width         = (ptrdiff_t)g->width,
                                       .pixel_step    = g->n,
                                       .position_step = p->l.m_step };
    const float             *m     = b->m;
    float                   *strip = skc__winograd_own(p, part, p->l.strip);
    const bool               pools = p->pooler.y != NULL;
    skc_winograd_finish      how   = p->finish;

    how.bias = how.bias != NULL ? how.bias + first : NULL;
    for (size_t at = b->row; at < b->row + b->rows; at++, m += g->columns * tiles.channels) {
        size_t top = at % g->rows * TILE;
        float *to  = pools ? strip : p->out + (at / g->rows * g->height + top) * line + first;
        float *row[TILE];

        for (size_t i = 0; i < TILE; i++)
            row[i] = top + i < g->height ? to + i * line : NULL;
        p->io->kernels->winograd_output(&tiles, m, &how, row);
        if (pools)
            pool(p, at, strip);
    }
}

/* Pixels before row `at` of tiles. */
static size_t pixels_before(const grid *g, size_t at)
{
    return (at / g->rows * g->height + least(at % g->rows * TILE, g->height)) * g->width;
}

/* The block's outputs, of all channels, still in the cache. */
static void tally_block(const pass *p, const block *b, int32_t part)
{
    const size_t begin = pixels_before(&p->g, b->row);
    const size_t count = pixels_before(&p->g, b->row + b->rows) - begin, first = begin * p->g.n;

    if (!skc__tally_on(p->tally) || p->pooler.y != NULL)
        return;
    if (p->g.direction == SKC_WINOGRAD_FORWARD)
        skc__tally_moments(p->tally, p->io->kernels, part, count, p->out + first, p->out + first);
    else
        skc__tally_products(p->tally, p->io->kernels, part, count, &p->io->in[0].view,
                            p->io->in[0].data + first, p->out + first);
}

/* All windows, in the deep way, and for weights all gradients. */
static void transform_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p = call->config;

    skc__winograd_windows(p, begin, end, part,
                          skc__winograd_shared(p, p->l.v + begin * p->g.columns * p->g.k));
    if (p->g.direction == SKC_WINOGRAD_WEIGHTS)
        skc__winograd_gradients(p, begin, end, part,
                                skc__winograd_shared(p, p->l.m + begin * p->g.columns * p->g.n));
}

static void wide_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p = call->config;
    const grid *g = &p->g;
    block       b = { .end    = g->chunks,
                      .v      = skc__winograd_own(p, part, p->l.v),
                      .m      = skc__winograd_own(p, part, p->l.m),
                      .packed = g->packs ? skc__winograd_shared(p, p->l.packed) : p->prepared };

    for (b.row = begin; b.row < end; b.row += b.rows) {
        b.rows = least(g->block, end - b.row);
        skc__winograd_windows(p, b.row, b.row + b.rows, part, b.v);
        multiply(p, &b, part);
        finish(p, &b, part);
        tally_block(p, &b, part);
    }
}

static void deep_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p      = call->config;
    const grid *g      = &p->g;
    float      *packed = skc__winograd_own(p, part, p->l.packed);

    for (size_t chunk = begin; chunk < end; chunk++) {
        block b = { .rows   = g->all_rows,
                    .first  = chunk,
                    .end    = chunk + 1,
                    .v      = skc__winograd_shared(p, p->l.v),
                    .m      = skc__winograd_own(p, part, p->l.m),
                    .packed = packed };

        if (g->packs)
            pack_chunk(g, p->io->kernels, p->io->param[0], chunk, packed);
        else
            b.packed = p->prepared + chunk * skc__winograd_packed_chunk(g);
        multiply(p, &b, part);
        finish(p, &b, part);
    }
}

/* What is to be pooled or tallied is read again at once. In the deep way nobody has all channels of
 * a pixel: the tally is left to who asked for it. */
static void convolve(pass *p)
{
    const grid    *g    = &p->g;
    const skc_call call = { p, p->io, NULL };

    p->finish.stream &= p->pooler.y == NULL && (g->deep || !skc__tally_on(p->tally));
    if (g->deep) {
        skc__split(&call, g->row_parts, g->all_rows, transform_part);
        skc__split(&call, g->chunk_parts, g->chunks, deep_part);
        return;
    }
    if (g->packs)
        pack_all(g, p->io, skc__winograd_shared(p, p->l.packed));
    skc__split(&call, g->row_parts, g->all_rows, wide_part);
}

/* ---------------------------------------------------------------- backward weights */

/* du += the outer products of m, the gradient, and v */
static void sum_outer(const pass *p, const block *b, int32_t part)
{
    const grid  *g     = &p->g;
    const size_t tiles = b->rows * g->columns;
    float       *m     = b->m + b->first * CHUNK;
    float      **left  = skc__winograd_list(p, part, p->l.m_list, m, g->n, tiles);
    float      **right = skc__winograd_list(p, part, p->l.v_list, b->v, g->k, tiles);
    skc_outer    outer = { .m      = width_of(p, b),
                           .n      = g->k,
                           .pixels = tiles,
                           .left   = (const float *const *)left,
                           .right  = (const float *const *)right,
                           .out    = skc__winograd_own(p, part, p->l.du),
                           .ld     = g->k };

    for (size_t i = 0; i < POSITIONS; i++, outer.out += p->l.du_step) {
        prefetch_next(p, b, i);
        outer.left_offset  = (ptrdiff_t)(i * p->l.m_step);
        outer.right_offset = (ptrdiff_t)(i * p->l.v_step);
        p->io->kernels->outer(&outer);
    }
}

/* dw of filters first..first+count-1, from du of the same. */
static void leave_weights(const pass *p, const float *du, size_t first, size_t count)
{
    const ptrdiff_t            k       = (ptrdiff_t)p->g.k;
    const skc_winograd_filters filters = { count, p->g.k, TAPS * k, k, p->l.du_step };

    p->io->kernels->winograd_filters_gradient(&filters, du, p->out + first * TAPS * p->g.k);
}

static void clear_sums(const pass *p, int32_t part)
{
    memset(skc__winograd_own(p, part, p->l.du), 0, POSITIONS * p->l.du_step * sizeof(float));
}

static void wide_weights_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p = call->config;
    const grid *g = &p->g;
    block       b = { .end = g->chunks,
                      .v   = skc__winograd_own(p, part, p->l.v),
                      .m   = skc__winograd_own(p, part, p->l.m) };

    clear_sums(p, part);
    for (b.row = begin; b.row < end; b.row += b.rows) {
        b.rows = least(g->block, end - b.row);
        skc__winograd_windows(p, b.row, b.row + b.rows, part, b.v);
        skc__winograd_gradients(p, b.row, b.row + b.rows, part, b.m);
        sum_outer(p, &b, part);
    }
}

/* Filters begin..end-1: adds what the parts summed, in their order. */
static void leave_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p = call->config;

    (void)part;
    for (int32_t from = 0; from < p->g.row_parts; from++)
        leave_weights(p, skc__winograd_own(p, from, p->l.du + begin * p->g.k), begin, end - begin);
}

static void deep_weights_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const pass *p = call->config;
    const grid *g = &p->g;
    block       b = { .rows = g->all_rows,
                      .v    = skc__winograd_shared(p, p->l.v),
                      .m    = skc__winograd_shared(p, p->l.m) };

    for (b.first = begin; b.first < end; b.first++) {
        b.end = b.first + 1;
        clear_sums(p, part);
        sum_outer(p, &b, part);
        leave_weights(p, skc__winograd_own(p, part, p->l.du), b.first * CHUNK, width_of(p, &b));
    }
}

static void sum_weights(const pass *p)
{
    const grid    *g    = &p->g;
    const skc_call call = { p, p->io, NULL };

    if (g->deep) {
        skc__split(&call, g->row_parts, g->all_rows, transform_part);
        skc__split(&call, g->chunk_parts, g->chunks, deep_weights_part);
        return;
    }
    skc__split(&call, g->row_parts, g->all_rows, wide_weights_part);
    skc__split(&call, skc__parts(p->io->threads, g->n, POSITIONS * g->k), g->n, leave_part);
}

/* ---------------------------------------------------------------- doors */

/* The window must be this algorithm's, padded by less than itself. */
static bool has_form(const skc_convolution *c)
{
    const skc_axis axis[] = { c->window.h, c->window.w };
    bool           fits   = c->groups == 1;

    for (int i = 0; i < 2; i++)
        fits &= axis[i].kernel == 3 && axis[i].stride == 1 && axis[i].dilation == 1 &&
                axis[i].before <= 2 && axis[i].after <= 2;
    return fits;
}

/* Below, a direct convolution takes less time (docs/decisions/0009-winograd.md has the figures):
 * with few channels the transforms cost what the products save; so they do where less than half of
 * the tiles' pixels are in the picture; and where tiles are few, fetching the filters, which are
 * four times as large transformed, takes longer than multiplying. */
bool skc__winograd_suits(const skc_convolution *c)
{
    enum { FEWEST_CHANNELS = 16, CHANNELS_A_TILE = 32 };
    size_t rows    = divide_up((size_t)c->window.h.out, TILE);
    size_t columns = divide_up((size_t)c->window.w.out, TILE);
    size_t pixels  = (size_t)c->window.h.out * (size_t)c->window.w.out;
    size_t tiles   = most(c->planned_pictures, c->pictures) * rows * columns;

    return has_form(c) && least(c->c_in, c->c_out) >= FEWEST_CHANNELS &&
           2 * pixels >= TILE * TILE * rows * columns &&
           CHANNELS_A_TILE * tiles >= most(c->c_in, c->c_out);
}

bool skc__winograd_pools(const skc_convolution *c)
{
    const skc_winograd_grid g    = skc__winograd_grid(c, SKC_WINOGRAD_FORWARD, true);
    const skc_axis          down = skc__pool_window(c).h;

    return !g.deep && down.before == 0 && down.kernel == down.stride && TILE % down.stride == 0;
}

size_t skc__winograd_prepared_bytes(const skc_convolution *c)
{
    grid g = skc__winograd_grid(c, SKC_WINOGRAD_FORWARD, true);

    return g.chunks * skc__winograd_packed_chunk(&g) * sizeof(float);
}

size_t skc__winograd_scratch_bytes(const skc_convolution *c)
{
    if (!c->training)
        return skc__winograd_pass_bytes(c, SKC_WINOGRAD_FORWARD, true);
    return most(skc__winograd_pass_bytes(c, SKC_WINOGRAD_FORWARD, false),
                most(skc__winograd_pass_bytes(c, SKC_WINOGRAD_DATA, false),
                     skc__winograd_pass_bytes(c, SKC_WINOGRAD_WEIGHTS, false)));
}

void skc__winograd_prepare(const skc_convolution *c, const skc_layer_io *io, void *prepared)
{
    grid g = skc__winograd_grid(c, SKC_WINOGRAD_FORWARD, true);

    pack_all(&g, io, prepared);
}

void skc__winograd_forward(const skc_convolution *c, const skc_layer_io *io)
{
    pass p = skc__winograd_pass(c, io, SKC_WINOGRAD_FORWARD);

    p.source      = skc__input_source(io, 0);
    p.out         = io->out;
    p.finish.bias = io->param[1];
    p.finish.low  = io->low;
    p.finish.high = io->high;
    p.tally       = &io->tally;
    if (c->pooling != NULL)
        p.pooler = skc__pooler(c, io);
    convolve(&p);
}

static void backward_data(const skc_convolution *c, const skc_layer_io *io,
                          const skc_layer_gradient *gradient)
{
    pass p = skc__winograd_pass(c, io, SKC_WINOGRAD_DATA);

    p.source            = skc__convolution_gradient(c, io, gradient);
    p.out               = gradient->in[0];
    p.finish.accumulate = gradient->accumulate[0];
    p.tally             = &gradient->tally;
    convolve(&p);
}

static void backward_weights(const skc_convolution *c, const skc_layer_io *io,
                             const skc_layer_gradient *gradient)
{
    pass p = skc__winograd_pass(c, io, SKC_WINOGRAD_WEIGHTS);

    p.source   = skc__input_source(io, 0);
    p.gradient = skc__convolution_gradient(c, io, gradient);
    p.out      = gradient->param[0];
    sum_weights(&p);
}

void skc__winograd_backward(const skc_convolution *c, const skc_layer_io *io,
                            const skc_layer_gradient *gradient)
{
    if (gradient->param[0] != NULL)
        backward_weights(c, io, gradient);
    if (gradient->in[0] != NULL)
        backward_data(c, io, gradient);
}

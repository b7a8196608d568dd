/* winograd_pass.c - one pass of Winograd's algorithm: its tiles, its scratch, and the way of pixels
 * into the transformed world. */
#include "layers/winograd_pass.h"

#include <math.h>

enum {
    TILE      = SKC_WINOGRAD_TILE,
    WINDOW    = SKC_WINOGRAD_WINDOW,
    POSITIONS = SKC_WINOGRAD_POSITIONS,
    CHUNK     = SKC_WINOGRAD_CHUNK
};

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

/* ---------------------------------------------------------------- geometry */

/* Rows of a block: as many as leave the transformed tiles in the second-level cache, but enough
 * tiles to be worth fetching all filters for. */
static size_t block_of(const skc_winograd_grid *g)
{
    enum { CACHE = 512 * 1024, FEWEST = 32 };
    size_t tile  = POSITIONS * (g->k + g->n) * sizeof(float);
    size_t tiles = most(CACHE / tile, FEWEST);

    return g->deep ? g->all_rows : least(most(tiles / g->columns, 1), g->all_rows);
}

skc_winograd_grid skc__winograd_grid(const skc_convolution *c, skc_winograd_direction direction,
                                     bool prepared)
{
    const skc_axis   *h = &c->window.h, *w = &c->window.w;
    const bool        data = direction == SKC_WINOGRAD_DATA;
    skc_winograd_grid g    = { .direction = direction,
                               .k         = data ? c->c_out : c->c_in,
                               .n         = data ? c->c_in : c->c_out,
                               .packs     = data || (direction == SKC_WINOGRAD_FORWARD && !prepared),
                               .top       = data ? 2 - h->before : h->before,
                               .left      = data ? 2 - w->before : w->before,
                               .height    = (size_t)(data ? h->in : h->out),
                               .width     = (size_t)(data ? w->in : w->out) };
    size_t            work;

    g.rows        = divide_up(g.height, TILE);
    g.columns     = divide_up(g.width, TILE);
    g.all_rows    = c->pictures * g.rows;
    g.deep        = most(c->planned_pictures, c->pictures) * g.rows * g.columns < g.n;
    g.band        = WINDOW * (size_t)(data ? w->out : w->in) * g.k;
    g.block       = block_of(&g);
    g.chunks      = divide_up(g.n, CHUNK);
    work          = POSITIONS * g.k * g.n * g.columns;
    g.row_parts   = skc__parts(c->threads, g.all_rows, work);
    g.chunk_parts = skc__parts(c->threads, g.chunks, work / g.chunks * g.all_rows);
    if (direction == SKC_WINOGRAD_WEIGHTS)
        g.band = most(g.band, TILE * g.width * g.n);
    if (c->pooling != NULL && direction == SKC_WINOGRAD_FORWARD)
        g.strip = TILE * g.width * g.n;
    return g;
}

size_t skc__winograd_chunk(const skc_winograd_grid *g, size_t chunk)
{
    return least(CHUNK, g->n - chunk * CHUNK);
}

/* ---------------------------------------------------------------- scratch */

/* Floats of whole cache lines. */
static size_t lines(size_t count)
{
    return (count + 15) / 16 * 16;
}

/* From a position to the next: an odd number of cache lines, so that the 36 values of a tile do
 * not meet in one set of the cache. */
static size_t spread(size_t count)
{
    return ((count + 15) / 16 | 1) * 16;
}

size_t skc__winograd_packed_step(const skc_winograd_grid *g)
{
    return spread(skc__packed_size(g->k, least(CHUNK, g->n)));
}

size_t skc__winograd_packed_chunk(const skc_winograd_grid *g)
{
    return (POSITIONS + 1) * skc__winograd_packed_step(g);
}

static size_t claim(size_t *used, size_t count)
{
    size_t at = *used;

    *used += lines(count);
    return at;
}

static skc_winograd_layout make_layout(const skc_winograd_grid *g)
{
    const bool          weights  = g->direction == SKC_WINOGRAD_WEIGHTS;
    const size_t        tiles    = g->block * g->columns;
    const size_t        n        = g->deep ? least(CHUNK, g->n) : g->n;
    const size_t        pointers = divide_up(tiles * sizeof(float *), sizeof(float));
    skc_winograd_layout l        = { .v_step  = spread(tiles * g->k),
                                     .m_step  = spread(tiles * (weights ? g->n : n)),
                                     .du_step = spread(n * g->k) };

    if (g->packs && g->deep)
        l.packed = claim(&l.room, skc__winograd_packed_chunk(g));
    else if (g->packs)
        l.packed = claim(&l.shared, g->chunks * skc__winograd_packed_chunk(g));
    if (weights)
        l.du = claim(&l.room, POSITIONS * l.du_step);
    l.v      = claim(g->deep ? &l.shared : &l.room, POSITIONS * l.v_step);
    l.m      = claim(g->deep && weights ? &l.shared : &l.room, POSITIONS * l.m_step);
    l.band   = claim(&l.room, g->band);
    l.strip  = claim(&l.room, g->strip);
    l.v_list = claim(&l.room, pointers);
    l.m_list = claim(&l.room, pointers);
    return l;
}

static size_t parts_of(const skc_winograd_grid *g)
{
    return (size_t)(g->row_parts > g->chunk_parts ? g->row_parts : g->chunk_parts);
}

size_t skc__winograd_pass_bytes(const skc_convolution *c, skc_winograd_direction direction,
                                bool prepared)
{
    skc_winograd_grid   g = skc__winograd_grid(c, direction, prepared);
    skc_winograd_layout l = make_layout(&g);

    return (l.shared + parts_of(&g) * l.room) * sizeof(float);
}

float *skc__winograd_shared(const skc_winograd_pass *p, size_t at)
{
    return (float *)p->io->scratch + at;
}

float *skc__winograd_own(const skc_winograd_pass *p, int32_t part, size_t at)
{
    return skc__winograd_shared(p, p->l.shared + (size_t)part * p->l.room + at);
}

float **skc__winograd_list(const skc_winograd_pass *p, int32_t part, size_t list, float *first,
                           size_t step, size_t count)
{
    float **to = (float **)(void *)skc__winograd_own(p, part, list);

    for (size_t i = 0; i < count; i++)
        to[i] = first + i * step;
    return to;
}

skc_winograd_pass skc__winograd_pass(const skc_convolution *c, const skc_layer_io *io,
                                     skc_winograd_direction direction)
{
    const float      *prepared = direction == SKC_WINOGRAD_FORWARD ? io->prepared : NULL;
    skc_winograd_pass p        = { .io       = io,
                                   .g        = skc__winograd_grid(c, direction, prepared != NULL),
                                   .prepared = prepared };

    p.l      = make_layout(&p.g);
    p.finish = (skc_winograd_finish){ .low    = -INFINITY,
                                      .high   = INFINITY,
                                      .stream = skc__winograd_is_far(c->pictures * p.g.height *
                                                                     p.g.width * p.g.n) };
    return p;
}

/* ---------------------------------------------------------------- into the transformed world */

/* What is transformed: `side` rows of `c` channels for each row of tiles. */
typedef struct reading {
    const skc_source *source;
    size_t            side, c;
    int32_t           top, left;
    void (*transform)(const skc_winograd_tiles *tiles, const float *const *row, float *to);
} reading;

/* Fetches rows y..end-1 of a picture to their places in the band, as many in a row as are. */
static void fetch_rows(const skc_winograd_pass *p, const reading *r, size_t picture, int32_t y,
                       int32_t end, float *band)
{
    const size_t values = (size_t)r->source->shape.w * r->c;

    for (int32_t count; y < end; y += count) {
        const size_t place = (size_t)y % r->side;

        count = (int32_t)least((size_t)(end - y), r->side - place);
        skc__fetch_rows(p->io->kernels, r->source, picture, y, count, 0, 0, r->c,
                        band + place * values);
    }
}

/* Rows of pixels as they are stored, or viewed into the band, where row y of the picture has place
 * y % side: two rows of windows have two rows of pixels in common. */
static void find_rows(const skc_winograd_pass *p, const reading *r, size_t at, bool fresh,
                      float *band, const float *row[])
{
    const skc_shape shape   = r->source->shape;
    const size_t    values  = (size_t)shape.w * r->c;
    const size_t    picture = at / p->g.rows;
    const int32_t   first   = (int32_t)(at % p->g.rows * TILE) - r->top;
    const int32_t   end   = first + (int32_t)r->side < shape.h ? first + (int32_t)r->side : shape.h;
    const int32_t   next  = fresh ? first : first + (int32_t)r->side - TILE;
    const bool      plain = skc__source_is_plain(r->source);
    const float    *stored = r->source->data + picture * (size_t)shape.h * values;

    if (!plain)
        fetch_rows(p, r, picture, next > 0 ? next : 0, end, band);
    for (int32_t y = first; y < first + (int32_t)r->side; y++, row++)
        if (y < 0 || y >= shape.h)
            *row = NULL;
        else
            *row = plain ? stored + (size_t)y * values : band + (size_t)y % r->side * values;
}

/* Rows of tiles begin..end-1; to: where position 0 of the first tile goes. */
static void transform_rows(const skc_winograd_pass *p, const reading *r, size_t begin, size_t end,
                           float *band, size_t step, float *to)
{
    const skc_winograd_grid *g     = &p->g;
    const skc_winograd_tiles tiles = { .tiles         = g->columns,
                                       .channels      = r->c,
                                       .first         = -r->left,
                                       .width         = r->source->shape.w,
                                       .pixel_step    = r->c,
                                       .position_step = step };
    const float             *row[WINDOW];

    for (size_t at = begin; at < end; at++, to += g->columns * r->c) {
        find_rows(p, r, at, at == begin || at % g->rows == 0, band, row);
        r->transform(&tiles, row, to);
    }
}

void skc__winograd_windows(const skc_winograd_pass *p, size_t begin, size_t end, int32_t part,
                           float *v)
{
    const reading r = { &p->source, WINDOW,    p->g.k,
                        p->g.top,   p->g.left, p->io->kernels->winograd_input };

    transform_rows(p, &r, begin, end, skc__winograd_own(p, part, p->l.band), p->l.v_step, v);
}

void skc__winograd_gradients(const skc_winograd_pass *p, size_t begin, size_t end, int32_t part,
                             float *m)
{
    const reading r = { &p->gradient, TILE, p->g.n, 0, 0, p->io->kernels->winograd_gradient };

    transform_rows(p, &r, begin, end, skc__winograd_own(p, part, p->l.band), p->l.m_step, m);
}

bool skc__winograd_is_far(size_t floats)
{
    enum { NEAR = 8 << 20 }; /* bytes: a quarter of a usual third-level cache */

    return floats > NEAR / sizeof(float);
}

/* Values of a source before row `at` of tiles. */
static size_t values_before(const skc_winograd_pass *p, const skc_source *s, size_t at)
{
    size_t height = (size_t)s->shape.h, row = at % p->g.rows * TILE;

    return (at / p->g.rows * height + least(row, height)) * (size_t)s->shape.w * (size_t)s->shape.c;
}

static void prefetch_source(const skc_winograd_pass *p, const skc_source *s, size_t begin,
                            size_t end, size_t i)
{
    const size_t first = values_before(p, s, begin), all = values_before(p, s, end) - first;
    const size_t last = first + all * (i + 1) / POSITIONS;

    for (size_t at = first + all * i / POSITIONS; at < last && !s->unpooling.on; at += 16) {
        __builtin_prefetch(s->data + at, 0, 2);
        if (s->gradient_view.after.on)
            __builtin_prefetch(s->z + at, 0, 2);
    }
}

void skc__winograd_prefetch(const skc_winograd_pass *p, size_t begin, size_t end, size_t i)
{
    if (skc__winograd_is_far(skc__pixels(p->source.shape) * p->g.k))
        prefetch_source(p, &p->source, begin, end, i);
    if (p->g.direction == SKC_WINOGRAD_WEIGHTS &&
        skc__winograd_is_far(skc__pixels(p->gradient.shape) * p->g.n))
        prefetch_source(p, &p->gradient, begin, end, i);
}

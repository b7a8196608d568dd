/* direct_pooled.c - a convolution with any window, and the max_pool behind it: its outputs stand in
 * a strip of the thread, some rows of a picture, and only what is pooled is stored. */
#include "layers/direct.h"
#include "layers/pooling.h"

#include <string.h>

/* Bands as large as before, but of whole windows. */
void skc__direct_pool_cut(skc_direct_cut *t)
{
    const skc_window pool   = skc__pool_window(&t->c);
    const size_t     row    = (size_t)t->out.w * (size_t)t->out.c;
    const size_t     stride = (size_t)pool.h.stride, height = (size_t)pool.h.out;
    const size_t     work    = skc__direct_patch(&t->c) * row; /* of a row of outputs */
    size_t           windows = t->band_rows / stride;

    windows         = windows < 1 ? 1 : windows > height ? height : windows;
    t->windows      = (int32_t)windows;
    t->band_rows    = (windows - 1) * stride + (size_t)pool.h.kernel;
    t->band_rows    = t->band_rows < t->height ? t->band_rows : t->height;
    t->pixels       = t->band_rows * (size_t)t->out.w;
    t->x_floats     = skc__band_floats(&t->x, t->band_rows, t->height, t->c.pictures);
    t->strip_floats = t->band_rows * row;
    t->rows         = t->c.pictures * height;
    t->parts        = skc__parts(t->c.threads, t->rows, stride * work);
}

/* Rows first..end-1 of a picture's outputs, one behind the other. */
typedef struct strip {
    float  *values;
    int32_t first, end;
} strip;

/* Rows before `first` are no longer needed. */
static void move_up(strip *s, int32_t first, size_t row)
{
    if (first < s->end)
        memmove(s->values, s->values + (size_t)(first - s->first) * row,
                (size_t)(s->end - first) * row * sizeof *s->values);
    else
        s->end = first;
    s->first = first;
}

/* Makes the rows up to `end` of a picture. */
static void extend(const skc_direct_job *j, const skc_layer_io *io, size_t picture, int32_t end,
                   const skc_direct_desk *d, strip *s)
{
    const skc_direct_cut *t     = &j->cut;
    const skc_correlation c     = skc__forward_correlation(&t->c.window);
    const size_t          begin = picture * t->height;
    const skc_band        b     = { begin + (size_t)s->end, begin + (size_t)end, t->height };
    const skc_band  local = { (size_t)(s->end - s->first), (size_t)(end - s->first), t->height };
    const skc_shape shape = { 1, t->out.h, t->out.w, t->out.c };

    if (end <= s->end)
        return;
    skc__list_places(&c, &local, s->values, shape, d->out);
    skc__foresee_band(&t->x, &b, false);
    skc__direct_convolve(j, io, &b, NULL, d);
    s->end = end;
}

/* Rows begin..end-1 of a picture's pool. */
static void pool_picture(const skc_direct_job *j, const skc_layer_io *io, const skc_pooler *pooler,
                         size_t picture, int32_t begin, int32_t end, const skc_direct_desk *d)
{
    const skc_axis *down = &pooler->window.h;
    const size_t    row  = (size_t)j->cut.out.w * (size_t)j->cut.out.c;
    strip           s    = { .values = d->strip };

    for (int32_t next; begin < end; begin = next) {
        skc_taps top, last;

        next = end - begin < j->cut.windows ? end : begin + j->cut.windows;
        top  = skc__taps(down, begin);
        last = skc__taps(down, next - 1);
        move_up(&s, top.origin + top.first, row);
        extend(j, io, picture, last.origin + last.end, d, &s);
        skc__pool_rows(pooler, picture, begin, next, s.values, s.first);
    }
}

/* Rows begin..end-1 of the pool, counted through all pictures. */
void skc__direct_pooled_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_direct_job *j      = call->config;
    const skc_pooler      pooler = skc__pooler(&j->cut.c, call->io);
    const skc_direct_desk d      = skc__direct_desk_of(j, part);
    const skc_band        rows   = { begin, end, (size_t)pooler.window.h.out };
    skc_segment           s;

    for (size_t at = begin; at < end; at += (size_t)(s.end - s.begin)) {
        s = skc__segment_at(&rows, at);
        pool_picture(j, call->io, &pooler, s.picture, s.begin, s.end, &d);
    }
}

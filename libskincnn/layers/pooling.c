/* pooling.c - max pooling by the layer before, which has the rows that are pooled in a near cache.
 */
#include "layers/pooling.h"

#include <math.h>

skc_max_pool skc__pool_row(const skc_window *window, int32_t channels)
{
    return (skc_max_pool){ .channels  = channels,
                           .width_in  = window->w.in,
                           .width_out = window->w.out,
                           .kernel_h  = window->h.kernel,
                           .kernel_w  = window->w.kernel,
                           .stride    = window->w.stride,
                           .pad_left  = window->w.before,
                           .low       = -INFINITY,
                           .high      = INFINITY };
}

static skc_shape outputs_of(const skc_convolution *c)
{
    return (skc_shape){ (int32_t)c->pictures, c->window.h.out, c->window.w.out,
                        (int32_t)(c->groups * c->c_out) };
}

skc_window skc__pool_window(const skc_convolution *c)
{
    return skc__window(c->pooling, outputs_of(c));
}

skc_pooler skc__pooler(const skc_convolution *c, const skc_layer_io *io)
{
    return (skc_pooler){ .kernels  = io->kernels,
                         .window   = skc__pool_window(c),
                         .channels = outputs_of(c).c,
                         .y        = io->out,
                         .chosen   = io->pooling.chosen };
}

void skc__pool_rows(const skc_pooler *p, size_t picture, int32_t begin, int32_t end,
                    const float *strip, int32_t first)
{
    const skc_max_pool g      = skc__pool_row(&p->window, p->channels);
    const size_t       row    = (size_t)p->window.w.in * (size_t)p->channels;
    const size_t       values = (size_t)p->window.w.out * (size_t)p->channels;
    const float       *rows[SKC_MAX_KERNEL];

    for (int32_t i = begin; i < end; i++) {
        const skc_taps down = skc__taps(&p->window.h, i);
        const size_t   at   = (picture * (size_t)p->window.h.out + (size_t)i) * values;

        for (int32_t k = 0; k < p->window.h.kernel; k++)
            rows[k] = k >= down.first && k < down.end
                          ? strip + (size_t)(down.origin + k - first) * row
                          : NULL;
        p->kernels->max_pool_forward(&g, rows, p->y + at,
                                     p->chosen != NULL ? p->chosen + at : NULL);
    }
}

skc_source skc__convolution_gradient(const skc_convolution *c, const skc_layer_io *io,
                                     const skc_layer_gradient *gradient)
{
    skc_source source = skc__gradient_source(io, gradient);

    if (c->pooling == NULL)
        return source;
    source.shape = outputs_of(c);
    source.unpooling =
        (skc_unpooling){ .on = true, .window = skc__pool_window(c), .chosen = io->pooling.chosen };
    return source;
}

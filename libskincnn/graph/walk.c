/* walk.c - forward and backward over a graph's nodes. */
#include <string.h>

#include "graph/workspace.h"
#include "layers/tally.h"

/* What node i's layer says of its output and of its gradient, with the clamp fused behind it. */
static skc_gradient_view view_of(const skc_workspace *w, int32_t i)
{
    const skc_node   *node = &w->graph->nodes[i];
    skc_gradient_view view = { .after = {
                                   .on = true, .low = w->fused[i].low, .high = w->fused[i].high } };

    if (node->ops->as_gradient_view != NULL)
        node->ops->as_gradient_view(w->saved[i], node->plan.out.c, &view);
    return view;
}

static skc_input input_of(const skc_workspace *w, const skc_walk *walk, int32_t tensor)
{
    bool      given = tensor == 0 && walk->input != NULL;
    skc_input input = { .data  = given ? walk->input : w->value[tensor],
                        .shape = skc__graph_shape(w->graph, tensor, walk->n) };

    if (tensor > 0 && w->fused[tensor - 1].view >= 0)
        input.view = view_of(w, w->fused[tensor - 1].view).after;
    return input;
}

/* Whether others may make the sums of node i, a batchnorm: not where it uses none, and not where
 * the second-level cache holds all that it sums up. */
static bool tallies(const skc_workspace *w, const skc_walk *walk, int32_t i)
{
    enum { FEWEST = 1 << 18 };

    return walk->training && !w->frozen[i] &&
           skc__shape_count(skc__graph_shape(w->graph, i + 1, walk->n)) >= FEWEST;
}

/* Its tally, cleared for who writes; none for -1. */
static skc_tally offer_tally(const skc_workspace *w, const skc_walk *walk, int32_t i)
{
    skc_tally tally = { .parts = 0 };

    if (i < 0 || !tallies(w, walk, i))
        return tally;
    tally =
        w->graph->nodes[i].ops->as_tally(w->saved[i], w->graph->nodes[i].plan.out.c, w->threads);
    skc__tally_clear(&tally);
    return tally;
}

static void fill_io(const skc_workspace *w, const skc_walk *walk, int32_t i, skc_layer_io *io)
{
    const skc_node *node = &w->graph->nodes[i];
    const int32_t   pool = w->fused[i].pool;

    memset(io, 0, sizeof *io);
    io->kernels          = w->kernels;
    io->threads          = w->threads;
    io->pool             = w->pool;
    io->compact          = w->compact;
    io->planned_pictures = w->planned_pictures;
    io->training         = walk->training && !w->frozen[i];
    io->seed             = walk->seed + (uint64_t)i;
    io->n_in             = node->n_in;
    for (int32_t k = 0; k < node->n_in; k++)
        io->in[k] = input_of(w, walk, node->in[k]);
    io->out       = skc__is_unstored(w->fused, i) ? NULL : w->value[i + 1];
    io->out_shape = skc__graph_shape(w->graph, (pool >= 0 ? pool : i) + 1, walk->n);
    io->low       = w->fused[i].low;
    io->high      = w->fused[i].high;
    for (int32_t p = 0; p < node->plan.param_count; p++) {
        io->param[p] = walk->param[node->first_param + p];
        io->stat[p] = io->training && walk->stat != NULL ? walk->stat[node->first_param + p] : NULL;
    }
    if (pool >= 0)
        io->pooling = (skc_pooling){ w->graph->nodes[pool].config, w->saved[pool] };
    io->saved    = w->saved[i];
    io->scratch  = w->scratch;
    io->prepared = w->prepared[i];
}

void skc__prepare(const skc_workspace *workspace, const float *const *param)
{
    const skc_walk walk = { .n = workspace->max_batch, .param = param };
    skc_layer_io   io;

    for (int32_t i = 0; i < workspace->graph->node_count; i++) {
        if (workspace->prepared[i] == NULL)
            continue;
        fill_io(workspace, &walk, i, &io);
        workspace->graph->nodes[i].ops->prepare(workspace->graph->nodes[i].config, &io,
                                                workspace->prepared[i]);
    }
}

void skc__forward(const skc_workspace *workspace, const skc_walk *walk)
{
    skc_layer_io io;

    for (int32_t i = 0; i < workspace->graph->node_count; i++) {
        const skc_node *node = &workspace->graph->nodes[i];

        if (workspace->fused[i].skipped)
            continue;
        fill_io(workspace, walk, i, &io);
        io.tally   = offer_tally(workspace, walk, workspace->fused[i].tally);
        io.tallied = workspace->fused[i].tallied && tallies(workspace, walk, i);
        node->ops->forward(node->config, &io);
        if (walk->see != NULL)
            walk->see(walk->user, i + 1, io.out, skc__shape_count(io.out_shape));
    }
}

static void fill_gradient(const skc_workspace *w, int32_t i, float *const *param_gradient,
                          skc_layer_gradient *gradient)
{
    const skc_node  *node  = &w->graph->nodes[i];
    const skc_fused *fused = &w->fused[i];

    memset(gradient, 0, sizeof *gradient);
    gradient->out = w->gradient[i + 1];
    if (fused->gradient_view >= 0)
        gradient->out_view = view_of(w, fused->gradient_view);
    else if (node->ops->reads_gradient_views && skc__is_clamped(w->fused, i))
        gradient->out_view = view_of(w, i);
    for (int32_t k = 0; k < node->n_in; k++) {
        gradient->in[k]         = w->gradient[node->in[k]];
        gradient->accumulate[k] = w->accumulate[i][k];
    }
    if (skc__passes_gradient(w->graph, w->fused, i))
        gradient->in[0] = NULL;
    for (int32_t p = 0; p < node->plan.param_count; p++)
        gradient->param[p] = w->frozen[i] ? NULL : param_gradient[node->first_param + p];
}

void skc__backward(const skc_workspace *workspace, const skc_walk *walk,
                   float *const *param_gradient)
{
    skc_layer_io       io;
    skc_layer_gradient gradient;

    for (int32_t i = workspace->graph->node_count - 1; i >= 0; i--) {
        const skc_node *node = &workspace->graph->nodes[i];

        if (workspace->gradient[i + 1] == NULL || workspace->fused[i].skipped)
            continue;
        fill_io(workspace, walk, i, &io);
        fill_gradient(workspace, i, param_gradient, &gradient);
        gradient.tally = offer_tally(workspace, walk, workspace->fused[i].gradient_tally);
        io.tallied     = workspace->fused[i].gradient_tallied && tallies(workspace, walk, i);
        node->ops->backward(node->config, &io, &gradient);
    }
}

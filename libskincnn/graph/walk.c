/* walk.c - forward and backward over a graph's nodes. */
#include <string.h>

#include "graph/workspace.h"

static void fill_io(const skc_workspace *w, const skc_walk *walk, int32_t i, skc_layer_io *io)
{
    const skc_node *node = &w->graph->nodes[i];

    memset(io, 0, sizeof *io);
    io->kernels          = w->kernels;
    io->threads          = w->threads;
    io->planned_pictures = w->max_batch;
    io->training         = walk->training && !w->frozen[i];
    io->seed             = walk->seed + (uint64_t)i;
    io->n_in             = node->n_in;
    for (int32_t k = 0; k < node->n_in; k++) {
        io->in[k].data  = w->value[node->in[k]];
        io->in[k].shape = skc__graph_shape(w->graph, node->in[k], walk->n);
    }
    io->out       = w->value[i + 1];
    io->out_shape = skc__graph_shape(w->graph, i + 1, walk->n);
    io->low       = node->low;
    io->high      = node->high;
    for (int32_t p = 0; p < node->plan.param_count; p++) {
        io->param[p] = walk->param[node->first_param + p];
        io->stat[p] = io->training && walk->stat != NULL ? walk->stat[node->first_param + p] : NULL;
    }
    io->saved   = w->saved[i];
    io->scratch = w->scratch;
}

void skc__forward(const skc_workspace *workspace, const skc_walk *walk)
{
    skc_layer_io io;

    for (int32_t i = 0; i < workspace->graph->node_count; i++) {
        const skc_node *node = &workspace->graph->nodes[i];

        fill_io(workspace, walk, i, &io);
        node->ops->forward(node->config, &io);
    }
}

void skc__backward(const skc_workspace *workspace, const skc_walk *walk,
                   float *const *param_gradient)
{
    skc_layer_io       io;
    skc_layer_gradient gradient;

    for (int32_t i = workspace->graph->node_count - 1; i >= 0; i--) {
        const skc_node *node = &workspace->graph->nodes[i];

        if (workspace->gradient[i + 1] == NULL)
            continue;
        fill_io(workspace, walk, i, &io);
        memset(&gradient, 0, sizeof gradient);
        gradient.out = workspace->gradient[i + 1];
        for (int32_t k = 0; k < node->n_in; k++) {
            gradient.in[k]         = workspace->gradient[node->in[k]];
            gradient.accumulate[k] = workspace->accumulate[i][k];
        }
        for (int32_t p = 0; p < node->plan.param_count; p++)
            gradient.param[p] = workspace->frozen[i] ? NULL : param_gradient[node->first_param + p];
        node->ops->backward(node->config, &io, &gradient);
    }
}

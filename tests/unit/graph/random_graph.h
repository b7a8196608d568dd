/* random_graph.h - architecture texts of random graphs, for the tests of planning and fusion. */
#ifndef RANDOM_GRAPH_H
#define RANDOM_GRAPH_H

#include <stdio.h>
#include <string.h>

#include "core/random.h"

enum { RANDOM_LAYERS = 18, RANDOM_TEXT = 8192 };

typedef struct random_graph {
    skc_random random;
    char       text[RANDOM_TEXT];
    bool       read[RANDOM_LAYERS + 1]; /* layer i's output has a reader; the last one: input */
} random_graph;

/* Layers that keep the shape, with what follows "type". */
static const char *const random_types[] = {
    "conv2d\",\"filters\":3,\"kernel\":3,\"padding\":\"same\"",
    "conv2d\",\"filters\":3,\"kernel\":1,\"bias\":false",
    "depthwise_conv2d\",\"kernel\":3,\"padding\":\"same\",\"bias\":false",
    "batchnorm\"",
    "batchnorm\"",
    "batchnorm\"",
    "relu\"",
    "relu6\"",
    "add\"",
    "dropout\",\"rate\":0.25",
    "max_pool\",\"kernel\":3,\"stride\":1,\"padding\":\"same\"",
    "sigmoid\"",
};

static inline void append_input(random_graph *g, int32_t from)
{
    size_t used = strlen(g->text);

    if (from < 0)
        snprintf(g->text + used, RANDOM_TEXT - used, "\"input\"");
    else
        snprintf(g->text + used, RANDOM_TEXT - used, "\"n%d\"", from);
    g->read[from < 0 ? RANDOM_LAYERS : from] = true;
}

/* Mostly the layer before, so that there are chains to fuse. */
static inline int32_t random_input(random_graph *g, int32_t layer)
{
    return skc__random_below(&g->random, 4) > 0
               ? layer - 1
               : (int32_t)skc__random_below(&g->random, (uint32_t)layer + 1) - 1;
}

static inline void append(random_graph *g, const char *piece)
{
    size_t used = strlen(g->text);

    snprintf(g->text + used, RANDOM_TEXT - used, "%s", piece);
}

/* What nobody reads goes into one sum or more, and from there to three logits. */
static inline void append_end(random_graph *g)
{
    char    name[64], sum[16] = "";
    int32_t inputs = 0, sums = 0;

    for (int32_t i = 0; i < RANDOM_LAYERS; i++) {
        bool last = i == RANDOM_LAYERS - 1;

        if (g->read[i] && !last)
            continue;
        if (inputs++ == 0) {
            snprintf(name, sizeof name, "{\"name\":\"s%d\",\"type\":\"add\",\"inputs\":[%s%s", sums,
                     sum, sums > 0 ? "," : "");
            append(g, name);
        } else {
            append(g, ",");
        }
        append_input(g, i);
        if (inputs == 7 || last) {
            append(g, inputs == 1 && sums == 0 ? ",\"n0\"]}," : "]},");
            snprintf(sum, sizeof sum, "\"s%d\"", sums++);
            inputs = 0;
        }
    }
    append(g, "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
              "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}");
}

/* A graph of RANDOM_LAYERS layers on 6 x 7 pixels, and a sum of their loose ends. */
static inline const char *random_architecture(random_graph *g, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    g->random = skc__random_stream(seed, 31, 0);
    append(g, "{\"name\":\"random\",\"input\":{\"height\":6,\"width\":7},\"layers\":[");
    for (int32_t i = 0; i < RANDOM_LAYERS; i++) {
        const char *type = random_types[skc__random_below(
            &g->random, (uint32_t)(sizeof random_types / sizeof random_types[0]))];
        char        head[96];

        snprintf(head, sizeof head, "{\"name\":\"n%d\",\"type\":\"%s,\"inputs\":[", i,
                 i == 0 ? random_types[0] : type);
        append(g, head);
        append_input(g, random_input(g, i));
        if (i > 0 && strncmp(type, "add", 3) == 0) {
            append(g, ",");
            append_input(g, random_input(g, i));
        }
        append(g, "]},");
    }
    append_end(g);
    return g->text;
}

#endif

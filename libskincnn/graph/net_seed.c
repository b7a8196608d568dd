/* net_seed.c - the seed project's net: three convolutions with pooling, then dense 64. */
#include "graph/net.h"

static void write_seed(skc_net *net)
{
    static const int32_t filters[3] = { 32, 32, 64 };
    char                 name[64];

    for (int i = 0; i < 3; i++) {
        skc__net_layer(net, "conv2d", skc__net_name(name, "conv%d", i + 1),
                       "'filters':%d,'kernel':3,'padding':'same'",
                       skc__net_channels(net, filters[i]));
        skc__net_plain(net, "relu", skc__net_name(name, "relu%d", i + 1));
        skc__net_layer(net, "max_pool", skc__net_name(name, "pool%d", i + 1),
                       "'kernel':2,'stride':2");
    }
    skc__net_plain(net, "flatten", "flatten");
    skc__net_layer(net, "dense", "dense", "'units':%d", skc__net_channels(net, 64));
    skc__net_plain(net, "relu", "dense_relu");
    skc__net_head(net, 0.5f);
}

const skc_net_type skc__net_seed = {
    .name    = "seed",
    .summary = "the seed project's net: 3x3 convolutions 32, 32, 64 with pooling, dense 64",
    .side    = 100,
    .write   = write_seed,
};

/* net_vgg16.c - VGG-16 (Simonyan and Zisserman, ICLR 2015) with the seed project's head. */
#include "graph/net.h"

static void write_vgg16(skc_net *net)
{
    static const int32_t filters[5] = { 64, 128, 256, 512, 512 }, depth[5] = { 2, 2, 3, 3, 3 };
    char                 name[64];

    for (int b = 0; b < 5; b++) {
        for (int i = 0; i < depth[b]; i++) {
            skc__net_layer(net, "conv2d", skc__net_name(name, "conv%d_%d", b + 1, i + 1),
                           "'filters':%d,'kernel':3,'padding':'same'",
                           skc__net_channels(net, filters[b]));
            skc__net_plain(net, "relu", skc__net_name(name, "relu%d_%d", b + 1, i + 1));
        }
        skc__net_layer(net, "max_pool", skc__net_name(name, "pool%d", b + 1),
                       "'kernel':2,'stride':2");
    }
    skc__net_plain(net, "flatten", "flatten");
    skc__net_layer(net, "dense", "dense", "'units':%d", skc__net_channels(net, 256));
    skc__net_plain(net, "relu", "dense_relu");
    skc__net_head(net, 0.5f);
}

const skc_net_type skc__net_vgg16 = {
    .name    = "vgg16",
    .summary = "VGG-16 with the seed project's head: flatten, dense 256, dropout",
    .side    = 224,
    .write   = write_vgg16,
};

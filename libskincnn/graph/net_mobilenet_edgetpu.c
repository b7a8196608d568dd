/* net_mobilenet_edgetpu.c - MobileNet-EdgeTPU (tensorflow/models, research/slim/nets/mobilenet):
 * inverted residuals with plain ReLU, the early ones with full 3x3 convolutions. */
#include "graph/net.h"

typedef struct block {
    int32_t expanded, channels;
    int     kernel, stride;
    bool    fused; /* one 3x3 convolution instead of 1x1 and depthwise */
} block;

static void write_block(skc_net *net, int number, const block *b, bool shortcut, char tensor[64])
{
    char    name[64], input[64];
    int32_t expanded = skc__net_channels(net, b->expanded);

    skc__net_name(input, "%s", tensor);
    skc__net_conv_bn(net, "conv2d", skc__net_name(name, "block%d.expand", number), "relu", 1e-3f,
                     "'filters':%d,'kernel':%d,'stride':%d,'padding':'same','inputs':['%s']",
                     expanded, b->fused ? b->kernel : 1, b->fused ? b->stride : 1, input);
    if (!b->fused)
        skc__net_conv_bn(net, "depthwise_conv2d", skc__net_name(name, "block%d.depthwise", number),
                         "relu", 1e-3f, "'kernel':%d,'stride':%d,'padding':'same'", b->kernel,
                         b->stride);
    skc__net_conv_bn(net, "conv2d", skc__net_name(name, "block%d.project", number), NULL, 1e-3f,
                     "'filters':%d,'kernel':1", skc__net_channels(net, b->channels));
    skc__net_name(tensor, "%s_bn", name);
    if (shortcut) {
        skc__net_layer(net, "add", skc__net_name(name, "block%d.add", number),
                       "'inputs':['%s','%s']", tensor, input);
        skc__net_name(tensor, "%s", name);
    }
}

static void write_mobilenet_edgetpu(skc_net *net)
{
    static const block blocks[21] = {
        { 128, 32, 3, 2, true },   { 128, 32, 3, 1, true },   { 128, 32, 3, 1, true },
        { 128, 32, 3, 1, true },   { 256, 48, 3, 2, true },   { 192, 48, 3, 1, true },
        { 192, 48, 3, 1, true },   { 192, 48, 3, 1, true },   { 384, 96, 3, 2, false },
        { 384, 96, 3, 1, false },  { 384, 96, 3, 1, false },  { 384, 96, 3, 1, false },
        { 768, 96, 3, 1, false },  { 384, 96, 3, 1, false },  { 384, 96, 3, 1, false },
        { 384, 96, 3, 1, false },  { 768, 160, 5, 2, false }, { 640, 160, 5, 1, false },
        { 640, 160, 5, 1, false }, { 640, 160, 5, 1, false }, { 1280, 192, 3, 1, false },
    };
    char tensor[64];

    skc__net_conv_bn(net, "conv2d", "conv_stem", "relu", 1e-3f,
                     "'filters':%d,'kernel':3,'stride':2,'padding':'same'",
                     skc__net_channels(net, 32));
    skc__net_conv_bn(net, "conv2d", "block0.conv", NULL, 1e-3f, "'filters':%d,'kernel':1",
                     skc__net_channels(net, 16));
    skc__net_name(tensor, "block0.conv_bn");
    for (int i = 1; i <= 21; i++) {
        bool first = i == 1 || i == 5 || i == 9 || i == 13 || i == 17 || i == 21;

        write_block(net, i, &blocks[i - 1], !first, tensor);
    }
    skc__net_conv_bn(net, "conv2d", "conv_head", "relu", 1e-3f, "'filters':%d,'kernel':1",
                     net->options->width_factor > 1 ? skc__net_channels(net, 1280) : 1280);
    skc__net_plain(net, "global_avg_pool", "pool");
    skc__net_head(net, 0.2f);
}

const skc_net_type skc__net_mobilenet_edgetpu = {
    .name    = "mobilenet_edgetpu",
    .summary = "MobileNet-EdgeTPU: early blocks with full convolutions, plain ReLU",
    .side    = 224,
    .write   = write_mobilenet_edgetpu,
};

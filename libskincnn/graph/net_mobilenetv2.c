/* net_mobilenetv2.c - MobileNetV2 (Sandler et al., CVPR 2018), TensorFlow padding. */
#include "graph/net.h"

/* Expand 1x1, depthwise 3x3, project 1x1 without activation; a shortcut where shapes allow. */
static void write_block(skc_net *net, int number, int32_t expanded, int32_t channels, int stride,
                        bool expand, bool shortcut, char tensor[64])
{
    char name[64], input[64];

    skc__net_name(input, "%s", tensor);
    if (expand)
        skc__net_conv_bn(net, "conv2d", skc__net_name(name, "block%d.expand", number), "relu6",
                         1e-3f, "'filters':%d,'kernel':1,'inputs':['%s']", expanded, input);
    skc__net_conv_bn(net, "depthwise_conv2d", skc__net_name(name, "block%d.depthwise", number),
                     "relu6", 1e-3f, "'kernel':3,'stride':%d,'padding':'same'", stride);
    skc__net_conv_bn(net, "conv2d", skc__net_name(name, "block%d.project", number), NULL, 1e-3f,
                     "'filters':%d,'kernel':1", channels);
    skc__net_name(tensor, "%s_bn", name);
    if (shortcut) {
        skc__net_layer(net, "add", skc__net_name(name, "block%d.add", number),
                       "'inputs':['%s','%s']", tensor, input);
        skc__net_name(tensor, "%s", name);
    }
}

static void write_mobilenetv2(skc_net *net)
{
    static const struct {
        int32_t expansion, channels, repeats, stride;
    } stages[7]      = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 },  { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
                         { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } };
    int32_t channels = skc__net_channels(net, 32);
    int     number   = 0;
    char    tensor[64];

    skc__net_conv_bn(net, "conv2d", "conv1", "relu6", 1e-3f,
                     "'filters':%d,'kernel':3,'stride':2,'padding':'same'", channels);
    skc__net_name(tensor, "conv1_relu");
    for (int s = 0; s < 7; s++)
        for (int r = 0; r < stages[s].repeats; r++) {
            int32_t out    = skc__net_channels(net, stages[s].channels);
            int     stride = r == 0 ? stages[s].stride : 1;

            write_block(net, ++number, channels * stages[s].expansion, out, stride,
                        stages[s].expansion > 1, stride == 1 && out == channels, tensor);
            channels = out;
        }
    skc__net_conv_bn(net, "conv2d", "conv_head", "relu6", 1e-3f, "'filters':%d,'kernel':1",
                     net->options->width_factor > 1 ? skc__net_channels(net, 1280) : 1280);
    skc__net_plain(net, "global_avg_pool", "pool");
    skc__net_head(net, 0.2f);
}

const skc_net_type skc__net_mobilenetv2 = {
    .name    = "mobilenetv2",
    .summary = "MobileNetV2: inverted residuals with linear bottlenecks, ReLU6",
    .side    = 224,
    .write   = write_mobilenetv2,
};

/* net_mobilenetv1.c - MobileNetV1 (Howard et al., arXiv:1704.04861), TensorFlow padding. */
#include "graph/net.h"

static void write_mobilenetv1(skc_net *net)
{
    static const int32_t filters[13] = { 64,  128, 128, 256, 256,  512, 512,
                                         512, 512, 512, 512, 1024, 1024 };
    char                 name[64];

    skc__net_conv_bn(net, "conv2d", "conv1", "relu6", 1e-3f,
                     "'filters':%d,'kernel':3,'stride':2,'padding':'same'",
                     skc__net_channels(net, 32));
    for (int i = 1; i <= 13; i++) {
        int stride = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;

        skc__net_conv_bn(net, "depthwise_conv2d", skc__net_name(name, "block%d.depthwise", i),
                         "relu6", 1e-3f, "'kernel':3,'stride':%d,'padding':'same'", stride);
        skc__net_conv_bn(net, "conv2d", skc__net_name(name, "block%d.pointwise", i), "relu6", 1e-3f,
                         "'filters':%d,'kernel':1", skc__net_channels(net, filters[i - 1]));
    }
    skc__net_plain(net, "global_avg_pool", "pool");
    skc__net_head(net, 0.2f);
}

const skc_net_type skc__net_mobilenetv1 = {
    .name    = "mobilenetv1",
    .summary = "MobileNetV1: depthwise and pointwise convolutions, ReLU6",
    .side    = 224,
    .write   = write_mobilenetv1,
};

/* net_resnet18.c - ResNet-18 (He et al., CVPR 2016), padding as in torchvision. */
#include "graph/net.h"

/* conv-bn-relu-conv-bn, plus a shortcut (1x1 convolution where the shape changes), relu. */
static void write_block(skc_net *net, int stage, int block, int32_t channels, int stride,
                        const char *input, char output[64])
{
    char name[64], shortcut[64], main_path[64];

    skc__net_conv_bn(net, "conv2d", skc__net_name(name, "stage%d.%d.conv1", stage, block), "relu",
                     1e-5f, "'filters':%d,'kernel':3,'stride':%d,'padding':1,'inputs':['%s']",
                     channels, stride, input);
    skc__net_conv_bn(net, "conv2d", skc__net_name(name, "stage%d.%d.conv2", stage, block), NULL,
                     1e-5f, "'filters':%d,'kernel':3,'padding':1", channels);
    skc__net_name(main_path, "%s_bn", name);
    skc__net_name(shortcut, "%s", input);
    if (stage > 1 && block == 0) {
        skc__net_conv_bn(net, "conv2d", skc__net_name(name, "stage%d.%d.shortcut", stage, block),
                         NULL, 1e-5f, "'filters':%d,'kernel':1,'stride':%d,'inputs':['%s']",
                         channels, stride, input);
        skc__net_name(shortcut, "%s_bn", name);
    }
    skc__net_layer(net, "add", skc__net_name(name, "stage%d.%d.add", stage, block),
                   "'inputs':['%s','%s']", main_path, shortcut);
    skc__net_plain(net, "relu", skc__net_name(output, "stage%d.%d.relu", stage, block));
}

static void write_resnet18(skc_net *net)
{
    static const int32_t filters[4] = { 64, 128, 256, 512 };
    char                 input[64], output[64];

    skc__net_conv_bn(net, "conv2d", "conv1", "relu", 1e-5f,
                     "'filters':%d,'kernel':7,'stride':2,'padding':3",
                     skc__net_channels(net, filters[0]));
    skc__net_layer(net, "max_pool", skc__net_name(input, "pool1"),
                   "'kernel':3,'stride':2,'padding':1");
    for (int stage = 1; stage <= 4; stage++)
        for (int block = 0; block < 2; block++) {
            write_block(net, stage, block, skc__net_channels(net, filters[stage - 1]),
                        stage > 1 && block == 0 ? 2 : 1, input, output);
            skc__net_name(input, "%s", output);
        }
    skc__net_plain(net, "global_avg_pool", "pool");
    skc__net_head(net, 0);
}

const skc_net_type skc__net_resnet18 = {
    .name    = "resnet18",
    .summary = "ResNet-18, padding as in torchvision",
    .side    = 224,
    .write   = write_resnet18,
};

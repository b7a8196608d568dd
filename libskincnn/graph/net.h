/* net.h - the built-in architectures: functions that write architecture texts.
 * One net, one file net_<name>.c; net.c lists them. */
#ifndef SKC_GRAPH_NET_H
#define SKC_GRAPH_NET_H

#include "core/memory.h"

/* What a built-in architecture is made for. */
typedef struct skc_net_options {
    int32_t height, width; /* 0: the net's own */
    int32_t classes;
    float   width_factor; /* multiplies channels */
    float   dropout;      /* < 0: the net's own */
} skc_net_options;

/* A text that grows. After a failed append everything appended is dropped and `failed` stays set.
 */
typedef struct skc_net {
    const skc_allocator   *allocator;
    const skc_net_options *options;
    char                  *text;
    int32_t                size, capacity;
    int32_t                layers;
    bool                   failed;
} skc_net;

typedef struct skc_net_type {
    const char *name, *summary;
    int32_t     side; /* height and width of its own */
    void (*write)(skc_net *net);
} skc_net_type;

extern const skc_net_type skc__net_seed, skc__net_vgg16, skc__net_resnet18, skc__net_mobilenetv1,
    skc__net_mobilenetv2, skc__net_mobilenet_edgetpu;

/* Appends a layer: type, name, then its other members as a format with ' for ", e.g.
 * "'filters':%d,'kernel':3". */
void skc__net_layer(skc_net *net, const char *type, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Appends a layer without options. */
void skc__net_plain(skc_net *net, const char *type, const char *name);

/* A name made by a format: "block%d.conv". */
const char *skc__net_name(char out[64], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `channels` times the width factor, to a multiple of 8, never under 8 nor more than 10 % down
 * (Sandler et al. 2018, MobileNetV2). 1.0 leaves any number as it is. */
int32_t skc__net_channels(const skc_net *net, int32_t channels);

/* Convolution without bias, batchnorm and, where `activation` is not NULL, that layer. `name` is
 * the convolution's; the others are name_bn and name_relu. `options` is as in skc__net_layer. */
void skc__net_conv_bn(skc_net *net, const char *type, const char *name, const char *activation,
                      float epsilon, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Dropout at the net's rate or the caller's, then the output layer "logits". */
void skc__net_head(skc_net *net, float dropout);

/* The text of a built-in architecture; release it with the allocator. SKC_ENOTFOUND names what
 * there is. */
skc_status skc__net_text(const char *name, const skc_net_options *options,
                         const skc_allocator *allocator, char **out, skc_error *err);

#endif

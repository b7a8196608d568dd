/* net.c - the list of built-in architectures and the pieces that they are written with. */
#include "graph/net.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const skc_net_type *const nets[] = {
    &skc__net_seed,        &skc__net_vgg16,       &skc__net_resnet18,
    &skc__net_mobilenetv1, &skc__net_mobilenetv2, &skc__net_mobilenet_edgetpu,
};
enum { NET_COUNT = sizeof nets / sizeof nets[0] };

const char *skc_architecture_name(int32_t i)
{
    return i >= 0 && i < (int32_t)NET_COUNT ? nets[i]->name : NULL;
}

const char *skc_architecture_summary(int32_t i)
{
    return i >= 0 && i < (int32_t)NET_COUNT ? nets[i]->summary : NULL;
}

/* Appends with ' turned into ". */
__attribute__((format(printf, 2, 0))) static void append(skc_net *net, const char *format,
                                                         va_list arguments)
{
    char    piece[512];
    int     length = vsnprintf(piece, sizeof piece, format, arguments);
    int32_t wanted = net->size + length + 1;

    if (length < 0 || (size_t)length >= sizeof piece ||
        !skc__grow(net->allocator, (void **)&net->text, &net->capacity, wanted, 1, NULL))
        net->failed = true;
    if (net->failed)
        return;
    for (int i = 0; i <= length; i++)
        net->text[net->size + i] = piece[i] == '\'' ? '"' : piece[i];
    net->size += length;
}

__attribute__((format(printf, 2, 3))) static void say(skc_net *net, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(net, format, arguments);
    va_end(arguments);
}

static void begin_layer(skc_net *net, const char *type, const char *name)
{
    say(net, "%s\n  {'name':'%s','type':'%s'", net->layers++ > 0 ? "," : "", name, type);
}

void skc__net_layer(skc_net *net, const char *type, const char *name, const char *format, ...)
{
    va_list arguments;

    begin_layer(net, type, name);
    say(net, ",");
    va_start(arguments, format);
    append(net, format, arguments);
    va_end(arguments);
    say(net, "}");
}

void skc__net_plain(skc_net *net, const char *type, const char *name)
{
    begin_layer(net, type, name);
    say(net, "}");
}

const char *skc__net_name(char out[64], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out, 64, format, arguments);
    va_end(arguments);
    return out;
}

int32_t skc__net_channels(const skc_net *net, int32_t channels)
{
    float   wanted  = (float)channels * net->options->width_factor;
    int32_t rounded = (int32_t)(wanted + 4) / 8 * 8;

    if (net->options->width_factor == 1.0f)
        return channels;
    if (rounded < 8)
        rounded = 8;
    return (float)rounded < 0.9f * wanted ? rounded + 8 : rounded;
}

/* A layer with one option of 0..1, to six decimals. printf's %g would write a comma in some
 * programs' locales. */
static void say_float_layer(skc_net *net, const char *type, const char *name, const char *option,
                            float value)
{
    skc__net_layer(net, type, name, "'%s':%d.%06d", option, (int)value,
                   (int)lround((double)(value - (float)(int)value) * 1e6));
}

void skc__net_conv_bn(skc_net *net, const char *type, const char *name, const char *activation,
                      float epsilon, const char *format, ...)
{
    char    part[64];
    va_list arguments;

    begin_layer(net, type, name);
    say(net, ",'bias':false,");
    va_start(arguments, format);
    append(net, format, arguments);
    va_end(arguments);
    say(net, "}");
    say_float_layer(net, "batchnorm", skc__net_name(part, "%s_bn", name), "epsilon", epsilon);
    if (activation != NULL)
        skc__net_plain(net, activation, skc__net_name(part, "%s_relu", name));
}

void skc__net_head(skc_net *net, float dropout)
{
    float rate = net->options->dropout >= 0 ? net->options->dropout : dropout;

    if (rate > 0)
        say_float_layer(net, "dropout", "dropout", "rate", rate);
    skc__net_layer(net, "dense", "logits", "'units':%d", net->options->classes);
}

static skc_status unknown(const char *name, skc_error *err)
{
    char   names[256] = "";
    size_t used       = 0;

    for (int32_t i = 0; i < (int32_t)NET_COUNT && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 nets[i]->name);
    return skc__fail(err, SKC_ENOTFOUND,
                     "no built-in architecture \"%.40s\"; there are %s, or a JSON text", name,
                     names);
}

static skc_status check(const skc_net_options *o, skc_error *err)
{
    if ((o->height != 0 && (o->height < 32 || o->height > 512)) ||
        (o->width != 0 && (o->width < 32 || o->width > 512)))
        return skc__fail(err, SKC_EINVAL, "input %d x %d; 32..512 a side is allowed", o->height,
                         o->width);
    if (!(o->dropout <= 0.95f))
        return skc__fail(err, SKC_EINVAL, "dropout %g; 0..0.95 is allowed", (double)o->dropout);
    if (!(o->width_factor >= 0.1f && o->width_factor <= 4.0f))
        return skc__fail(err, SKC_EINVAL, "width factor %g; 0.1..4 is allowed",
                         (double)o->width_factor);
    return SKC_OK;
}

skc_status skc__net_text(const char *name, const skc_net_options *options,
                         const skc_allocator *allocator, char **out, skc_error *err)
{
    skc_net             net  = { .allocator = allocator, .options = options };
    const skc_net_type *type = NULL;
    skc_status          status;

    for (int32_t i = 0; i < (int32_t)NET_COUNT; i++)
        if (strcmp(nets[i]->name, name) == 0)
            type = nets[i];
    if (type == NULL)
        return unknown(name, err);
    status = check(options, err);
    if (status != SKC_OK)
        return status;
    say(&net, "{'name':'%s','input':{'height':%d,'width':%d,'channels':3},\n 'layers':[",
        type->name, options->height > 0 ? options->height : type->side,
        options->width > 0 ? options->width : type->side);
    type->write(&net);
    say(&net, "\n ]}\n");
    if (net.failed) {
        skc__release(allocator, net.text);
        return skc__fail(err, SKC_ENOMEM, "out of memory for architecture %s", name);
    }
    *out = net.text;
    return SKC_OK;
}

"""nets.py - the built-in architectures, written once more from the papers, as architecture texts.

Names of layers are the library's: a golden test finds parameters by them.
"""


def divisible(channels, factor):
    """The rounding of the MobileNets' reference code: to 8, never more than a tenth down."""
    if factor == 1:
        return channels
    wanted = channels * factor
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


class Writer:
    def __init__(self, name, height, width, factor):
        self.text = {"name": name, "layers": [],
                     "input": {"height": height, "width": width, "channels": 3}}
        self.factor = factor
        self.last = "input"

    def wide(self, channels):
        return divisible(channels, self.factor)

    def layer(self, kind, name, **options):
        options.setdefault("inputs", [self.last])
        self.text["layers"].append(dict(name=name, type=kind, **options))
        self.last = name
        return name

    def conv_bn(self, kind, name, activation, epsilon, **options):
        self.layer(kind, name, bias=False, **options)
        self.layer("batchnorm", name + "_bn", epsilon=epsilon)
        if activation:
            self.layer(activation, name + "_relu")
        return self.last

    def head(self, labels):
        self.layer("dense", "logits", units=labels)
        return self.text


def chain(w, stages, units, labels):
    """Stages of 3x3 convolutions (name, name of the ReLU, filters) and a pool; two dense layers."""
    for i, stage in enumerate(stages):
        for conv, relu, filters in stage:
            w.layer("conv2d", conv, filters=w.wide(filters), kernel=3, padding="same")
            w.layer("relu", relu)
        w.layer("max_pool", "pool%d" % (i + 1), kernel=2, stride=2)
    w.layer("flatten", "flatten")
    w.layer("dense", "dense", units=w.wide(units))
    w.layer("relu", "dense_relu")
    return w.head(labels)


def seed(w, labels):
    stages = [[("conv%d" % i, "relu%d" % i, f)] for i, f in ((1, 32), (2, 32), (3, 64))]
    return chain(w, stages, 64, labels)


def vgg16(w, labels):
    """Simonyan and Zisserman, ICLR 2015, table 1, column D."""
    plan = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    stages = [[("conv%d_%d" % (s, i), "relu%d_%d" % (s, i), f) for i in range(1, n + 1)]
              for s, (f, n) in enumerate(plan, 1)]
    return chain(w, stages, 256, labels)


def resnet18(w, labels):
    """He et al., CVPR 2016, table 1, with projection shortcuts (option B)."""
    w.conv_bn("conv2d", "conv1", "relu", 1e-5, filters=w.wide(64), kernel=7, stride=2, padding=3)
    w.layer("max_pool", "pool1", kernel=3, stride=2, padding=1)
    for stage, filters in enumerate((64, 128, 256, 512), 1):
        for block in (0, 1):
            name = "stage%d.%d." % (stage, block)
            before, reduce = w.last, stage > 1 and block == 0
            w.conv_bn("conv2d", name + "conv1", "relu", 1e-5, filters=w.wide(filters), kernel=3,
                      stride=2 if reduce else 1, padding=1)
            main = w.conv_bn("conv2d", name + "conv2", None, 1e-5, filters=w.wide(filters),
                             kernel=3, padding=1)
            if reduce:
                before = w.conv_bn("conv2d", name + "shortcut", None, 1e-5,
                                   filters=w.wide(filters), kernel=1, stride=2, inputs=[before])
            w.layer("add", name + "add", inputs=[main, before])
            w.layer("relu", name + "relu")
    w.layer("global_avg_pool", "pool")
    return w.head(labels)


def mobilenetv1(w, labels):
    """Howard et al. 2017, table 1; the last depthwise layer has stride 1, as in their code."""
    w.conv_bn("conv2d", "conv1", "relu6", 1e-3, filters=w.wide(32), kernel=3, stride=2,
              padding="same")
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5
    for i, (filters, stride) in enumerate(plan + [(1024, 2), (1024, 1)], 1):
        w.conv_bn("depthwise_conv2d", "block%d.depthwise" % i, "relu6", 1e-3, kernel=3,
                  stride=stride, padding="same")
        w.conv_bn("conv2d", "block%d.pointwise" % i, "relu6", 1e-3, filters=w.wide(filters),
                  kernel=1)
    w.layer("global_avg_pool", "pool")
    return w.head(labels)


def inverted_residual(w, name, activation, expand, kernel, stride, channels, residual):
    """expand: None, or the options of the expanding convolution, which takes the stride when it is
    not pointwise; a depthwise convolution follows when it is."""
    before = w.last
    if expand:
        w.conv_bn("conv2d", name + "expand", activation, 1e-3, padding="same", **expand)
    if not expand or expand["kernel"] == 1:
        w.conv_bn("depthwise_conv2d", name + "depthwise", activation, 1e-3, kernel=kernel,
                  stride=stride, padding="same")
    w.conv_bn("conv2d", name + "project", None, 1e-3, filters=channels, kernel=1)
    if residual:
        w.layer("add", name + "add", inputs=[w.last, before])


def mobilenetv2(w, labels):
    """Sandler et al., CVPR 2018, table 2."""
    channels = w.wide(32)
    w.conv_bn("conv2d", "conv1", "relu6", 1e-3, filters=channels, kernel=3, stride=2,
              padding="same")
    plan = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)]
    blocks = [(t, c, s if i == 0 else 1) for t, c, n, s in plan for i in range(n)]
    for i, (t, c, stride) in enumerate(blocks, 1):
        expand = dict(filters=t * channels, kernel=1) if t > 1 else None
        inverted_residual(w, "block%d." % i, "relu6", expand, 3, stride, w.wide(c),
                          stride == 1 and w.wide(c) == channels)
        channels = w.wide(c)
    w.conv_bn("conv2d", "conv_head", "relu6", 1e-3,
              filters=w.wide(1280) if w.factor > 1 else 1280, kernel=1)
    w.layer("global_avg_pool", "pool")
    return w.head(labels)


def mobilenet_edgetpu(w, labels):
    """research/slim/nets/mobilenet/mobilenet_edgetpu.py: expansion 8 in the first block of a stage,
    which has no residual, and 4 in the others; fused up to block 8; kernel 5 in 17 to 20."""
    w.conv_bn("conv2d", "conv_stem", "relu", 1e-3, filters=w.wide(32), kernel=3, stride=2,
              padding="same")
    w.conv_bn("conv2d", "block0.conv", None, 1e-3, filters=w.wide(16), kernel=1)
    channels, number = 16, 0
    for c, repeats, stride, kernel in ((32, 4, 2, 3), (48, 4, 2, 3), (96, 4, 2, 3), (96, 4, 1, 3),
                                       (160, 4, 2, 5), (192, 1, 1, 3)):
        for i in range(repeats):
            number += 1
            step = stride if i == 0 else 1
            expand = dict(filters=w.wide(channels * (8 if i == 0 else 4)), kernel=1)
            if number <= 8:
                expand.update(kernel=3, stride=step)
            inverted_residual(w, "block%d." % number, "relu", expand, kernel, step, w.wide(c),
                              i > 0)
            channels = c
    w.conv_bn("conv2d", "conv_head", "relu", 1e-3,
              filters=w.wide(1280) if w.factor > 1 else 1280, kernel=1)
    w.layer("global_avg_pool", "pool")
    return w.head(labels)


def mixed(w, labels):
    """No known net: the options and layers that the others have not."""
    w.layer("conv2d", "stem", filters=8, kernel=[3, 5], stride=[1, 2], padding=[1, 0, 2, 1])
    w.layer("batchnorm", "stem_bn", epsilon=0.01, momentum=0.75)
    w.layer("dropout", "stem_kept", rate=0)
    w.layer("batchnorm", "stem_again")
    stem = w.layer("relu6", "stem_relu")
    w.layer("conv2d", "grouped", filters=8, kernel=3, groups=4, dilation=2, padding="same",
            bias=False)
    grouped = w.layer("batchnorm", "grouped_bn")
    mean = w.layer("avg_pool", "mean", kernel=3, stride=1, padding=1, count_include_pad=True,
                   inputs=[stem])
    most = w.layer("max_pool", "most", kernel=[3, 2], stride=1, padding="same", inputs=[stem])
    w.layer("concat", "joined", inputs=[grouped, mean, most])
    w.layer("sigmoid", "squashed")
    w.layer("avg_pool", "halved", kernel=2, stride=2, ceil_mode=True)
    deep = w.layer("depthwise_conv2d", "deep", kernel=3, stride=2, padding=[2, 1])
    w.layer("batchnorm", "deep_bn")
    w.layer("add", "sum", inputs=[w.last, deep, deep])
    w.layer("dropout", "kept", rate=0)
    w.layer("max_pool", "top", kernel=2, stride=2, ceil_mode=True)
    w.layer("softmax", "shares")
    w.layer("dense", "hidden", units=6, bias=False)
    w.layer("batchnorm", "hidden_bn")
    w.layer("relu", "hidden_relu")
    return w.head(labels)


NETS = {f.__name__: f for f in (seed, vgg16, resnet18, mobilenetv1, mobilenetv2,
                                mobilenet_edgetpu, mixed)}


def architecture(name, height, width, factor, labels):
    return NETS[name](Writer(name, height, width, factor), labels)

"""reference.py - a small neural network library in float64, slow and plain: each layer is written
from its definition in the papers and in the documentation of PyTorch and TensorFlow.

Shapes: x, y (n, h, w, c); weights (c_out, kernel_h, kernel_w, c_in / groups), depthwise
(1, kernel_h, kernel_w, c), dense (units, h w c).
"""
import numpy as np


class Tensor:
    """A parameter or a statistic of a layer."""

    def __init__(self, layer, kind, shape, fan_in=0):
        self.name, self.kind, self.shape, self.fan_in = layer + "." + kind, kind, shape, fan_in
        self.trained = kind not in ("mean", "variance")
        self.decays = kind == "weight"


# ---------------------------------------------------------------- windows

def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


class Axis:
    """Where a sliding window stops along one axis, and the padding before and behind the input."""

    def __init__(self, size, kernel, stride, dilation, padding, ceil_mode):
        self.size, self.stride, self.dilation = size, stride, dilation
        reach = dilation * (kernel - 1) + 1
        if padding == "same":  # TensorFlow, "Notes on padding"
            self.out = -(-size // stride)
            total = max((self.out - 1) * stride + reach - size, 0)
            self.before, self.after = total // 2, total - total // 2
        else:  # torch.nn.Conv2d, torch.nn.MaxPool2d
            self.before, self.after = padding
            room = size + self.before + self.after - reach
            self.out = (-(-room // stride) if ceil_mode else room // stride) + 1
            if ceil_mode and (self.out - 1) * stride >= size + self.before:
                self.out -= 1  # no window may begin in the padding behind
        self.length = max((self.out - 1) * stride + reach, self.before + size + self.after)

    def tap(self, i):
        """The places in the padded input that number i of the kernel falls on."""
        first = i * self.dilation
        return slice(first, first + (self.out - 1) * self.stride + 1, self.stride)

    def inside(self):
        return slice(self.before, self.before + self.size)


class Window:
    def __init__(self, options, shape):
        padding = options.get("padding", "valid")
        if padding == "valid":
            padding = 0
        if not isinstance(padding, (str, list)):
            padding = [padding, padding]
        if len(padding) == 2:
            padding = [padding[0], padding[0], padding[1], padding[1]]
        sides = ("same", "same") if padding == "same" else (padding[:2], padding[2:])
        self.kernel = pair(options["kernel"])
        pooling = options["type"].endswith("pool")
        stride = pair(options.get("stride", options["kernel"] if pooling else 1))
        dilation = pair(options.get("dilation", 1))
        self.h, self.w = (Axis(shape[i], self.kernel[i], stride[i], dilation[i], sides[i],
                               options.get("ceil_mode", False)) for i in (0, 1))

    def taps(self):
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield i, j, (slice(None), self.h.tap(i), self.w.tap(j))

    def pad(self, x, fill=0.0):
        out = np.full((x.shape[0], self.h.length, self.w.length, x.shape[3]), fill)
        out[:, self.h.inside(), self.w.inside()] = x
        return out

    def crop(self, padded):
        return padded[:, self.h.inside(), self.w.inside()]


# ---------------------------------------------------------------- layers
# A layer knows its output `shape` (h, w, c) and its `tensors`. forward(p, xs, training) gives y and
# keeps in self what backward(p, dy) needs, which gives the gradients of xs and of p's entries. p:
# values by kind ("weight").

class Layer:
    tensors = ()

    def __init__(self, options, shapes):
        self.options, self.shape = options, shapes[0]


class Conv2d(Layer):
    def __init__(self, options, shapes):
        h, w, c = shapes[0]
        self.window, self.groups = Window(options, (h, w)), options.get("groups", 1)
        self.shape = (self.window.h.out, self.window.w.out, options["filters"])
        kernel = self.window.kernel + (c // self.groups,)
        self.tensors = [Tensor(options["name"], "weight", (options["filters"],) + kernel,
                               int(np.prod(kernel)))]
        if options.get("bias", True):
            self.tensors.append(Tensor(options["name"], "bias", (options["filters"],)))

    def parts(self, x, weight):
        """Slices of the input's, the output's channels that belong together."""
        k, m = x.shape[3] // self.groups, weight.shape[0] // self.groups
        return [(slice(g * k, g * k + k), slice(g * m, g * m + m)) for g in range(self.groups)]

    def forward(self, p, xs, training):
        self.x = self.window.pad(xs[0])
        y = np.zeros((xs[0].shape[0],) + self.shape)
        for i, j, tap in self.window.taps():
            for ins, outs in self.parts(self.x, p["weight"]):
                y[..., outs] += self.x[tap][..., ins] @ p["weight"][outs, i, j].T
        return y + p.get("bias", 0)

    def backward(self, p, dy):
        dx, dw = np.zeros_like(self.x), np.zeros_like(p["weight"])
        for i, j, tap in self.window.taps():
            for ins, outs in self.parts(self.x, p["weight"]):
                dx[tap][..., ins] += dy[..., outs] @ p["weight"][outs, i, j]
                dw[outs, i, j] = np.tensordot(dy[..., outs], self.x[tap][..., ins],
                                              ((0, 1, 2), (0, 1, 2)))
        return [self.window.crop(dx)], {"weight": dw, "bias": dy.sum((0, 1, 2))}


class DepthwiseConv2d(Layer):
    def __init__(self, options, shapes):
        h, w, c = shapes[0]
        self.window = Window(options, (h, w))
        self.shape = (self.window.h.out, self.window.w.out, c)
        self.tensors = [Tensor(options["name"], "weight", (1,) + self.window.kernel + (c,),
                               int(np.prod(self.window.kernel)))]
        if options.get("bias", True):
            self.tensors.append(Tensor(options["name"], "bias", (c,)))

    def forward(self, p, xs, training):
        self.x = self.window.pad(xs[0])
        return sum(self.x[tap] * p["weight"][0, i, j] for i, j, tap in self.window.taps()) + p.get(
            "bias", 0)

    def backward(self, p, dy):
        dx, dw = np.zeros_like(self.x), np.zeros_like(p["weight"])
        for i, j, tap in self.window.taps():
            dx[tap] += dy * p["weight"][0, i, j]
            dw[0, i, j] = (dy * self.x[tap]).sum((0, 1, 2))
        return [self.window.crop(dx)], {"weight": dw, "bias": dy.sum((0, 1, 2))}


class Dense(Layer):
    def __init__(self, options, shapes):
        inputs = int(np.prod(shapes[0]))
        self.shape = (1, 1, options["units"])
        self.tensors = [Tensor(options["name"], "weight", (options["units"], inputs), inputs)]
        if options.get("bias", True):
            self.tensors.append(Tensor(options["name"], "bias", (options["units"],)))

    def forward(self, p, xs, training):
        self.x = xs[0]
        y = self.x.reshape(len(self.x), -1) @ p["weight"].T + p.get("bias", 0)
        return y[:, None, None, :]

    def backward(self, p, dy):
        dy = dy.reshape(len(dy), -1)
        return ([(dy @ p["weight"]).reshape(self.x.shape)],
                {"weight": dy.T @ self.x.reshape(len(self.x), -1), "bias": dy.sum(0)})


class Batchnorm(Layer):
    """Ioffe and Szegedy, ICML 2015, algorithm 1 and the chain rule below it; running statistics as
    torch.nn.BatchNorm2d (unbiased variance), with momentum as the share that is kept."""

    def __init__(self, options, shapes):
        self.options, self.shape = options, shapes[0]
        self.tensors = [Tensor(options["name"], kind, shapes[0][2:])
                        for kind in ("scale", "shift", "mean", "variance")]

    def forward(self, p, xs, training):
        self.x, self.training = xs[0], training
        self.mean, self.variance = p["mean"], p["variance"]
        if training:
            self.mean = self.x.mean((0, 1, 2))
            self.variance = ((self.x - self.mean) ** 2).mean((0, 1, 2))
            self.count = self.x[..., 0].size
            keep = self.options.get("momentum", 0.9)
            unbiased = self.variance * self.count / max(self.count - 1, 1)
            self.statistics = {"mean": keep * p["mean"] + (1 - keep) * self.mean,
                               "variance": keep * p["variance"] + (1 - keep) * unbiased}
        self.deviation = np.sqrt(self.variance + self.options.get("epsilon", 1e-5))
        self.normal = (self.x - self.mean) / self.deviation
        return p["scale"] * self.normal + p["shift"]

    def backward(self, p, dy):
        assert self.training
        axes, centred = (0, 1, 2), self.x - self.mean
        d_normal = dy * p["scale"]
        d_variance = (d_normal * centred * -0.5 / self.deviation ** 3).sum(axes)
        d_mean = (-d_normal / self.deviation).sum(axes) - 2 * d_variance * centred.mean(axes)
        dx = d_normal / self.deviation + (2 * d_variance * centred + d_mean) / self.count
        return [dx], {"scale": (dy * self.normal).sum(axes), "shift": dy.sum(axes)}


class Clamp(Layer):
    def forward(self, p, xs, training):
        self.x, self.high = xs[0], 6 if self.options["type"] == "relu6" else np.inf
        return np.clip(self.x, 0, self.high)

    def backward(self, p, dy):
        return [dy * ((self.x > 0) & (self.x < self.high))], {}


class Sigmoid(Layer):
    def forward(self, p, xs, training):
        self.y = 1 / (1 + np.exp(-xs[0]))
        return self.y

    def backward(self, p, dy):
        return [dy * self.y * (1 - self.y)], {}


class Softmax(Layer):
    def forward(self, p, xs, training):
        e = np.exp(xs[0] - xs[0].max(-1, keepdims=True))
        self.y = e / e.sum(-1, keepdims=True)
        return self.y

    def backward(self, p, dy):
        return [self.y * (dy - (dy * self.y).sum(-1, keepdims=True))], {}


class MaxPool(Layer):
    def __init__(self, options, shapes):
        h, w, c = shapes[0]
        self.window = Window(options, (h, w))
        self.shape = (self.window.h.out, self.window.w.out, c)

    def forward(self, p, xs, training):
        self.padded = self.window.pad(xs[0], -np.inf)
        windows = np.array([self.padded[tap] for _, _, tap in self.window.taps()])
        self.chosen = windows.argmax(0)
        return windows.max(0)

    def backward(self, p, dy):
        dx = np.zeros_like(self.padded)
        for number, (_, _, tap) in enumerate(self.window.taps()):
            dx[tap] += dy * (self.chosen == number)
        return [self.window.crop(dx)], {}


class AvgPool(MaxPool):
    """As torch.nn.AvgPool2d: what hangs over the padding in ceil mode never counts."""

    def __init__(self, options, shapes):
        super().__init__(options, shapes)
        self.input_shape = shapes[0]
        self.padding_counts = options.get("count_include_pad", False)

    def forward(self, p, xs, training):
        h, w, padded = self.window.h, self.window.w, self.window.pad(xs[0])
        counts = self.window.pad(np.ones_like(xs[0]))
        if self.padding_counts:
            counts[:, :h.before + h.size + h.after, :w.before + w.size + w.after] = 1
        self.counts = sum(counts[tap] for _, _, tap in self.window.taps())
        return sum(padded[tap] for _, _, tap in self.window.taps()) / self.counts

    def backward(self, p, dy):
        dx = self.window.pad(np.zeros(dy.shape[:1] + self.input_shape))
        for _, _, tap in self.window.taps():
            dx[tap] += dy / self.counts
        return [self.window.crop(dx)], {}


class GlobalAvgPool(Layer):
    def __init__(self, options, shapes):
        self.shape = (1, 1, shapes[0][2])

    def forward(self, p, xs, training):
        self.x = xs[0]
        return self.x.mean((1, 2), keepdims=True)

    def backward(self, p, dy):
        area = self.x.shape[1] * self.x.shape[2]
        return [np.broadcast_to(dy / area, self.x.shape)], {}


class Add(Layer):
    def forward(self, p, xs, training):
        self.count = len(xs)
        return sum(xs)

    def backward(self, p, dy):
        return [dy] * self.count, {}


class Concat(Layer):
    def __init__(self, options, shapes):
        self.shape = shapes[0][:2] + (sum(s[2] for s in shapes),)

    def forward(self, p, xs, training):
        self.ends = np.cumsum([x.shape[-1] for x in xs])[:-1]
        return np.concatenate(xs, -1)

    def backward(self, p, dy):
        return np.split(dy, self.ends, -1), {}


class Flatten(Layer):
    def __init__(self, options, shapes):
        self.shape = (1, 1, int(np.prod(shapes[0])))

    def forward(self, p, xs, training):
        self.x = xs[0]
        return self.x.reshape((len(self.x),) + self.shape)

    def backward(self, p, dy):
        return [dy.reshape(self.x.shape)], {}


class Dropout(Layer):
    def forward(self, p, xs, training):
        assert not training or self.options["rate"] == 0
        return xs[0]

    def backward(self, p, dy):
        return [dy], {}


TYPES = {"conv2d": Conv2d, "depthwise_conv2d": DepthwiseConv2d, "dense": Dense,
         "batchnorm": Batchnorm, "relu": Clamp, "relu6": Clamp, "sigmoid": Sigmoid,
         "softmax": Softmax, "max_pool": MaxPool, "avg_pool": AvgPool,
         "global_avg_pool": GlobalAvgPool, "add": Add, "concat": Concat, "flatten": Flatten,
         "dropout": Dropout}


# ---------------------------------------------------------------- networks

class Network:
    """Of an architecture text, parsed. Parameters are a dictionary by tensor name."""

    def __init__(self, architecture):
        size = architecture["input"]
        shapes = {"input": (size["height"], size["width"], size["channels"])}
        self.nodes = []  # (name, names of inputs, layer)
        last = "input"
        for options in architecture["layers"]:
            name, inputs = options["name"], options.get("inputs", [last])
            layer = TYPES[options["type"]](options, [shapes[i] for i in inputs])
            shapes[name] = tuple(layer.shape)
            self.nodes.append((name, inputs, layer))
            last = name
        self.tensors = [t for _, _, layer in self.nodes for t in layer.tensors]

    def forward(self, parameters, x, training=False):
        """Logits (n, labels); with training, also the new statistics by tensor name."""
        values, statistics = {"input": x}, {}
        for name, inputs, layer in self.nodes:
            p = {t.kind: parameters[t.name] for t in layer.tensors}
            values[name] = layer.forward(p, [values[i] for i in inputs], training)
            if training and hasattr(layer, "statistics"):
                statistics.update({name + "." + k: v for k, v in layer.statistics.items()})
        logits = values[self.nodes[-1][0]].reshape(len(x), -1)
        return (logits, statistics) if training else logits

    def backward(self, parameters, d_logits):
        """After forward with training: gradients by tensor name."""
        gradients, flowing = {}, {self.nodes[-1][0]: d_logits[:, None, None, :]}
        for name, inputs, layer in reversed(self.nodes):
            p = {t.kind: parameters[t.name] for t in layer.tensors}
            d_inputs, d_tensors = layer.backward(p, flowing.pop(name))
            gradients.update({t.name: d_tensors[t.kind] for t in layer.tensors if t.trained})
            for source, d in zip(inputs, d_inputs):
                flowing[source] = flowing.get(source, 0) + d
        return gradients

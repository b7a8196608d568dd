#!/usr/bin/env python3
"""explain.py - writes explain.h: Grad-CAM by a reference in NumPy.

Usage: python3 tests/golden/explain.py > tests/golden/explain.h

Gradients come from the layers of reference.py, walked back one by one from the score; before they
are used, each is compared with central differences of the score itself. Not so in `mixed`, where
windows that lie on padding alone make equal values: a pool hands the gradient to the first of them,
but no difference quotient shows that.
"""
import numpy as np

import formula
import nets
from reference import Batchnorm, Network

MEAN, DEVIATION = np.array((112, 120, 128)), np.array((64, 48, 56))
LABELS, STEP = 4, 4  # every 4th pixel of every 4th row is stored

# net, side, width factor, views, layers
CASES = [("resnet18", 64, 0.125, 1, ["stage4.1.relu", "stage3.1.add", "stage2.1.conv1_bn", "pool"]),
         ("resnet18", 64, 0.125, 8, [None]),
         ("mobilenetv2", 64, 0.25, 1, [None, "block6.add", "block5.depthwise",
                                       "block14.expand_bn"]),
         ("mobilenetv2", 64, 0.25, 8, ["block10.project"]),
         ("mixed", 24, 1, 1, [None, "stem_kept", "joined", "deep", "sum", "logits"]),
         ("mixed", 24, 1, 8, ["most"])]


def inference_backward(layer, p, dy):
    """One layer's gradients of its inputs, batchnorm with its running statistics."""
    if isinstance(layer, Batchnorm):
        return [dy * p["scale"] / layer.deviation]
    return layer.backward(p, dy)[0]


class Walk:
    """A network's values for one input x (1, h, w, 3), and the way back."""

    def __init__(self, network, parameters, x, smooth):
        self.network, self.parameters, self.smooth = network, parameters, smooth
        self.values = {"input": x}
        self.forward()

    def of(self, layer):
        return {t.kind: self.parameters[t.name] for t in layer.tensors}

    def forward(self, replaced=None):
        """The scores; `replaced`: a layer and what its output is to be instead."""
        values = {"input": self.values["input"]}
        for name, inputs, layer in self.network.nodes:
            values[name] = layer.forward(self.of(layer), [values[i] for i in inputs], False)
            if replaced and name == replaced[0]:
                values[name] = replaced[1]
        if not replaced:
            self.values = values
        return values[self.network.nodes[-1][0]].ravel()

    def gradient(self, label, wanted):
        """Of score `label` in the output of the layer `wanted`."""
        last = self.network.nodes[-1][0]
        flowing = {last: np.zeros_like(self.values[last])}
        flowing[last][..., label] = 1
        for name, inputs, layer in reversed(self.network.nodes):
            if name == wanted:
                break
            d = inference_backward(layer, self.of(layer), flowing.pop(name, 0 * self.values[name]))
            for source, part in zip(inputs, d):
                flowing[source] = flowing.get(source, 0) + part
        gradient = flowing[wanted]
        if self.smooth:
            self.check(gradient, label, wanted)
        return gradient

    def check(self, gradient, label, wanted):
        """Against central differences along a way of the formula's."""
        way = formula.values("way", gradient.shape, 0, 1)
        score = [self.forward((wanted, self.values[wanted] + e * way))[label]
                 for e in (1e-7, -1e-7)]
        slope = (score[0] - score[1]) / 2e-7
        self.forward()
        error = abs(slope - (gradient * way).sum())
        assert error < 1e-4 * abs(slope) + 1e-6, (wanted, slope, error)


def grad_cam(walk, label, layer):
    """Selvaraju et al., ICCV 2017, equations 1 and 2: (h, w)."""
    gradient = walk.gradient(label, layer)
    alpha = gradient.mean((0, 1, 2))
    return np.maximum((walk.values[layer][0] * alpha).sum(-1), 0)


def stretch(coarse, side):
    """Bilinear between the middles of cells, as half-pixel resizing does, one axis at a time."""
    for axis in (0, 1):
        at = (np.arange(side) + 0.5) * coarse.shape[axis] / side - 0.5
        at = np.clip(at, 0, coarse.shape[axis] - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        coarse = np.take(coarse, low, axis) * (1 - share) + np.take(coarse, high, axis) * share
    return coarse


def turned(picture, view):
    """One of the square's symmetries of (h, w, ...)."""
    for on, turn in ((view & 4, lambda a: a.swapaxes(0, 1)), (view & 1, np.fliplr),
                     (view & 2, np.flipud)):
        picture = turn(picture) if on else picture
    return picture


def turned_back(picture, view):
    for on, turn in ((view & 2, np.flipud), (view & 1, np.fliplr),
                     (view & 4, lambda a: a.swapaxes(0, 1))):
        picture = turn(picture) if on else picture
    return picture


def last_spacious(network):
    """The default: the last layer of more than one pixel."""
    return [n for n, _, layer in network.nodes if layer.shape[0] > 1 or layer.shape[1] > 1][-1]


def heat(network, parameters, picture, views, label, layer, smooth):
    total = 0
    for view in range(views):
        x = (turned(picture, view)[None] - MEAN) / DEVIATION
        cam = grad_cam(Walk(network, parameters, x, smooth), label, layer)
        total = total + turned_back(stretch(cam, len(picture)), view)
    return total / total.max() if total.max() > 0 else total


def softmax_mean(network, parameters, picture, views):
    total = 0
    for view in range(views):
        score = network.forward(parameters, (turned(picture, view)[None] - MEAN) / DEVIATION)[0]
        total = total + np.exp(score - score.max()) / np.exp(score - score.max()).sum()
    return total


def number(value):
    """As a float in C."""
    text = "%.6g" % value
    return text + "f" if "." in text or "e" in text else text


def main():
    rows = []
    for name, side, factor, views, layers in CASES:
        text = nets.architecture(name, side, side, factor, LABELS)
        network = Network(text)
        parameters = formula.parameters(network.tensors)
        picture = formula.pictures(1, side, 1)[0]
        decided = int(softmax_mean(network, parameters, picture, views).argmax())
        for wanted in layers:
            layer = wanted or last_spacious(network)
            label = decided if wanted is None else (decided + len(rows)) % LABELS
            if wanted == "pool" or wanted == "logits":  # one pixel: all or nothing, so take one
                label = decided
            values = heat(network, parameters, picture, views, label, layer,
                          name != "mixed")[::STEP, ::STEP]
            rows.append((name, side, factor, views, wanted, layer, decided, label, values))
    print("/* explain.h - written by explain.py: heat of one picture, every %dth pixel of every %dth "
          "row. */\n#ifndef SKC_TESTS_EXPLAIN_H\n#define SKC_TESTS_EXPLAIN_H\n" % (STEP, STEP))
    print("/* clang-format off */")
    print("enum { EXPLAIN_LABELS = %d, EXPLAIN_STEP = %d, EXPLAIN_MOST = %d };\n" %
          (LABELS, STEP, max(r[-1].size for r in rows)))
    print("static const struct explain_case {\n    const char *net;\n    int32_t     side;\n"
          "    float       factor;\n    int32_t     views;\n"
          "    const char *asked, *layer; /* asked NULL: the default */\n"
          "    int32_t     decided, label, count;\n    float       heat[EXPLAIN_MOST];\n"
          "} explain_cases[] = {")
    for name, side, factor, views, asked, layer, decided, label, values in rows:
        quoted = "NULL" if asked is None else '"%s"' % asked
        print('    { "%s", %d, %s, %d, %s, "%s", %d, %d, %d, {' % (
            name, side, number(factor), views, quoted, layer, decided, label, values.size))
        flat = [number(v) for v in values.ravel()]
        for i in range(0, len(flat), 8):
            print("        " + ", ".join(flat[i:i + 8]) + ",")
        print("    } },")
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""make.py - writes forward.json and training.json, which the C tests here read.

Usage: python3 tests/golden/make.py [FOLDER]   (default: the folder of this file)
"""
import json
import os
import sys

import numpy as np

import formula
import nets
import optimise
from reference import Network

PICTURES = 3
FORWARD = [("seed", 40, 33, 0.5, 7), ("vgg16", 64, 48, 0.125, 7), ("resnet18", 64, 48, 0.125, 7),
           ("mobilenetv1", 64, 48, 0.25, 7), ("mobilenetv2", 64, 48, 0.25, 3),
           ("mobilenet_edgetpu", 64, 48, 0.25, 3), ("mixed", 19, 23, 1, 4)]

# Trained parameters at 224 x 224 with 1000 labels, as published: torchvision's documentation for
# ResNet-18 and MobileNetV2, Keras' model.summary() for MobileNet.
PUBLISHED = {"resnet18": 11689512, "mobilenetv1": 4231976, "mobilenetv2": 3504872}

# Numbers that float32 holds exactly; clipping acts in some of the steps, and the average's decay is
# young at first and `ema` later. A small rate and a large epsilon keep ten steps of AdamW from
# blowing up what rounds differently: the same steps in float64 from parameters that differ by
# 6e-8 end within 1e-5.
COMMON = dict(seed=7, epochs=4, batch=4, label_smoothing=0.125, class_weights=[1, 0.5, 2],
              momentum=0.875, beta1=0.875, beta2=0.96875, epsilon=0.015625, final_rate=0.0625,
              step_epochs=1, step_factor=0.5, ema=0.4375)
TRAINING = [
    dict(architecture="seed", side=32, width_factor=0.25, steps=10, options=dict(
        COMMON, optimiser="sgd", learning_rate=0.03125, weight_decay=0.015625, schedule="cosine",
        warmup_epochs=1.5, clip_norm=4)),
    dict(architecture="resnet18", side=64, width_factor=0.125, steps=10, options=dict(
        COMMON, optimiser="adamw", learning_rate=0.0009765625, weight_decay=0.5, schedule="step",
        warmup_epochs=0.5, clip_norm=32)),
]
TRAINING_PICTURES, TRAINING_LABELS = 12, 3
MEAN, DEVIATION = (112, 120, 128), (64, 48, 56)


def numbers(array):
    return [float("%.7g" % x) for x in np.ravel(array)]


def digest(array):
    """Euclidean norm, then the first, middle and last value."""
    flat = np.ravel(array)
    return numbers([np.sqrt((flat ** 2).sum()), flat[0], flat[flat.size // 2], flat[-1]])


def trained(network):
    return sum(int(np.prod(t.shape)) for t in network.tensors if t.trained)


def forward(name, height, width, factor, labels):
    text = nets.architecture(name, height, width, factor, labels)
    network = Network(text)
    parameters = formula.parameters(network.tensors)
    x = formula.inputs(PICTURES, height, width)
    batch_logits, statistics = network.forward(parameters, x, True)
    _, d_logits = optimise.cross_entropy(batch_logits, np.arange(PICTURES) % labels,
                                         np.ones(labels), 0)
    gradients = network.backward(parameters, d_logits)
    norm = np.sqrt(sum((g ** 2).sum() for g in gradients.values()))
    for g in gradients.values():  # what should be 0 (a shift before another batchnorm) is 0
        g[np.abs(g) < 1e-9 * norm] = 0
    return {"architecture": text if name == "mixed" else name,
            "full_size_parameters": full_size(name), "height": height, "width": width,
            "width_factor": factor, "labels": labels, "pictures": PICTURES,
            "tensors": len(network.tensors), "parameters": trained(network),
            "logits": numbers(network.forward(parameters, x)),
            "training_logits": numbers(batch_logits),
            "statistics": {k: digest(v) for k, v in statistics.items()},
            "gradient_norm": numbers(norm)[0],
            "gradients": {k: digest(gradients[k]) for k in sorted(gradients)}}


def check_gradients(run):
    """The gradient against central differences of the loss along the gradient itself."""
    labels, weights = run.labels, np.array(run.o["class_weights"])

    def loss_at(parameters):
        logits, _ = run.network.forward(parameters, run.inputs, True)
        return optimise.cross_entropy(logits, labels, weights, run.o["label_smoothing"])

    _, d_logits = loss_at(run.parameters)
    gradients = run.network.backward(run.parameters, d_logits)
    for name, g in gradients.items():
        way = g / np.sqrt((g ** 2).sum())
        slope = [loss_at(dict(run.parameters, **{name: run.parameters[name] + e * way}))[0]
                 for e in (1e-8, -1e-8)]
        slope = (slope[0] - slope[1]) / 2e-8
        error = abs(slope - (g * way).sum())
        assert error < 1e-4 * abs(slope) + 1e-5, (name, slope, error)


def training(trace):
    side, count, labels = trace["side"], TRAINING_PICTURES, TRAINING_LABELS
    network = Network(nets.architecture(trace["architecture"], side, side, trace["width_factor"],
                                        labels))
    x = (formula.pictures(count, side, labels) - MEAN) / DEVIATION
    run = optimise.Training(network, formula.parameters(network.tensors), trace["options"], x,
                            [i % labels for i in range(count)])
    check_gradients(run)
    steps = [{k: numbers(v)[0] for k, v in run.step().items()} for _ in range(trace["steps"])]
    probabilities = optimise.softmax(network.forward(run.averages, x))
    return dict(trace, labels=labels, pictures=count, mean=MEAN, deviation=DEVIATION, steps=steps,
                tensors={k: digest(v) for k, v in run.parameters.items()},
                averages={k: digest(v) for k, v in run.averages.items()},
                probabilities=numbers(probabilities))


def full_size(name):
    count = trained(Network(nets.architecture(name, 224, 224, 1, 1000)))
    assert count == PUBLISHED.get(name, count), (name, count)
    return count


def write(folder, name, about, key, entries):
    """One entry, and in an entry one member, a line."""
    with open(os.path.join(folder, name), "w") as f:
        f.write('{"about": %s,\n%s: [\n' % (json.dumps(about), json.dumps(key)))
        f.write(",\n".join("{" + ",\n ".join("%s: %s" % (json.dumps(k), json.dumps(v))
                                             for k, v in e.items()) + "}" for e in entries))
        f.write("\n]}\n")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    about = "written by tests/golden/make.py; digests are [norm, first, middle, last value]"
    write(folder, "forward.json", about, "nets", [forward(*f) for f in FORWARD])
    write(folder, "training.json", about, "traces", [training(t) for t in TRAINING])


if __name__ == "__main__":
    main()

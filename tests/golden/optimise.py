"""optimise.py - training in float64: loss, learning rate, SGD, AdamW, averages, ten steps.

From the documentation of PyTorch (CrossEntropyLoss, SGD, AdamW) and TensorFlow
(ExponentialMovingAverage), Pascanu et al. 2013 (clipping) and Loshchilov and Hutter 2017 (cosine).
"""
import numpy as np

from train import Random, rate


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cross_entropy(logits, labels, weights, smoothing):
    """The loss of CrossEntropyLoss(weight, label_smoothing), and its gradient."""
    classes, p = logits.shape[1], softmax(logits)
    targets = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    weighted, total = targets * weights, np.sum(weights[labels])
    loss = -(weighted * np.log(p)).sum() / total
    return loss, (weighted.sum(1, keepdims=True) * p - weighted) / total


class Sgd:
    """torch.optim.SGD(momentum, weight_decay, nesterov=True), dampening 0."""

    def __init__(self, options):
        self.o, self.buffers = options, {}

    def step(self, t, lr, theta, g):
        g = g + (self.o["weight_decay"] * theta if t.decays else 0)
        b = self.o["momentum"] * self.buffers[t.name] + g if t.name in self.buffers else g
        self.buffers[t.name] = b
        return theta - lr * (g + self.o["momentum"] * b)


class AdamW:
    """torch.optim.AdamW."""

    def __init__(self, options):
        self.o, self.moments = options, {}

    def step(self, t, lr, theta, g):
        beta1, beta2 = self.o["beta1"], self.o["beta2"]
        m, v, n = self.moments.get(t.name, (0, 0, 0))
        m, v, n = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g ** 2, n + 1
        self.moments[t.name] = (m, v, n)
        theta = theta - (lr * self.o["weight_decay"] * theta if t.decays else 0)
        return theta - lr * (m / (1 - beta1 ** n)) / (np.sqrt(v / (1 - beta2 ** n))
                                                     + self.o["epsilon"])


def order(seed, epoch, count):
    """Fisher and Yates, from the last place down."""
    random, places = Random(seed, epoch, 2 ** 64 - 1), list(range(count))
    for i in range(count - 1, 0, -1):
        j = random.below(i + 1)
        places[i], places[j] = places[j], places[i]
    return places


class Training:
    """`o` is the trace's options; inputs (n, h, w, 3) are normalised already."""

    def __init__(self, network, parameters, o, inputs, labels):
        self.network, self.o, self.inputs, self.labels = network, o, inputs, np.array(labels)
        self.parameters, self.averages = dict(parameters), dict(parameters)
        self.optimiser = {"sgd": Sgd, "adamw": AdamW}[o["optimiser"]](o)
        self.done, self.per_epoch = 0, len(inputs) // o["batch"]

    def learning_rate(self):
        o = self.o
        return rate(("cosine", "step").index(o["schedule"]), self.done, self.per_epoch, o["epochs"],
                    o["warmup_epochs"], o["learning_rate"], o["final_rate"], o["step_epochs"],
                    o["step_factor"])

    def batch(self):
        epoch, step = divmod(self.done, self.per_epoch)
        first = step * self.o["batch"]
        return order(self.o["seed"], epoch, len(self.inputs))[first:first + self.o["batch"]]

    def step(self):
        o, chosen = self.o, self.batch()
        logits, statistics = self.network.forward(self.parameters, self.inputs[chosen], True)
        loss, d_logits = cross_entropy(logits, self.labels[chosen], np.array(o["class_weights"]),
                                       o["label_smoothing"])
        gradients = self.network.backward(self.parameters, d_logits)
        norm = np.sqrt(sum((g ** 2).sum() for g in gradients.values()))
        shrink, lr = min(1, o["clip_norm"] / norm), self.learning_rate()
        for t in self.network.tensors:
            if t.trained:
                self.parameters[t.name] = self.optimiser.step(t, lr, self.parameters[t.name],
                                                              shrink * gradients[t.name])
        self.parameters.update(statistics)
        decay = min(o["ema"], (1 + self.done) / (10 + self.done))
        for name, average in self.averages.items():
            self.averages[name] = average - (1 - decay) * (average - self.parameters[name])
        self.done += 1
        correct = int((logits.argmax(1) == self.labels[chosen]).sum())
        return {"loss": loss, "learning_rate": lr, "gradient_norm": norm, "correct": correct}

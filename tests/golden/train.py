#!/usr/bin/env python3
"""train.py - writes train.h: learning rates, losses and epoch orders, computed in Python.

Usage: python3 tests/golden/train.py > tests/golden/train.h

The loss follows the documentation of PyTorch's CrossEntropyLoss, its gradient comes from central
differences; the random numbers follow the papers of xoshiro256** and splitmix64.
"""
import math
import numpy as np

MASK = (1 << 64) - 1
CLASSES, COUNT = 4, 6
WEIGHTS = [1.5, 0.25, 1.0, 3.0]
LABELS = [0, 3, 1, 1, 2, 3]
LOGITS = [[2.5, -1.0, 0.5, 0.0], [0.25, 0.75, -3.0, 0.5], [-40.0, 60.0, 1.0, 0.0],
          [1.0, 0.5, 0.25, 0.125], [0.0, 0.0, 0.0, 0.0], [90.0, -90.0, 3.0, 88.0]]


# ---------------------------------------------------------------- loss

def cross_entropy(logits, weights, smoothing):
    """The mean that CrossEntropyLoss(weight, label_smoothing=...) gives, in long doubles."""
    x = np.asarray(logits, dtype=np.longdouble)
    w = np.asarray(weights, dtype=np.longdouble)
    log_p = x - x.max(axis=1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    picked = w[LABELS]
    hard = -(picked * log_p[np.arange(COUNT), LABELS]).sum() / picked.sum()
    soft = -(log_p * w).sum() / picked.sum()
    return (1 - smoothing) * hard + smoothing / CLASSES * soft


def gradient(weights, smoothing):
    out = []
    for i in range(COUNT):
        for c in range(CLASSES):
            up, down = np.array(LOGITS, dtype=np.longdouble), np.array(LOGITS, dtype=np.longdouble)
            up[i, c] += np.longdouble(1e-5)
            down[i, c] -= np.longdouble(1e-5)
            slope = cross_entropy(up, weights, smoothing) - cross_entropy(down, weights, smoothing)
            out.append(float(slope / np.longdouble(2e-5)))
    return out


# ---------------------------------------------------------------- random numbers

def splitmix(state):
    state = (state + 0x9e3779b97f4a7c15) & MASK
    z = state
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9 & MASK
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb & MASK
    return state, z ^ (z >> 31)


class Random:
    def __init__(self, seed, a, b):
        mix = splitmix(seed)[1] ^ a
        mix = splitmix(mix)[1] ^ b
        self.s = []
        for _ in range(4):
            mix, word = splitmix(mix)
            self.s.append(word)

    def next(self):
        def rotl(x, k):
            return (x << k | x >> (64 - k)) & MASK
        s = self.s
        result = rotl(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def below(self, n):
        return ((self.next() >> 32) * n) >> 32


# ---------------------------------------------------------------- sampler

PICTURE_LABELS = [0, 0, 1, 0, 2, 0, 1, 0, 2, 0, 0, 1]
PICTURE_SOURCES = [0, 1, 0, 0, 1, 0, 2, 2, 1, 0, 0, 0]


def permutation(seed, epoch):
    random, order = Random(seed, epoch, MASK), list(range(len(PICTURE_LABELS)))
    for i in reversed(range(1, len(order))):
        j = random.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def draws(seed, epoch, balance, by_source):
    random = Random(seed, epoch, MASK)
    pictures = list(enumerate(zip(PICTURE_LABELS, PICTURE_SOURCES)))
    buckets = []  # (weight, pictures)
    for label in sorted(set(PICTURE_LABELS)):
        mine = [(i, s) for i, (c, s) in pictures if c == label]
        sources = sorted({s for _, s in mine}) if by_source else [None]
        for source in sources:
            members = [i for i, s in mine if source in (None, s)]
            buckets.append((len(mine) ** (1 - balance) / len(sources), members))
    total, order = sum(weight for weight, _ in buckets), []
    for _ in pictures:
        point, below = (random.next() >> 11) * 2.0 ** -53 * total, 0.0
        for weight, members in buckets:
            below += weight
            if point < below:
                break
        order.append(members[random.below(len(members))])
    return order


# ---------------------------------------------------------------- schedule

def rate(kind, step, per_epoch, epochs, warmup, peak, final, every, factor):
    """kind 0: cosine, 1: steps."""
    up = min(1.0, (step + 1) / (warmup * per_epoch)) if warmup else 1.0
    if kind == 1:
        return peak * up * factor ** (step // per_epoch // every)
    t = (step - warmup * per_epoch) / ((epochs - warmup) * per_epoch)
    return peak * up * (final + (1 - final) * (1 + math.cos(math.pi * min(max(t, 0), 1))) / 2)


def main():
    print("/* train.h - learning rates, losses and epoch orders; written by train.py. */")
    print("#include <stdint.h>\n\n/* clang-format off */")
    print("enum { LOSS_CLASSES = %d, LOSS_COUNT = %d };" % (CLASSES, COUNT))
    print("static const float loss_weights[] = { %s };" % ", ".join(map(str, WEIGHTS)))
    print("static const int32_t loss_labels[] = { %s };" % ", ".join(map(str, LABELS)))
    print("static const float loss_logits[] = { %s };" % ", ".join(str(x) for r in LOGITS for x in r))
    print("static const struct {\n    int weighted;\n    float smoothing;\n    double mean;\n"
          "    double gradient[LOSS_COUNT * LOSS_CLASSES];\n} loss_cases[] = {")
    for weighted in (0, 1):
        for smoothing in (0.0, 0.125, 1.0):
            weights = WEIGHTS if weighted else [1.0] * CLASSES
            print("    { %d, %s, %.17g,\n      { %s } }," % (
                weighted, smoothing, cross_entropy(LOGITS, weights, smoothing),
                ",\n        ".join("%.12g" % g for g in gradient(weights, smoothing))))
    print("};")
    print("enum { SAMPLER_COUNT = %d };" % len(PICTURE_LABELS))
    print("static const int32_t sampler_labels[] = { %s };" % ", ".join(map(str, PICTURE_LABELS)))
    print("static const int32_t sampler_sources[] = { %s };" % ", ".join(map(str, PICTURE_SOURCES)))
    print("static const struct {\n    float balance;\n    int by_source;\n    uint64_t seed, epoch;\n"
          "    int32_t order[SAMPLER_COUNT];\n} sampler_cases[] = {")
    for balance, by_source, seed, epoch in ((0, 0, 1, 0), (0, 0, 1, 1), (0, 0, 2 ** 64 - 1, 7),
                                            (1, 0, 1, 0), (1, 1, 1, 0), (0.5, 0, 3, 9),
                                            (0.5, 1, 3, 10), (0, 1, 5, 2)):
        order = draws(seed, epoch, balance, by_source) if balance or by_source else permutation(
            seed, epoch)
        print("    { %s, %d, %du, %d, { %s } }," % (balance, by_source, seed, epoch,
                                                   ", ".join(map(str, order))))
    print("};")
    print("static const struct {\n    int step_schedule;\n    int64_t step, per_epoch;\n"
          "    int epochs;\n    float warmup, peak, final;\n    int every;\n    float factor;\n"
          "    double rate;\n} schedule_cases[] = {")
    for kind, step, per_epoch, epochs, warmup, peak, final, every, factor in (
            (0, 0, 10, 6, 2, 0.5, 0.25, 1, 1), (0, 7, 10, 6, 2, 0.5, 0.25, 1, 1),
            (0, 19, 10, 6, 2, 0.5, 0.25, 1, 1), (0, 20, 10, 6, 2, 0.5, 0.25, 1, 1),
            (0, 33, 10, 6, 2, 0.5, 0.25, 1, 1), (0, 40, 10, 6, 2, 0.5, 0.25, 1, 1),
            (0, 59, 10, 6, 2, 0.5, 0.25, 1, 1), (0, 60, 10, 6, 2, 0.5, 0.25, 1, 1),
            (0, 99, 10, 6, 2, 0.5, 0.25, 1, 1), (0, 0, 3, 4, 0, 0.125, 0, 1, 1),
            (0, 5, 3, 4, 0, 0.125, 0, 1, 1), (0, 0, 3, 4, 0.25, 0.125, 0, 1, 1),
            (0, 1, 3, 4, 0.25, 0.125, 0, 1, 1), (1, 0, 5, 9, 1.5, 1, 0, 3, 0.5),
            (1, 14, 5, 9, 1.5, 1, 0, 3, 0.5), (1, 15, 5, 9, 1.5, 1, 0, 3, 0.5),
            (1, 29, 5, 9, 1.5, 1, 0, 3, 0.5), (1, 44, 5, 9, 1.5, 1, 0, 3, 0.5),
            (1, 3, 5, 9, 1.5, 1, 0, 3, 0.5)):
        print("    { %d, %d, %d, %d, %s, %s, %s, %d, %s, %.17g }," % (
            kind, step, per_epoch, epochs, warmup, peak, final, every, factor,
            rate(kind, step, per_epoch, epochs, warmup, peak, final, every, factor)))
    print("};")


if __name__ == "__main__":
    main()

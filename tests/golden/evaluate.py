#!/usr/bin/env python3
"""evaluate.py - writes evaluate.h: pictures with known figures, by numpy from the definitions.

Usage: python3 tests/golden/evaluate.py > tests/golden/evaluate.h

Nothing is shared with the C code: areas under ROC curves are counted over all pairs, F1 is the
harmonic mean, the intervals come from numpy's own random numbers (so they agree roughly only).
"""
import numpy as np

COUNT, CLASSES, GROUPS, BINS = 120, 4, 70, 15
MALIGNANT = np.array([False, True, False, True])
WEIGHTS = np.array([1.0, 0.5, 0.75, 0.25])
THRESHOLD = 0.375


def make():
    """Probabilities in steps of 1/64: exact in float32, and with many ties."""
    rng = np.random.default_rng(7)
    group = rng.integers(0, GROUPS, COUNT)
    label_of_group = rng.choice(CLASSES, GROUPS, p=[0.5, 0.25, 0.15, 0.1])
    label = label_of_group[group]
    logits = rng.normal(size=(COUNT, CLASSES)) * 1.2 + rng.normal(size=(GROUPS, CLASSES))[group]
    logits[np.arange(COUNT), label] += 1.5
    p = np.exp(logits)
    p = np.floor(p / p.sum(1, keepdims=True) * 64)
    p[np.arange(COUNT), p.argmax(1)] += 64 - p.sum(1)
    return p / 64, label, group * 3 - 50


def auc(score, positive):
    a, b = score[positive], score[~positive]
    if len(a) == 0 or len(b) == 0:
        return np.nan
    return np.mean((a[:, None] > b[None]) + 0.5 * (a[:, None] == b[None]))


def figures(p, label):
    n = len(label)
    decided, top, confidence = (p * WEIGHTS).argmax(1), p.argmax(1), p.max(1)
    rows = []
    for c in range(CLASSES):
        truth, said = label == c, decided == c
        if not truth.any():
            rows.append([np.nan] * 4)
            continue
        recall = (truth & said).sum() / truth.sum()
        precision = (truth & said).sum() / said.sum() if said.any() else 0.0
        both = recall + precision
        f1 = 2 * recall * precision / both if both > 0 else 0.0
        rows.append([recall, precision, f1, auc(p[:, c], truth)])
    rows = np.array(rows)
    ece = 0.0
    for b in range(BINS):
        inside = (confidence > b / BINS) & (confidence <= (b + 1) / BINS)
        if inside.any():
            gap = (top[inside] == label[inside]).mean() - confidence[inside].mean()
            ece += inside.sum() / n * abs(gap)
    loss = -np.log(np.maximum(p[np.arange(n), label], 1e-12)).mean()
    bad, score = MALIGNANT[label], p[:, MALIGNANT].sum(1)
    called = score >= THRESHOLD
    means = np.nanmean(rows, axis=0)
    return np.concatenate([
        [(decided == label).mean(), means[0], means[1], means[2], means[3], ece, loss,
         called[bad].mean(), (~called[~bad]).mean(), auc(score, bad)], rows.ravel()])


def bootstrap(p, label, group, resamples=4000):
    rng = np.random.default_rng(11)
    members = [np.flatnonzero(group == g) for g in np.unique(group)]
    out = []
    for _ in range(resamples):
        drawn = rng.integers(0, len(members), len(members))
        pick = np.concatenate([members[g] for g in drawn])
        out.append(figures(p[pick], label[pick]))
    return np.nanpercentile(np.array(out), [2.5, 97.5], axis=0)


def temperature(p, label):
    logp = np.log(np.maximum(p, 1e-12))
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 200001))
    def loss(t):
        z = logp / t
        z -= z.max(1, keepdims=True)
        return (np.log(np.exp(z).sum(1)) - z[np.arange(len(label)), label]).mean()
    coarse = grid[::1000]
    best = int(np.argmin([loss(t) for t in coarse])) * 1000
    near = grid[max(best - 1000, 0):best + 1001]
    return near[int(np.argmin([loss(t) for t in near]))]


def threshold(score, positive, sensitivity):
    return max(t for t in np.unique(score) if (score[positive] >= t).mean() >= sensitivity)


def array(kind, name, values, extent, form):
    text = ", ".join(form % v for v in values)
    lines, line = [], "   "
    for word in text.split(" "):
        if len(line) + len(word) > 98:
            lines.append(line)
            line = "   "
        line += " " + word
    print(f"static const {kind} {name}[{extent}] = {{\n" + "\n".join(lines + [line]) + "\n};")


def main():
    p, label, group = make()
    low, high = bootstrap(p, label, group)
    decided = (p * WEIGHTS).argmax(1)
    confusion = np.zeros((CLASSES, CLASSES), int)
    np.add.at(confusion, (label, decided), 1)
    score, bad = p[:, MALIGNANT].sum(1), MALIGNANT[label]
    print("/* evaluate.h - pictures with known figures; written by evaluate.py. */")
    print("#include <stdbool.h>\n#include <stdint.h>\n\n/* clang-format off */")
    print(f"enum {{ GOLDEN_COUNT = {COUNT}, GOLDEN_CLASSES = {CLASSES} }};")
    array("double", "golden_sixtyfourths", p.ravel() * 64, "GOLDEN_COUNT * GOLDEN_CLASSES", "%d")
    array("int32_t", "golden_labels", label, "GOLDEN_COUNT", "%d")
    array("int32_t", "golden_groups", group, "GOLDEN_COUNT", "%d")
    array("bool", "golden_malignant", MALIGNANT, "GOLDEN_CLASSES", "%d")
    array("float", "golden_weights", WEIGHTS, "GOLDEN_CLASSES", "%.2ff")
    print(f"static const float golden_threshold = {THRESHOLD}f;")
    print("/* as in skc_metric; then recall, precision, F1 and AUC of each class */")
    extent = "10 + 4 * GOLDEN_CLASSES"
    array("double", "golden_figures", figures(p, label), extent, "%.15g")
    array("double", "golden_low", low, extent, "%.4f")
    array("double", "golden_high", high, extent, "%.4f")
    extent = "GOLDEN_CLASSES * GOLDEN_CLASSES"
    array("int32_t", "golden_confusion", confusion.ravel(), extent, "%d")
    print(f"static const double golden_temperature = {temperature(p, label):.6f};")
    print(f"static const double golden_threshold_90 = {threshold(score, bad, 0.9):.15g};")
    print("/* clang-format on */")


main()

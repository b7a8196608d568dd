"""formula.py - inputs and parameters of the golden tests, made by a formula instead of stored.

golden.h has the same formula: both sides get the same float32 numbers.
"""
import numpy as np


def words(name, count):
    """64-bit words: splitmix64 (Steele et al. 2014), started at the FNV-1a hash of the name."""
    start = 0xcbf29ce484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001b3 % 2 ** 64
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9e3779b97f4a7c15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94d049bb133111eb)
        return z ^ z >> np.uint64(31)


def values(name, shape, middle, reach):
    """Evenly spread over middle +- reach; float32 numbers, as float64."""
    spread = (words(name, int(np.prod(shape))) >> np.uint64(40)).astype(np.float64) * 2.0 ** -23 - 1
    return (middle + reach * spread).astype(np.float32).astype(np.float64).reshape(shape)


def parameters(tensors):
    """tensors: a list of reference.Tensor. Weights keep the variance of what flows through a ReLU
    (He et al. 2015); batchnorm gets statistics and scales that are far from doing nothing."""
    reach = {"bias": (0, 0.1), "shift": (0, 0.1), "mean": (0, 0.1), "scale": (1, 0.25),
             "variance": (1, 0.5)}
    out = {}
    for t in tensors:
        middle, spread = reach.get(t.kind) or (0, np.sqrt(6 / t.fan_in))
        out[t.name] = values(t.name, t.shape, middle, spread)
    return out


def inputs(count, height, width):
    return values("input", (count, height, width, 3), 0, 1.75)


def pictures(count, side, labels):
    """8-bit noise, brighter the higher the picture's label i % labels."""
    out = []
    for i in range(count):
        noise = words("picture%d" % i, side * side * 3) >> np.uint64(58)
        out.append((noise + np.uint64(64 * (i % labels))).reshape(side, side, 3))
    return np.array(out, dtype=np.float64)

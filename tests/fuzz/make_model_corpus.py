#!/usr/bin/env python3
"""make_model_corpus.py - writes corpus/model and corpus/architecture: small files, good and bad.

Usage: python3 tests/fuzz/make_model_corpus.py   (from anywhere; the result is the same each time)
"""
import json
import os
import struct
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def layer(name, kind, **options):
    return {"name": name, "type": kind, **options}


def net(*layers, side=8):
    return {"name": "net", "input": {"height": side, "width": side}, "layers": list(layers)}


GAP = layer("gap", "global_avg_pool")
LOGITS = layer("logits", "dense", units=3)
TINY = net(GAP, LOGITS)
CONV = net(layer("conv", "conv2d", filters=4, kernel=3, padding="same", bias=False),
           layer("bn", "batchnorm"), layer("relu", "relu6"), GAP,
           layer("drop", "dropout", rate=0.5), LOGITS)
BRANCHES = net(layer("a", "conv2d", filters=4, kernel=[2, 3], stride=[1, 2], padding=[1, 0, 2, 1]),
               layer("b", "depthwise_conv2d", kernel=3, dilation=2, padding="same"),
               layer("c", "add", inputs=["a", "b"]), layer("d", "sigmoid", inputs=["a"]),
               layer("e", "concat", inputs=["c", "d", "c"]),
               layer("f", "max_pool", kernel=2, stride=2, ceil_mode=True),
               layer("g", "avg_pool", kernel=3, stride=1, padding=1, count_include_pad=True),
               layer("h", "flatten"), LOGITS, layer("i", "softmax"))


def description(architecture, **changes):
    text = {"format": 1, "task": "t", "labels": ["a", "b", "c"],
            "preprocessing": {"height": 8, "width": 8, "fit": "centre", "mean": [120, 110, 100],
                              "deviation": [50, 51, 52]},
            "decision": {"temperature": 1.5, "threshold": 0.5, "views": 8,
                         "class_weights": [1, 2, 0.5]},
            "provenance": {"seed": 1}, "architecture": architecture}
    text.update(changes)
    return json.dumps(text, separators=(",", ":"))


def crc(data):
    return f"{zlib.crc32(data):08x}"


def model(text, tensors, dtype="F16"):
    """A file of zeros with the names and shapes of `tensors`, all checksums right."""
    size = {"F16": 2, "F32": 4, "F64": 8}[dtype]
    entries, data, sums = {}, b"", {}
    for name, shape in tensors:
        count = 1
        for extent in shape:
            count *= extent
        piece = struct.pack("<e", 0.5) * count if dtype == "F16" else bytes(size * count)
        entries[name] = {"dtype": dtype, "shape": shape,
                         "data_offsets": [len(data), len(data) + len(piece)]}
        sums[name] = crc(piece)
        data += piece
    header = {"__metadata__": {"skincnn": text, "skincnn_crc32": crc(text.encode()),
                               "crc32": json.dumps(sums)}, **entries}
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-(len(head) + 8) % 64)
    return struct.pack("<Q", len(head)) + head + data


def write(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())


def models():
    dense = [("logits.weight", [3, 3]), ("logits.bias", [3])]
    conv = [("conv.weight", [4, 3, 3, 3])] + \
           [(f"bn.{part}", [4]) for part in ("scale", "shift", "mean", "variance")] + \
           [("logits.weight", [3, 4]), ("logits.bias", [3])]
    good = model(description(TINY), dense)
    write("model", "tiny-f16", good)
    write("model", "tiny-f32", model(description(TINY), dense, "F32"))
    write("model", "conv-f64", model(description(CONV), conv, "F64"))
    write("model", "truncated", good[:-1])
    write("model", "oversized", good + b"\0")
    write("model", "header-only", good[:8])
    write("model", "empty", b"")
    write("model", "flipped", good[:-1] + bytes([good[-1] ^ 1]))
    write("model", "huge-header", struct.pack("<Q", 1 << 63) + good[8:])
    write("model", "missing-tensor", model(description(TINY), dense[:1]))
    write("model", "wrong-shape", model(description(TINY), [("logits.weight", [9]), dense[1]]))
    write("model", "later-format", model(description(TINY, format=2), dense))
    write("model", "labels", model(description(TINY, labels=["a", "a", "c"]), dense))
    write("model", "giant", model(description(
        net(layer("flatten", "flatten"), layer("wide", "dense", units=65000),
            layer("wider", "dense", units=65000), LOGITS)), dense))
    overlap = good.replace(b'"data_offsets":[18,24]', b'"data_offsets":[12,18]')
    assert overlap != good
    write("model", "overlap", overlap)
    gap_only = net(GAP)
    write("model", "description", description(gap_only))
    write("model", "description-views", description(gap_only, decision={
        "temperature": 0, "threshold": 2, "views": 3, "class_weights": [1, 1, 1]}))
    decision = {"temperature": 1, "threshold": 0.25, "views": 1, "class_weights": [1, 1, 1],
                "malignant": ["b", "c"],
                "operating_points": [{"name": "sensitivity_95", "threshold": 0.25,
                                      "sensitivity": 0.953, "specificity": 0.7},
                                     {"name": "youden", "threshold": 0.5}]}
    write("model", "points", model(description(TINY, decision=decision), dense))
    write("model", "description-points", description(gap_only, decision=decision))
    write("model", "description-points-threshold",
          description(gap_only, decision=dict(decision, threshold=0.5)))
    write("model", "description-points-unknown", description(gap_only, decision={
        k: v for k, v in decision.items() if k != "malignant"}))
    write("model", "description-points-names", description(gap_only, decision=dict(
        decision, operating_points=[{"name": "x" * 32, "threshold": 0.25}] * 17)))
    write("model", "description-malignant",
          description(gap_only, decision=dict(decision, malignant=["a", "d", 3, "a"])))
    write("model", "description-fit", description(gap_only, preprocessing={
        "height": 8, "width": 8, "fit": "x", "mean": [0, 0, 0], "deviation": [1, 1, 1]}))


def architectures():
    for name, value in {
            "tiny": TINY, "conv": CONV, "branches": BRANCHES,
            "groups": net(layer("a", "conv2d", filters=6, kernel=3, groups=3, dilation=2), GAP,
                          LOGITS),
            "same-twice": net(layer("a", "relu"), layer("b", "add", inputs=["a", "a"]), GAP),
            "window-too-large": net(layer("a", "conv2d", filters=4, kernel=9), GAP),
            "giant-dense": net(layer("f", "flatten"), layer("a", "dense", units=65000),
                               layer("b", "dense", units=65000), side=4096),
            "giant-padding": net(layer("a", "max_pool", kernel=1, padding=65535), GAP),
            "giant-input": net(layer("a", "conv2d", filters=4096, kernel=1), GAP, side=4096),
            "dead-end": net(layer("a", "relu"), layer("b", "relu", inputs=["input"])),
            "unknown-type": net(layer("a", "magic")),
            "unknown-option": net(layer("a", "relu", slope=0.1)),
            "later-input": net(layer("a", "add", inputs=["b", "input"]), layer("b", "relu")),
            "range": net(layer("a", "dropout", rate=1.5)),
            "no-layers": {"name": "n", "input": {"height": 1, "width": 1}, "layers": []},
    }.items():
        write("architecture", name + ".json", json.dumps(value))
    write("architecture", "one-pixel.json", json.dumps(net(
        layer("a", "depthwise_conv2d", kernel=5, padding="same", stride=3), GAP, LOGITS, side=1)))
    write("architecture", "deep.json", "[" * 3000 + "]" * 3000)
    write("architecture", "duplicate-key.json", '{"name":"n","name":"m"}')
    write("architecture", "bad-utf8.json", b'{"name":"\xff"}')
    write("architecture", "empty.json", b"")
    chain = [layer(f"r{i}", "relu") for i in range(300)]
    write("architecture", "chain.json", json.dumps(net(*chain, GAP)))


if __name__ == "__main__":
    models()
    architectures()

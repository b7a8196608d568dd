"""rival_app.py - the service that one would write in Python: Flask, Pillow and PyTorch.

gunicorn serves `app`. RIVAL_MODEL names a model file of skincnn: the same network with the same
weights and the same eight views. RIVAL_THREADS: PyTorch's threads in each worker.
"""
import base64
import io
import json
import os
import struct

import numpy
import torch
from flask import Flask, jsonify, request
from PIL import Image
from torch.nn import functional as F

TYPES = {"F16": numpy.float16, "F32": numpy.float32}
torch.set_num_threads(int(os.environ.get("RIVAL_THREADS", "1")))


class Network:
    """A model file, run layer by layer as its architecture says, as batch of NCHW."""

    def __init__(self, path):
        with open(path, "rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(size))
            data = file.read()
        self.about = json.loads(header.pop("__metadata__")["skincnn"])
        self.layers = self.about["architecture"]["layers"]
        self.tensors = {name: torch.from_numpy(
            numpy.frombuffer(data, TYPES[t["dtype"]], offset=t["data_offsets"][0],
                             count=int(numpy.prod(t["shape"]))).astype(numpy.float32)
            .reshape(t["shape"])) for name, t in header.items()}
        for layer in self.layers:
            if layer["type"] == "conv2d":  # (Cout, kh, kw, Cin) here, (Cout, Cin, kh, kw) there
                key = layer["name"] + ".weight"
                self.tensors[key] = self.tensors[key].permute(0, 3, 1, 2).contiguous()

    def get(self, layer, name):
        return self.tensors.get(f"{layer['name']}.{name}")

    def apply(self, layer, inputs):
        """One layer."""
        kind, x = layer["type"], inputs[0]
        if kind == "conv2d":
            return F.conv2d(x, self.get(layer, "weight"), self.get(layer, "bias"),
                            layer.get("stride", 1), layer.get("padding", 0))
        if kind == "batchnorm":
            return F.batch_norm(x, self.get(layer, "mean"), self.get(layer, "variance"),
                                self.get(layer, "scale"), self.get(layer, "shift"), False, 0.0,
                                layer.get("epsilon", 1e-5))
        if kind == "relu":
            return F.relu(x)
        if kind == "max_pool":
            return F.max_pool2d(x, layer["kernel"], layer["stride"], layer.get("padding", 0))
        if kind == "add":
            return inputs[0] + inputs[1]
        if kind == "global_avg_pool":
            return x.mean((2, 3))
        if kind == "dense":
            return F.linear(x, self.get(layer, "weight"), self.get(layer, "bias"))
        raise ValueError(f"layer type {kind}")

    def logits(self, x):
        values, last = {"input": x}, "input"
        for layer in self.layers:
            names = layer.get("inputs", [last])
            values[layer["name"]] = self.apply(layer, [values[name] for name in names])
            last = layer["name"]
        return values[last]

    def probabilities(self, image):
        """The mean over the symmetries of the square of softmax(logits / temperature)."""
        p = self.about["preprocessing"]
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side)).resize(
            (p["width"], p["height"]), Image.BILINEAR)
        x = torch.from_numpy(numpy.asarray(image, numpy.float32))
        x = ((x - torch.tensor(p["mean"])) / torch.tensor(p["deviation"])).permute(2, 0, 1)
        views = [torch.rot90(v, k, (1, 2)) for v in (x, x.flip(2)) for k in range(4)]
        with torch.inference_mode():
            logits = self.logits(torch.stack(views))
            return torch.softmax(logits / self.about["decision"]["temperature"], 1).mean(0)


network = Network(os.environ["RIVAL_MODEL"])
app = Flask(__name__)


@app.post("/v1/malignancy")
def malignancy():
    body = request.get_json()
    image = Image.open(io.BytesIO(base64.b64decode(body["image"]))).convert("RGB")
    probabilities = network.probabilities(image)
    labels = network.about["labels"]
    return jsonify({"label": labels[int(probabilities.argmax())],
                    "probabilities": dict(zip(labels, map(float, probabilities)))})

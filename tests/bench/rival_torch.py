#!/usr/bin/env python3
"""rival_torch.py - PyTorch's side of the bench: the project's networks, layer by layer the same.

Usage: rival_torch.py train|infer|jit NET SIDE BATCH THREADS
Talks as protocol.h says. The networks follow libskincnn/graph/net_*.c; where those pad as
TensorFlow does (one pixel more below and right at stride 2), here both sides are padded, which
gives the same sizes and the same work.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 7


def conv_bn(c_in, c_out, kernel, stride=1, groups=1, act=None, epsilon=1e-3):
    layers = [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(c_out, eps=epsilon)]
    return layers + ([act(inplace=True)] if act else [])


def head(channels, dropout):
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return pool + ([nn.Dropout(dropout)] if dropout else []) + [nn.Linear(channels, CLASSES)]


def seed(side):
    layers, c_in = [], 3
    for c_out in (32, 32, 64):
        layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        c_in, side = c_out, side // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(c_in * side * side, 64),
                         nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(64, CLASSES))


class Basic(nn.Module):
    """ResNet's block: two 3x3 convolutions and a shortcut."""

    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.path = nn.Sequential(*conv_bn(c_in, c_out, 3, stride, act=nn.ReLU, epsilon=1e-5),
                                  *conv_bn(c_out, c_out, 3, epsilon=1e-5))
        same = stride == 1 and c_in == c_out
        self.shortcut = nn.Identity() if same else nn.Sequential(
            *conv_bn(c_in, c_out, 1, stride, epsilon=1e-5))

    def forward(self, x):
        y = self.path(x)
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


def resnet18(_side):
    layers, c_in = conv_bn(3, 64, 7, 2, act=nn.ReLU, epsilon=1e-5) + [nn.MaxPool2d(3, 2, 1)], 64
    for stage, c_out in enumerate((64, 128, 256, 512)):
        layers += [Basic(c_in, c_out, 2 if stage else 1), Basic(c_out, c_out, 1)]
        c_in = c_out
    return nn.Sequential(*layers, *head(512, 0))


class Inverted(nn.Module):
    """The mobile nets' block: the layers given, and a shortcut where it says so."""

    def __init__(self, layers, shortcut):
        super().__init__()
        self.path, self.shortcut = nn.Sequential(*layers), shortcut

    def forward(self, x):
        return x + self.path(x) if self.shortcut else self.path(x)


def mobilenetv2(_side):
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1))
    act, c_in = nn.ReLU6, 32
    layers = conv_bn(3, 32, 3, 2, act=act)
    for expansion, c_out, repeats, first in stages:
        for r in range(repeats):
            wide, stride = c_in * expansion, first if r == 0 else 1
            block = conv_bn(c_in, wide, 1, act=act) if expansion > 1 else []
            block += conv_bn(wide, wide, 3, stride, wide, act) + conv_bn(wide, c_out, 1)
            layers.append(Inverted(block, stride == 1 and c_in == c_out))
            c_in = c_out
    return nn.Sequential(*layers, *conv_bn(320, 1280, 1, act=act), *head(1280, 0.2))


def mobilenet_edgetpu(_side):
    blocks = ([(128, 32, 3, 2, True)] + [(128, 32, 3, 1, True)] * 3
              + [(256, 48, 3, 2, True)] + [(192, 48, 3, 1, True)] * 3
              + [(384, 96, 3, 2, False)] + [(384, 96, 3, 1, False)] * 3
              + [(768, 96, 3, 1, False)] + [(384, 96, 3, 1, False)] * 3
              + [(768, 160, 5, 2, False)] + [(640, 160, 5, 1, False)] * 3
              + [(1280, 192, 3, 1, False)])
    act, c_in = nn.ReLU, 16
    layers = conv_bn(3, 32, 3, 2, act=act) + conv_bn(32, 16, 1)
    for i, (wide, c_out, kernel, stride, fused) in enumerate(blocks):
        if fused:
            block = conv_bn(c_in, wide, kernel, stride, act=act)
        else:
            block = conv_bn(c_in, wide, 1, act=act) + conv_bn(wide, wide, kernel, stride, wide, act)
        layers.append(Inverted(block + conv_bn(wide, c_out, 1), i not in (0, 4, 8, 12, 16, 20)))
        c_in = c_out
    return nn.Sequential(*layers, *conv_bn(192, 1280, 1, act=act), *head(1280, 0.2))


NETS = {f.__name__: f for f in (seed, resnet18, mobilenetv2, mobilenet_edgetpu)}


def trainer(model, x):
    y = torch.arange(len(x)) % CLASSES
    optimiser = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4)
    model.train()

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        return float(loss)
    return step


def predictor(model, x, frozen):
    model.eval()
    if frozen:
        with torch.no_grad():
            model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))

    def step():
        with torch.inference_mode():
            return float(model(x)[0, 0])
    return step


def peak_kilobytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def timed(step):
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def serve(step, about):
    print("ready", json.dumps(about), flush=True)
    for line in sys.stdin:
        word = line.split()
        if word[0] == "run":
            print(*("%.9g" % timed(step) for _ in range(int(word[1]))), flush=True)
        elif word[0] == "peak":
            print(peak_kilobytes(), flush=True)
        else:
            break


def main():
    work, net = sys.argv[1:3]
    side, batch, threads = (int(word) for word in sys.argv[3:6])
    about = {"import": peak_kilobytes(), "version": torch.__version__}
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = NETS[net](side)
    about["parameters"] = sum(p.numel() for p in model.parameters())
    x = torch.randn(batch, 3, side, side)
    serve(trainer(model, x) if work == "train" else predictor(model, x, work == "jit"), about)


if __name__ == "__main__":
    main()

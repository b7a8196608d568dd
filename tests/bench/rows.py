"""rows.py - what is compared: the rows of the bench, their goals and how each is measured."""
import dataclasses
import os
import pathlib
import subprocess
import sys
import typing

from turns import Noise, Side, SideFailed, in_turns

HERE = pathlib.Path(__file__).parent
THREADS = 2
BATCH = 32
LAYER_BATCH = 16
NETS = {"seed-100": ("seed", 100), "seed-224": ("seed", 224), "resnet18": ("resnet18", 224),
        "mobilenetv2": ("mobilenetv2", 224), "mobilenet_edgetpu": ("mobilenet_edgetpu", 224)}
# PT+: the heap is kept, so that PyTorch does not pay for fresh pages in every step
KEEP_HEAP = {"MALLOC_MMAP_THRESHOLD_": str(1 << 40), "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


class Skipped(Exception):
    """A row cannot be measured here; the message says why."""


@dataclasses.dataclass
class Row:
    """`goal` says what must and should bound: "faster" a ratio from below, "smaller" a ratio from
    above, "within" our own figure from above."""
    name: str
    unit: str
    goal: str
    must: float
    should: float
    measure: typing.Callable
    needs: tuple = ()


class Sides:
    """Makes the processes of both sides."""

    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.programs = self.build / "tests" / "bench"
        self.picture = str(self.folder / "heavy.jpg")
        self.output("tests/bench/bench", "picture", self.picture)

    def output(self, program, *words):
        """What a program of the build prints."""
        done = subprocess.run([self.build / program, *map(str, words)], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise SideFailed(f"{program} {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def ours(self, *words):
        return Side([str(self.programs / "bench"), *map(str, words)])

    def torch(self, *words, keep_heap=True):
        threads = str(words[-1])
        return Side([sys.executable, "-B", str(HERE / "rival_torch.py"), *map(str, words)],
                    {"OMP_NUM_THREADS": threads, **(KEEP_HEAP if keep_heap else {})})

    def rival(self, program, *words):
        return Side([str(self.programs / program), *map(str, words)],
                    {"OMP_NUM_THREADS": str(THREADS)})

    def layers(self, net, which):
        """The file with the list of a network's convolutions, and how often each stands in it."""
        path = self.folder / f"{net[0]}-{net[1]}-{which}.txt"
        text = self.output("tests/bench/bench", "list", *net, which)
        path.write_text(text, encoding="ascii")
        return str(path), [int(line.split()[1]) for line in text.splitlines()]

    def model(self, net):
        """A model file of a network with fresh parameters."""
        path = self.folder / f"{net[0]}.safetensors"
        self.output("tests/bench/bench", "create", *net, path)
        return path

    def quantised_model(self, net):
        """The same with int8 weights, calibrated on the one picture that there is."""
        path = self.folder / f"{net[0]}-int8.safetensors"
        manifest = self.folder / "manifest.csv"
        manifest.write_text(f"path,label,group,split,source\n{self.picture},a,,train,\n",
                            encoding="ascii")
        self.output("skincnn-model", "quantise", "--force", "--manifest", manifest,
                    self.model(net), path)
        return path


def check_same_network(ours, rival):
    a, b = ours.about["parameters"], rival.about["parameters"]
    if a != b:
        raise SideFailed(f"not the same network: {a} parameters here, {b} in PyTorch")


@dataclasses.dataclass
class Result:
    """Both figures in the row's unit, and what the machine did besides (turns.Noise)."""
    ours: float
    rival: float
    noise: dict


def compare(sides, convert, seconds, least):
    """Runs two sides in turns; `convert` makes the row's figure of the seconds of its items."""
    (ours, rival), noise = in_turns(sides, seconds, least)
    return Result(convert(ours), convert(rival), noise)


def images(items):
    return BATCH / items[0]


def milliseconds(items):
    return 1e3 * items[0]


# ---------------------------------------------------------------- ways to measure

def training(net):
    def measure(sides):
        with sides.ours("train", *net, BATCH, THREADS, sides.picture, "memory") as ours, \
                sides.torch("train", *net, BATCH, THREADS) as rival:
            result = compare([ours, rival], images, seconds=4, least=5)
            check_same_network(ours, rival)
            return result
    return measure


def inference(net):
    def measure(sides):
        with sides.ours("infer", *net, BATCH, THREADS) as ours, \
                sides.torch("infer", *net, BATCH, THREADS) as rival:
            result = compare([ours, rival], images, seconds=3, least=5)
            check_same_network(ours, rival)
            return result
    return measure


def against_jit(model, net, sides):
    """Milliseconds at batch 1 of a network or model file, and of PyTorch's frozen JIT."""
    with sides.ours("infer", model, net[1], 1, THREADS) as ours, \
            sides.torch("jit", *net, 1, THREADS) as rival:
        result = compare([ours, rival], milliseconds, seconds=3, least=7)
        if model == net[0]:  # quantising may merge parameters
            check_same_network(ours, rival)
        return result


def latency(net):
    return lambda sides: against_jit(net[0], net, sides)


def quantised(net):
    return lambda sides: against_jit(sides.quantised_model(net), net, sides)


def convolutions(net, which):
    """Milliseconds an image, summed over a network's convolutions."""
    def measure(sides):
        path, counts = sides.layers(net, which)
        with sides.ours("layers", *net, LAYER_BATCH, THREADS, which) as ours, \
                sides.rival("rival_dnnl", path, LAYER_BATCH, which) as rival:
            return compare(
                [ours, rival],
                lambda items: 1e3 / LAYER_BATCH * sum(n * one for n, one in zip(counts, items)),
                seconds=2, least=5)
    return measure


def training_memory(net):
    """Peak MB of a process that trains; PyTorch's less what its import takes."""
    def measure(sides):
        peaks, noise = [], Noise()
        for side in (sides.ours("train", *net, BATCH, THREADS, sides.picture, "cache"),
                     sides.torch("train", *net, BATCH, THREADS, keep_heap=False)):
            with side:
                about = side.wait_ready()
                side.run(3)
                peaks.append(side.peak() / 1e6 - about.get("import", 0) * 1024 / 1e6)
        return Result(*peaks, noise.percent())
    return measure


def process_memory(net):
    """Peak MB of a process that loads a model file compact and predicts one input at a time; for
    comparison PyTorch's frozen JIT, all of it."""
    def measure(sides):
        model, rival_peak, noise = sides.model(net), None, Noise()
        with sides.ours("compact", model, THREADS) as ours:
            ours.wait_ready()
            ours.run(3)
            peak = ours.peak() / 1e6
        if missing("torch", sides) is None:
            with sides.torch("jit", *net, 1, THREADS, keep_heap=False) as rival:
                rival.wait_ready()
                rival.run(3)
                rival_peak = rival.peak() / 1e6
        return Result(peak, rival_peak, noise.percent())
    return measure


def jpeg(sides):
    """Milliseconds on one core from a JPEG to an input of 224 x 224."""
    with sides.ours("jpeg", sides.picture) as ours, \
            sides.rival("rival_stb", sides.picture) as rival:
        return compare([ours, rival], milliseconds, seconds=3, least=7)


def scaling(work, net):
    """Images a second of two threads, and of one."""
    more = (lambda sides: (sides.picture, "memory")) if work == "train" else lambda sides: ()

    def measure(sides):
        with sides.ours(work, *net, BATCH, 2, *more(sides)) as two, \
                sides.ours(work, *net, BATCH, 1, *more(sides)) as one:
            return compare([two, one], images, seconds=2, least=3)
    return measure


def feeding(net):
    """Images a second of training from the cache with crop, flip and normalise, and from memory."""
    def measure(sides):
        with sides.ours("train", *net, BATCH, THREADS, sides.picture, "cache") as cache, \
                sides.ours("train", *net, BATCH, THREADS, sides.picture, "memory") as memory:
            return compare([cache, memory], images, seconds=4, least=5)
    return measure


# ---------------------------------------------------------------- the rows

def all_rows():
    train_goals = {"seed-100": (1.3, 1.6), "seed-224": (1.5, 2.0), "resnet18": (1.4, 1.8),
                   "mobilenetv2": (1.5, 2.5), "mobilenet_edgetpu": (1.3, 1.8)}
    rows = []

    def each(prefix, unit, goal, goals, measure, needs=(), nets=NETS):
        for name in nets:
            must, should = goals[name] if isinstance(goals, dict) else goals
            rows.append(Row(f"{prefix}/{name}", unit, goal, must, should, measure(NETS[name]),
                            needs))

    each("train", "images/s", "faster", train_goals, training, ("torch",))
    each("infer", "images/s", "faster", (1.2, 1.8), inference, ("torch",))
    each("latency", "ms", "faster", (1.1, 1.6), latency, ("torch",))
    for which in ("forward", "data", "weights"):
        each(f"conv-{which}", "ms/image", "faster", (0.85, 1.1),
             lambda net, which=which: convolutions(net, which), ("dnnl",))
    int8_goals = {"resnet18": (3.0, 4.5), "mobilenet_edgetpu": (2.0, 3.5)}
    each("int8", "ms", "faster", int8_goals, quantised, ("torch", "vnni"), int8_goals)
    each("memory-train", "MB", "smaller", (0.7, 0.5), training_memory, ("torch",))
    process_goals = {"resnet18": (100, 80), "mobilenetv2": (60, 40)}
    each("memory-one", "MB", "within", process_goals, process_memory, (), process_goals)
    rows.append(Row("jpeg", "ms", "faster", 1.8, 2.0, jpeg, ("stb",)))
    for work in ("train", "infer"):
        each(f"scaling-{work}", "images/s", "faster", (1.8, 1.95),
             lambda net, work=work: scaling(work, net), ("two cores",))
    each("fed", "images/s", "faster", (0.97, 1.0), feeding)
    return rows


def missing(need, sides):
    """Why a row with this need cannot be measured here; None where it can."""
    def processor_has(*flags):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            words = next((line for line in file if line.startswith("flags")), "").split()
        return all(flag in words for flag in flags)

    def torch_there():
        return subprocess.run([sys.executable, "-c", "import torch"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    tests = {
        "torch": (torch_there, "python3-torch is not installed"),
        "dnnl": ((sides.programs / "rival_dnnl").exists, "libdnnl-dev or g++ is not installed"),
        "stb": ((sides.programs / "rival_stb").exists, "libstb-dev is not installed"),
        "vnni": (lambda: processor_has("avx512f", "avx512_vnni"),
                 "this processor has no AVX-512 VNNI"),
        "two cores": (lambda: len(os.sched_getaffinity(0)) >= 2, "there is one core only"),
    }
    test, message = tests[need]
    return None if test() else message

#!/usr/bin/env python3
"""bench_server.py - skincnn-server against Flask, gunicorn and PyTorch, in turns on one machine.

Usage: bench_server.py BUILD_FOLDER   (make bench-server calls it)

Both answer POST /v1/malignancy with the same JSON body (a 520x520 JPEG in base64) by the same
network: ours with the 8-bit weights that the server uses by default, and with those that the rival
has. Throughput: wrk with 16 connections as fast as answers come. Latency: requests that come at
random, half as many as the service answered at most. Memory:
proportional set size of all processes, after the load. Writes bench-server.json.
"""
import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
CONNECTIONS, SECONDS, ROUNDS = 16, 8, 3
OURS = {"skincnn-server": [], "with 32-bit weights": ["--models", str(ROOT / "weights")]}
RIVALS = {"1 worker x 2 threads": (1, 2), "2 workers x 1 thread": (2, 1)}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """A server process with its children."""

    def __init__(self, name, command, port, environment=None):
        self.name, self.url = name, f"http://127.0.0.1:{port}/v1/malignancy"
        self.process = subprocess.Popen(command, start_new_session=True,
                                        env={**os.environ, **(environment or {})},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, body):
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait(self, body):
        for _ in range(200):
            try:
                return self.ask(body)
            except OSError:
                time.sleep(0.1)
        sys.exit(f"bench-server: {self.name} does not start")

    def memory(self):
        """Megabytes of all processes, shared pages divided among those that share them."""
        total, waiting = 0, [self.process.pid]
        while waiting:
            pid = waiting.pop()
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                children += (task / "children").read_text().split()
            waiting += {int(child) for child in children}
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1000

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def load(service, body, rate=0.0):
    """One run of wrk."""
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "20s",
                           "-s", str(HERE / "load.lua"), service.url],
                          env={**os.environ, "BODY": body, "RATE": str(rate)}, check=True,
                          capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["failed"]:
        sys.exit(f"bench-server: {service.name} failed {result['failed']} requests")
    return result


def measure(services, body):
    """{name: figures}, medians of rounds in turns."""
    rounds = {s.name: [] for s in services}
    for _ in range(ROUNDS):
        for s in services:
            full = load(s, body)
            rate = full["requests"] / full["seconds"]
            half = load(s, body, rate / 2)
            rounds[s.name].append({"rate": rate, "p99 full": full["p99"], "p50": half["p50"],
                                   "p99": half["p99"],
                                   "half rate": half["requests"] / half["seconds"]})
            print(f"  {s.name:<22} {rate:7.1f} requests/s; at {rounds[s.name][-1]['half rate']:.1f}: "
                  f"p50 {half['p50']:.1f} ms, p99 {half['p99']:.1f} ms", flush=True)
    figures = {}
    for s in services:
        figures[s.name] = {key: statistics.median(r[key] for r in rounds[s.name])
                           for key in rounds[s.name][0]}
        figures[s.name]["memory"] = s.memory()
    return figures


def row(name, ours, rival, unit, must, should, larger):
    """`must` None: it has no goal."""
    ratio = ours / rival
    if must is None:
        print(f"{name:<34}{ours:9.1f} {rival:9.1f}  {unit:<12}{ratio:6.2f}")
        return {"name": name, "ours": ours, "rival": rival, "ratio": ratio, "unit": unit}
    good = (ratio >= should, ratio >= must) if larger else (ratio <= should, ratio <= must)
    verdict = "should" if good[0] else "must" if good[1] else "short"
    print(f"{name:<34}{ours:9.1f} {rival:9.1f}  {unit:<12}{ratio:6.2f}  "
          f"{'' if larger else '<'}{must:.2f}  {'' if larger else '<'}{should:.2f}  {verdict}")
    return {"name": name, "ours": ours, "rival": rival, "ratio": ratio, "unit": unit, "must": must,
            "should": should, "verdict": verdict}


def start_all(build, folder, body):
    models = ROOT / "weights"
    services = []
    for name, choice in OURS.items():
        port = free_port()
        services.append(Service(name, [build / "skincnn-server", "--listen", f"127.0.0.1:{port}",
                                       "--data", f"{folder}/data-{port}", "--log", "error",
                                       "--anonymous-rate", "1000000", "--anonymous-burst",
                                       "1000000", "--anonymous-quota", "0", *choice], port))
    for name, (workers, threads) in RIVALS.items():
        port = free_port()
        services.append(Service(name, [sys.executable, "-m", "gunicorn", "--workers", str(workers),
                                       "--bind", f"127.0.0.1:{port}", "--timeout", "60",
                                       "--chdir", str(HERE), "rival_app:app"], port,
                                {"RIVAL_MODEL": str(models / "malignancy.safetensors"),
                                 "RIVAL_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}))
    try:
        answers = [s.wait(body) for s in services]
    except BaseException:
        for s in services:
            s.stop()
        raise
    return services, answers


def check_same(answers):
    """All must have judged the picture, and alike: another resizer costs a little."""
    shares = [a["probabilities"]["malignant"] for a in answers]
    if max(shares) - min(shares) > 0.05:
        sys.exit(f"bench-server: the services do not agree: {shares}")


def main():
    build = pathlib.Path(sys.argv[1]).absolute()
    if shutil.which("wrk") is None:
        sys.exit("bench-server: wrk is not installed")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([build / "skincnn-data", "generate", "--count", "1", "--size", "520",
                        "--seed", "3", "--out", f"{folder}/pictures"], check=True,
                       stdout=subprocess.DEVNULL)
        picture = next(pathlib.Path(folder, "pictures").rglob("*.jpg"))
        text = base64.b64encode(picture.read_bytes()).decode()
        body = pathlib.Path(folder, "body.json")
        body.write_text(json.dumps({"image": text}))
        services, answers = start_all(build, folder, body.read_bytes())
        try:
            check_same(answers)
            print(f"a picture of {picture.stat().st_size / 1000:.0f} kB, {CONNECTIONS} connections, "
                  f"{ROUNDS} rounds of {SECONDS} s in turns")
            figures = measure(services, str(body))
        finally:
            for s in services:
                s.stop()
    ours = figures["skincnn-server"]
    rival = max((figures[name] for name in RIVALS), key=lambda f: f["rate"])
    rows = [row("throughput", ours["rate"], rival["rate"], "requests/s", 2.5, 4.0, True),
            row("p99 at half load", ours["p99"], rival["p99"], "ms", 0.5, 1 / 3, False),
            row("memory", ours["memory"], rival["memory"], "MB", 0.25, 0.25, False)]
    exact = figures["with 32-bit weights"]
    rows += [row(f"{key}, 32-bit weights", exact[key], rival[key], unit, None, None, True)
             for key, unit in (("rate", "requests/s"), ("p99", "ms"), ("memory", "MB"))]
    pathlib.Path(build, "bench-server.json").write_text(
        json.dumps({"rows": rows, "figures": figures}, indent=1) + "\n")


main()

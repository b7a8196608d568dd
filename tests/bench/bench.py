#!/usr/bin/env python3
"""bench.py - the project against its rivals, in turns: prints a table, writes bench.json.

Usage: bench.py BUILD_FOLDER       (make bench [ROWS=NAME,...] calls it)
Environment: ROWS, names or patterns of rows separated by commas ("train" means "train/*"; "list"
prints them all); BENCH_JSON, where to write (default: bench.json in the build folder).
"""
import fnmatch
import functools
import json
import os
import pathlib
import sys
import tempfile

import rows as bench_rows
from turns import QUIET, Noise, SideFailed

COLUMNS = "{:<29}{:>9} {:>9}  {:<9}{:>6}  {:>6} {:>6}  {:<9}{}"


def chosen(rows, patterns):
    """The rows that the patterns name; a pattern without one ends the program."""
    taken = set()
    for pattern in filter(None, (word.strip() for word in patterns.split(","))):
        names = {row.name for row in rows
                 if fnmatch.fnmatch(row.name, pattern) or fnmatch.fnmatch(row.name, pattern + "/*")}
        if not names:
            sys.exit(f"bench: no row is called {pattern}; ROWS=list prints the names")
        taken |= names
    return [row for row in rows if row.name in taken] if taken else rows


def ratio_of(row, ours, rival):
    """Above 1 is ahead; of memory, ours / theirs."""
    if rival is None:
        return None
    return rival / ours if row.unit in ("ms", "ms/image") else ours / rival


def verdict_of(row, ours, ratio):
    value = ours if row.goal == "within" else ratio
    for verdict, bound in (("should", row.should), ("must", row.must)):
        if value >= bound if row.goal == "faster" else value <= bound:
            return verdict
    return "short"


def figure(value):
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def say_noise(noise):
    return ", ".join(f"{name} " + ("unknown" if share is None else f"{share:.1f} %")
                     for name, share in noise.items())


def measure(row, sides, why_missing):
    """The row's result as an object for bench.json; raises Skipped or SideFailed."""
    for need in row.needs:
        reason = why_missing(need)
        if reason is not None:
            raise bench_rows.Skipped(reason)
    result = row.measure(sides)
    ratio = ratio_of(row, result.ours, result.rival)
    return {"name": row.name, "ours": result.ours, "rival": result.rival, "ratio": ratio,
            "unit": row.unit, "must": row.must, "should": row.should,
            "verdict": verdict_of(row, result.ours, ratio), **result.noise}


def print_result(row, result):
    mark = "" if row.goal == "faster" else "<"
    timed = row.unit != "MB"
    doubt = "?" if timed and (result["waited"] or 0) >= QUIET else ""
    noise = say_noise({name: result[name] for name in ("waited", "stolen")}) if timed else ""
    print(COLUMNS.format(row.name, figure(result["ours"]), figure(result["rival"]), row.unit,
                         figure(result["ratio"]), f"{mark}{row.must:g}", f"{mark}{row.should:g}",
                         result["verdict"] + doubt, noise).rstrip(), flush=True)


def write_json(path, results):
    text = ",\n ".join(json.dumps(result) for result in results)
    path.write_text(f"[{text}]\n", encoding="ascii")


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {len(os.sched_getaffinity(0))} cores"


def run_all(rows, sides, path):
    """Measures, prints and stores; returns how many rows failed."""
    results, failed, noise = [], 0, Noise()
    why_missing = functools.lru_cache(None)(lambda need: bench_rows.missing(need, sides))
    print(f"{processor()}; {bench_rows.THREADS} threads, both sides in turns, medians")
    print(COLUMNS.format("row", "ours", "rival", "unit", "ratio", "must", "should", "verdict",
                         "noise"), flush=True)
    for row in rows:
        try:
            results.append(measure(row, sides, why_missing))
            print_result(row, results[-1])
        except bench_rows.Skipped as reason:
            print(f"{row.name:<29}skipped: {reason}", flush=True)
        except SideFailed as reason:
            failed += 1
            print(f"{row.name:<29}failed: {reason}", flush=True)
        write_json(path, results)
    print(f"Noise, as a share of the time: of a row, while its turns ran; in all "
          f"{say_noise(noise.percent())}.\nA ? behind a verdict: the machine was busy.")
    print(f"Written: {path}")
    return failed


def main():
    build, rows = pathlib.Path(sys.argv[1]), bench_rows.all_rows()
    if os.environ.get("ROWS") == "list":
        print("\n".join(row.name for row in rows))
        return 0
    rows = chosen(rows, os.environ.get("ROWS", ""))
    path = pathlib.Path(os.environ.get("BENCH_JSON") or build / "bench.json")
    with tempfile.TemporaryDirectory(prefix="skincnn-bench-") as folder:
        return 1 if run_all(rows, bench_rows.Sides(build, folder), path) else 0


if __name__ == "__main__":
    sys.exit(main())

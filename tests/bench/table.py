#!/usr/bin/env python3
"""table.py - prints bench.json as the table of docs/performance.md.

Usage: table.py build/release/bench.json
"""
import json
import sys

from bench import figure


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        results = json.load(file)
    print("| row | ours | rival | unit | ratio | must | should | verdict |")
    print("|---|---:|---:|---|---:|---:|---:|---|")
    for r in results:
        print("|", " | ".join([r["name"], figure(r["ours"]), figure(r["rival"]), r["unit"],
                               figure(r["ratio"]), f"{r['must']:g}", f"{r['should']:g}",
                               r["verdict"]]), "|")


if __name__ == "__main__":
    main()

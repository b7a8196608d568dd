#!/usr/bin/env python3
"""split.py - writes split.h: a made-up table split by the rule in skincnn.h, computed with hashlib.

Usage: python3 tests/golden/split.py > tests/golden/split.h
"""
import hashlib


def table():
    """(path, label, group): groups of 1 to 4 pictures, some pictures without a group."""
    rows = []
    for i in range(60):
        label = ("nv", "mel", "bcc")[(i * i + i // 7) % 3] if i < 57 else "df"
        group = "" if i % 11 == 3 else "G%d" % (i * 7 % 26)
        rows.append(("p%02d.jpg" % i, label, group))
    return rows


def split(rows, seed, percent):
    units = {}  # key -> [first label, pictures, name to hash]
    for path, label, group in rows:
        key = ("group", group) if group else ("path", path)
        units.setdefault(key, [label, 0, group or path])[1] += 1
    joins = set()
    for label in {unit[0] for unit in units.values()}:
        mine = [(hashlib.sha256(("%s:%s" % (seed, u[2])).encode()).hexdigest(), key, u[1])
                for key, u in units.items() if u[0] == label]
        quota = (percent * sum(m[2] for m in mine) + 50) // 100
        taken = 0
        for _, key, pictures in sorted(mine):
            if taken + pictures <= quota:
                taken += pictures
                joins.add(key)
    return [1 if (("group", g) if g else ("path", p)) in joins else 0 for p, _, g in rows]


def main():
    rows = table()
    print("/* split.h - a table and which of its rows join the new part; written by split.py. */\n")
    print("/* clang-format off */\nstatic const struct {\n    const char *path, *label, *group;\n    int at_20, at_35;\n"
          "} golden_rows[] = {")
    for row, a, b in zip(rows, split(rows, "ham10000-split-v1", 20), split(rows, "other", 35)):
        print('    { "%s", "%s", "%s", %d, %d },' % (*row, a, b))
    print("};")


if __name__ == "__main__":
    main()

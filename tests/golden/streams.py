#!/usr/bin/env python3
"""streams.py - writes streams.h: known answers of the random streams, computed in Python.

Usage: python3 tests/golden/streams.py > tests/golden/streams.h

Written from the papers: splitmix64 (Steele, Lea and Flood, OOPSLA 2014) and xoshiro256** 1.0
(Blackman and Vigna, ACM TOMS 47(4), 2021).
"""
import math

MASK = (1 << 64) - 1
STREAMS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (12345, 678, 90),
           (MASK, MASK, MASK), (42, 1 << 63, 7)]
NEXT = 6


def split(state):
    """One step of splitmix64: the new state and the number."""
    state = (state + 0x9e3779b97f4a7c15) & MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
    return state, z ^ (z >> 31)


class Xoshiro:
    """xoshiro256**, its four words from splitmix64 seeded by mixing seed, a and b."""

    def __init__(self, seed, a, b):
        mix = split(seed)[1] ^ a
        mix = split(mix)[1] ^ b
        self.s = []
        for _ in range(4):
            mix, word = split(mix)
            self.s.append(word)

    def next(self):
        s = self.s
        rotl = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
        result = rotl(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result


def normal(x):
    """Box and Muller's first value, from two draws of 53 bits."""
    u = ((x.next() >> 11) + 1) / 2 ** 53
    v = (x.next() >> 11) / 2 ** 53
    return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)


def main():
    # The reference code of xoshiro256** with the state 1, 2, 3, 4 begins with these.
    check = Xoshiro(0, 0, 0)
    check.s = [1, 2, 3, 4]
    assert [check.next() for _ in range(3)] == [11520, 0, 1509978240]
    assert split(0)[1] == 0xe220a8397b1dcdaf
    print("/* streams.h - known answers of the random streams; made by streams.py. */")
    print("#include <stdint.h>\n")
    print(f"enum {{ GOLDEN_STREAMS = {len(STREAMS)}, GOLDEN_NEXT = {NEXT} }};\n")
    print("static const struct golden_stream {\n    uint64_t seed, a, b, next[GOLDEN_NEXT];")
    print("    uint32_t uniform; /* x 2^24 */\n    uint32_t below;   /* of 1000003 */")
    print("    double   normal;\n} golden_streams[GOLDEN_STREAMS] = {")
    for seed, a, b in STREAMS:
        x = Xoshiro(seed, a, b)
        numbers = ", ".join(f"0x{x.next():016x}u" for _ in range(NEXT))
        uniform = Xoshiro(seed, a, b).next() >> 40
        below = ((Xoshiro(seed, a, b).next() >> 32) * 1000003) >> 32
        print(f"    {{ 0x{seed:x}u, 0x{a:x}u, 0x{b:x}u,\n      {{ {numbers} }},")
        print(f"      {uniform}u, {below}u, {normal(Xoshiro(seed, a, b))!r} }},")
    print("};")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the seeds of the picture and EXIF fuzz targets, sound and damaged, into corpus/.

Needs nothing but Python; the JPEG files come from tests/unit/image/jpegs.h.
"""

import pathlib
import re
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
JPEGS = HERE.parent / "unit" / "image" / "jpegs.h"


def chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, rows, interlace=0, before=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND"))


def tiff(order, orientation, kind=3, offset=8, entries=1):
    entry = struct.pack(order + "HHI", 0x0112, kind, 1) + struct.pack(order + "HH", orientation, 0)
    head = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, offset)
    return head + struct.pack(order + "H", entries) + entry


def rows(height, size, filters=b"\0"):
    def row(y):
        samples = bytes((7 * y + 5 * i) % 256 for i in range(size))
        return filters[y % len(filters):][:1] + samples
    return b"".join(row(y) for y in range(height))


def jpegs():
    text = JPEGS.read_text()
    for name, body in re.findall(r"(jpeg_\w+)\[\d+\] = \{(.*?)\}", text, re.S):
        yield name, bytes(int(value, 16) for value in re.findall(r"0x[0-9a-f]{2}", body))


def damaged(name, data):
    """What happens to files: they end early, lose a piece, get a byte changed."""
    middle = len(data) * 2 // 3
    flipped = bytearray(data)
    flipped[middle] ^= 0xFF
    yield name + "_cut", data[:middle]
    yield name + "_hole", data[:middle] + data[middle + 9:]
    yield name + "_flipped", bytes(flipped)


def pictures():
    sound = {
        "rgb8.png": png(5, 6, 8, 2, rows(6, 15, bytes(range(5)))),
        "rgb16.png": png(3, 3, 16, 2, rows(3, 18)),
        "rgba8.png": png(4, 4, 8, 6, rows(4, 16)),
        "rgba16.png": png(2, 3, 16, 6, rows(3, 16)),
        "grey_alpha.png": png(4, 2, 8, 4, rows(2, 8)),
        "grey1.png": png(11, 3, 1, 0, rows(3, 2)),
        "grey2_key.png": png(5, 3, 2, 0, rows(3, 2), before=chunk(b"tRNS", b"\0\1")),
        "grey16.png": png(3, 2, 16, 0, rows(2, 6)),
        "palette4.png": png(3, 2, 4, 3, b"\0\x01\x20\0\x21\x10",
                            before=chunk(b"PLTE", bytes(range(9))) + chunk(b"tRNS", b"\x80")),
        "interlaced.png": png(3, 3, 8, 0, b"\0\x01\0\x02\0\x03\x04\0\x05\0\x06\0\x07\x08\x09", 1),
        "turned.png": png(3, 2, 8, 0, rows(2, 3), before=chunk(b"eXIf", tiff(">", 6))),
    }
    sound.update((name + ".jpg", data) for name, data in jpegs())
    yield from sound.items()
    for name in ("rgb8.png", "interlaced.png", "jpeg_baseline.jpg", "jpeg_progressive.jpg",
                 "jpeg_restart.jpg"):
        yield from damaged(name, sound[name])
    baseline = sound["jpeg_baseline.jpg"]
    exif = b"Exif\0\0" + tiff("<", 8)
    app1 = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    yield "turned.jpg", baseline[:2] + app1 + baseline[2:]
    yield "no_scan.jpg", baseline[:baseline.index(b"\xff\xda")] + b"\xff\xd9"
    yield "empty_scan.jpg", baseline[:baseline.index(b"\xff\xda") + 14] + b"\xff\xd9"
    frame = baseline.index(b"\xff\xc0")
    yield "huge.jpg", baseline[:frame + 5] + b"\xff" * 4 + baseline[frame + 9:]
    yield "palette_outside.png", png(3, 1, 8, 3, b"\0\0\1\2", before=chunk(b"PLTE", bytes(6)))
    yield "bomb_header.png", png(100000, 100000, 8, 2, b"")
    yield "bomb_data.png", png(1, 1, 8, 2, bytes(1 << 20))
    yield "short_data.png", png(400, 400, 8, 2, bytes(100))
    yield "empty", b""
    yield "text", b"this is no picture\n"
    yield "gif", b"GIF89a\1\0\1\0\0\0\0;"


def exifs():
    for orientation in range(10):
        yield "big_%d" % orientation, tiff(">", orientation)
        yield "little_%d" % orientation, tiff("<", orientation)
    yield "wrong_type", tiff(">", 6, kind=4)
    yield "offset_far", tiff(">", 6, offset=0xFFFFFFFF)
    yield "offset_into_header", tiff("<", 6, offset=1)
    yield "too_many_entries", tiff("<", 6, entries=0xFFFF)
    yield "cut", tiff(">", 6)[:-3]
    yield "no_entries", tiff(">", 6, entries=0)
    yield "empty", b""
    yield "garbage", bytes(range(64))


def main():
    for folder, files in (("picture", pictures()), ("exif", exifs())):
        target = HERE / "corpus" / folder
        target.mkdir(parents=True, exist_ok=True)
        for name, data in files:
            (target / name).write_bytes(data)


main()

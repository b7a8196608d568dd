"""pictures.py - the pictures of the tests: made by skincnn-data, and by small writers here."""
import atexit
import base64
import functools
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib


def b64(data):
    return base64.b64encode(data).decode()


def _program(name):
    return os.path.join(os.path.abspath(sys.argv[1]), name)


@functools.cache
def _made(kind, size):
    folder = tempfile.mkdtemp(prefix="skincnn-pictures-")
    atexit.register(shutil.rmtree, folder, True)
    subprocess.run([_program("skincnn-data"), "generate", "--count", "7", "--size", str(size),
                    "--format", kind, "--seed", "5", "--out", folder],
                   check=True, stdout=subprocess.DEVNULL, timeout=300)
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".jpg", ".jpeg", ".png")):
                with open(os.path.join(path, name), "rb") as file:
                    found[os.path.basename(path)] = file.read()
    return found


@functools.cache
def oblong():
    """A JPEG of 320 x 240."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "a.jpg"), os.path.join(folder, "b.jpg")
        with open(source, "wb") as file:
            file.write(good())
        subprocess.run([_program("skincnn-crop"), "--box", "0,40,320,240", source, target],
                       check=True, stdout=subprocess.DEVNULL, timeout=300)
        with open(target, "rb") as file:
            return file.read()


def good(label="nv", kind="jpeg", size=320):
    """A picture that is accepted."""
    return _made(kind, size)[label]


def all_good(kind="jpeg", size=320):
    return [_made(kind, size)[label] for label in sorted(_made(kind, size))]


# ------------------------------------------------------------------ PNG

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_head(width, height, depth=8, colour=2):
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)))


def png(width, height, pixel):
    """pixel(x, y) gives three bytes."""
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width))
                    for y in range(height))
    return png_head(width, height) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def blank(width=200, height=200):
    return png(width, height, lambda x, y: (200, 160, 140))


def noise(width=200, height=200):
    dice = random.Random(7)
    return png(width, height, lambda x, y: (dice.randrange(256), dice.randrange(256),
                                            dice.randrange(256)))


def text_like(width=300, height=300):
    """Lines of black strokes on white, as a page has."""
    dice = random.Random(3)
    ink = [[line % 20 < 11 and column % 13 < 9 and dice.random() < 0.45
            for column in range(width // 2)] for line in range(height // 2)]
    return png(width, height, lambda x, y: (10, 10, 10) if ink[y // 2][x // 2] else (250,) * 3)


def bomb(width=100000, height=100000):
    """A PNG of some fifty bytes that claims to be very large."""
    return png_head(width, height) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# ------------------------------------------------------------------ JPEG

def jpeg_size(data):
    """Width and height by the frame header."""
    at = 2
    while at < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xc0 <= marker <= 0xcf and marker not in (0xc4, 0xc8, 0xcc):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise ValueError("no frame header")


def with_exif(data, orientation, note=b"GPS-SECRET-25.03N-121.56E"):
    """A JPEG with an orientation, and something private in its description."""
    entries = [(0x010e, 2, len(note) + 1, 38), (0x0112, 3, 1, orientation << 16)]
    tiff = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", len(entries))
    for tag, kind, count, value in entries:
        tiff += struct.pack(">HHII", tag, kind, count, value)
    tiff += struct.pack(">I", 0) + note + b"\0"
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


GIF = (b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0"
       b"\x02\x02D\x01\0;")

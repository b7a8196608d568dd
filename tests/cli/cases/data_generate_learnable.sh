# Even the mean colours of the classes differ: vascular lesions are redder than nevi, and these darker
# than actinic keratoses.
skincnn-data generate --count 140 --size 16 --format png --out made >/dev/null
python3 - <<'END'
import glob, zlib

def mean(path):
    """Mean red, green, blue of an 8-bit RGB PNG."""
    data, at, body, width = open(path, 'rb').read(), 8, b'', 0
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
        if kind == b'IHDR':
            width = int.from_bytes(data[at + 8:at + 12], 'big')
        if kind == b'IDAT':
            body += data[at + 8:at + 8 + size]
        at += 12 + size
    raw, row, total = zlib.decompress(body), bytearray(3 * width), [0, 0, 0]
    for start in range(0, len(raw), 3 * width + 1):
        line, up = bytearray(raw[start + 1:start + 1 + 3 * width]), row
        for i in range(len(line)):
            a, b, c = (line[i - 3] if i > 2 else 0), up[i], (up[i - 3] if i > 2 else 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[raw[start]]) % 256
        row = line
        for i, value in enumerate(line):
            total[i % 3] += value
    return [t / (len(raw) // (3 * width + 1) * width) for t in total]

def of_class(label):
    means = [mean(p) for p in sorted(glob.glob('made/%s/*.png' % label))]
    return [sum(m[i] for m in means) / len(means) for i in range(3)]

vasc, nv, akiec = of_class('vasc'), of_class('nv'), of_class('akiec')
print('vasc redder than nv:', vasc[0] - vasc[1] > nv[0] - nv[1] + 5)
print('nv darker than akiec:', sum(nv) < sum(akiec) - 15)
END

# Copies, turned and mirrored ones, and smaller ones are found; other pictures are not. Joined groups
# keep them in one part.
python3 - <<'END'
import os, struct, zlib

def save(path, rows):
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    raw = b''.join(b'\0' + bytes(v for p in row for v in p) for row in rows)
    head = struct.pack('>IIBBBBB', len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    open(path, 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) +
                           chunk(b'IDAT', zlib.compress(raw)) + chunk(b'IEND', b''))

def blobs(seed):
    """64 x 64 with a few soft spots and no symmetry."""
    state, spots = seed, []
    for _ in range(4):
        numbers = []
        for _ in range(3):
            state = (state * 1103515245 + 12345) % 2**31
            numbers.append(state >> 16)
        spots.append((numbers[0] % 64, numbers[1] % 64, 60 + numbers[2] % 300))
    return [[(min(255, int(sum(200 * s / (s + (x - a) ** 2 + (y - b) ** 2) for a, b, s in spots) / 2)),
              x, y) for x in range(64)] for y in range(64)]

def turned(rows):
    return [list(row) for row in zip(*rows[::-1])]

p, q, r = blobs(1), blobs(2), blobs(3)
save('p.png', p)
save('p_turned.png', turned(p))
save('p_mirrored.png', [row[::-1] for row in turned(turned(p))])
save('p_small.png', [row[::2] for row in p[::2]])
save('q.png', q)
save('q_copy.png', q)
save('r.png', r)
save('r_mirrored.png', r[::-1])
save('flat.png', [[(9, 9, 9)] * 8] * 8)
save('flat_too.png', [[(9, 9, 9)] * 8] * 8)
END
cat >m.csv <<'END'
path,label,group,split
flat.png,nv,,train
flat_too.png,nv,,train
p.png,nv,L1,train
p_mirrored.png,nv,L2,train
p_small.png,nv,,test
p_turned.png,mel,,test
q.png,nv,,train
q_copy.png,nv,,train
r.png,nv,L3,train
r_mirrored.png,nv,L3,val
END
try skincnn-data duplicates m.csv | sed 's/^[01]\.[0-9]* /N /'
try skincnn-data duplicates --json m.csv | sed 's/"similarity":[0-9.e+-]*/"similarity":N/' | sed -n 2p
try skincnn-data check m.csv
try skincnn-data check --pictures --json m.csv | sed 's/alike to [0-9.]*/alike to N/'
try skincnn-data duplicates --write-groups grouped.csv m.csv >/dev/null
cat grouped.csv
try skincnn-data filter --without-leaks grouped.csv --out clean.csv
try skincnn-data check --pictures clean.csv
# A picture that cannot be read is said; the others are compared all the same.
echo text >r.png
printf 'q.tar!a.png,nv,,\n' >>m.csv
try skincnn-data duplicates m.csv | sed 's/^[01]\.[0-9]* /N /'
printf 'path,label\nr.png,nv\n' >none.csv
try skincnn-data duplicates none.csv

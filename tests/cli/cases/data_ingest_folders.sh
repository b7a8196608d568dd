# Folders whose names are labels, plain and packed, with and without parts.
python3 - <<'END'
import io, tarfile
for part in ('train', 'test'):
    with tarfile.open('%s.tar' % part, 'w') as t:
        for label in ('benign', 'malignant'):
            for i in range(2):
                t.addfile(tarfile.TarInfo('./%s/%s/%d.jpg' % (part, label, i)))
with tarfile.open('packed.tar.gz', 'w:gz') as t:
    t.addfile(tarfile.TarInfo('Benign/a.jpeg'))
    t.addfile(tarfile.TarInfo('MALIGNANT/b.PNG'))
END
show() { try skincnn-data ingest "$@" --out out.csv; [ ! -e out.csv ] || cat out.csv; rm -f out.csv; }
show train.tar test.tar --source isic_balanced
show packed.tar.gz
mkdir -p set/train/cat set/valid/cat set/test/dog set/train/.hidden
: >set/train/cat/1.jpg; : >set/valid/cat/1.jpg; : >set/test/dog/2.png; : >set/train/stray.jpg
: >set/train/.hidden/3.jpg; echo >set/notes.txt
show set
show set/train/cat/1.jpg
mkdir -p mixed/benign mixed/other
: >mixed/benign/1.jpg; : >mixed/other/2.jpg
show mixed
show --format imagefolder mixed
mkdir elsewhere
skincnn-data ingest set/valid --out elsewhere/out.csv && sed 's|,.*||' elsewhere/out.csv

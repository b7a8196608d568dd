# The original HAM10000, laid out as Kaggle does, gives exactly the published split.
data=$SKINCNN_CLI_TESTS/../../../shared/data/ham10000
[ -e "$data/split.csv" ] || { echo "no HAM10000 in ../shared/data"; exit 77; }
mkdir kaggle
cp "$data/metadata.csv" kaggle/HAM10000_metadata.csv
python3 - "$data/images.tar" <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1]) as images, tarfile.open('kaggle/images.tar.gz', 'w:gz', compresslevel=1) as out:
    for number, member in enumerate(images):
        member.name = 'HAM10000_images_part_%d/%s' % (1 + (number >= 5000), member.name)
        member.size = 0
        out.addfile(member)
END
skincnn-data ingest kaggle --out ham10000.csv
awk -F, 'NR > 1 { sub(/.*\//, "", $1); sub(/\.jpg$/, "", $1); print $1 "," $4 }' ham10000.csv | sort >found.txt
sed 1d "$data/split.csv" | tr -d '\r' | sort | cmp - found.txt && echo "the published split"

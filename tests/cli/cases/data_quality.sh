# Made lesions are accepted, what must be refused is refused, and the same seed spoils alike.
skincnn-data generate --count 7 --size 128 --seed 3 --out lesions >/dev/null
for kind in blank noise blur tiny text drawn dark bright; do
    skincnn-data generate --kind $kind --count 8 --size 128 --seed 3 --out bad/$kind >/dev/null
done
try skincnn-data quality lesions/manifest.csv bad/blank bad/noise bad/text bad/dark
skincnn-data quality bad/blur bad/tiny bad/drawn bad/bright | awk 'NR > 1 { print $1, $2, $3 < 2 ? "refused" : "accepted " $3 }'
skincnn-data generate --kind blur --from lesions/manifest.csv --count 3 --seed 31 --out a --threads 1
skincnn-data generate --kind blur --from lesions --count 3 --seed 31 --out b --threads 3 >/dev/null
cmp a/blur/blur_0001.jpg b/blur/blur_0001.jpg && echo the same
cut -d, -f1,2,3,5 a/manifest.csv
skincnn-data quality --json lesions | sed -E 's/-?[0-9]+\.[0-9]+(e-[0-9]+)?/N/g' | head -n 1
try skincnn-data generate --kind text --from lesions --out c
try skincnn-data quality nowhere
: >empty.jpg
try skincnn-data quality empty.jpg

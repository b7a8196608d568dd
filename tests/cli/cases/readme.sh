# The README's commands for predicting and training, on generated pictures, each as it stands there.
root=$SKINCNN_CLI_TESTS/../..
skincnn-data generate --count 84 --size 64 --seed 5 --out made >/dev/null
cp "$(find made -name '*.jpg' | sort | sed -n 1p)" lesion.jpg
cp "$(find made -name '*.jpg' | sort | sed -n 9p)" photo.jpg
mkdir pictures
cp lesion.jpg photo.jpg pictures
# archive.zip as HAM10000 comes: pictures by id, and a table
python3 - <<'PYTHON'
import csv, zipfile
rows = list(csv.DictReader(open("made/manifest.csv")))
with zipfile.ZipFile("archive.zip", "w") as archive:
    table = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
    for number, row in enumerate(rows):
        name = f"ISIC_{number:07}"
        archive.write("made/" + row["path"], f"HAM10000_images_part_1/{name}.jpg")
        table += f'{row["group"]},{name},{row["label"]},histo,50,male,back\n'
    archive.writestr("HAM10000_metadata.csv", table)
PYTHON
grep '^build/release/skincnn-' "$root/README.md" | sed 's|build/release/||' | while read -r command; do
    echo "\$ $command"
    case $command in
    skincnn-train*) command="$command --architecture seed --size 32 --epochs 1 --quiet" ;;
    skincnn-server*) command="${command%%#*} --listen 127.0.0.1:0 --check-self" ;; # it would serve for ever
    esac
    timeout 300 sh -c "$command" >out 2>&1 && echo fine || { echo "exit $?"; cat out; }
done
ls runs/first
python3 -c 'import json; print(sorted(json.loads(open("answers.jsonl").readline())))'

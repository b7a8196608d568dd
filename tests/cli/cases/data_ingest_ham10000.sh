# The Kaggle download (folders or its zip, every picture twice in it) and the Dataverse download (a tab
# file, zips) give the same rows and the same split.
python3 - <<'END'
import hashlib, io, os, zipfile
labels = ['akiec', 'bcc', 'bkl', 'df', 'mel', 'nv', 'vasc']
rows = []
for i in range(60):
    lesion = 'HAM_%07d' % (i // 2 if i < 30 else i)
    rows.append((lesion, 'ISIC_%07d' % (24306 + i), labels[int(lesion[-1]) % 3 + 3]))
os.makedirs('kaggle/HAM10000_images_part_1')
os.makedirs('kaggle/ham10000_images_part_1')
os.makedirs('kaggle/HAM10000_images_part_2')
os.makedirs('kaggle/ham10000_images_part_2')
os.makedirs('dataverse')
head = 'lesion_id,image_id,dx,dx_type,age,sex,localization'
with open('kaggle/HAM10000_metadata.csv', 'w', newline='') as f:
    f.write('\r\n'.join([head] + ['%s,%s,%s,histo,80.0,male,scalp' % r for r in rows]) + '\r\n')
with open('dataverse/HAM10000_metadata.tab', 'w') as f:
    f.write('\n'.join(['\t'.join('"%s"' % c for c in head.split(','))] +
                      ['"%s"\t"%s"\t"%s"\t"histo"\t80.0\t"male"\t"scalp"' % r for r in rows]) + '\n')
with open('dataverse/ISIC2018_Task3_Test_GroundTruth.csv', 'w') as f:
    f.write(head + '\nHAM_9999999,ISIC_9999999,nv,histo,1,male,scalp\n')
open('kaggle/hmnist_28_28_RGB.csv', 'w').write('pixel0000,label\n1,2\n')
for part, some in ((1, rows[:25]), (2, rows[25:])):
    with zipfile.ZipFile('dataverse/HAM10000_images_part_%d.zip' % part, 'w') as z:
        for lesion, image, dx in some:
            z.writestr(image + '.jpg', b'')
    for name in ('HAM', 'ham'):
        for lesion, image, dx in some:
            open('kaggle/%s10000_images_part_%d/%s.jpg' % (name, part, image), 'w')
with zipfile.ZipFile('dataverse/HAM10000_segmentations_lesion_tschandl.zip', 'w') as z:
    for lesion, image, dx in rows:
        z.writestr('HAM10000_segmentations_lesion_tschandl/%s_segmentation.png' % image, b'')
with zipfile.ZipFile('archive.zip', 'w') as z:
    for folder, folders, files in os.walk('kaggle'):
        for name in files:
            path = os.path.join(folder, name)
            z.write(path, os.path.relpath(path, 'kaggle'))
# The rule, written down once more.
share = {}
for lesion, image, dx in rows:
    share.setdefault(dx, {}).setdefault(lesion, []).append(image)
with open('expected.txt', 'w') as f:
    lines = []
    for dx, lesions in share.items():
        most, used = (20 * sum(map(len, lesions.values())) + 50) // 100, 0
        for lesion in sorted(lesions, key=lambda l: hashlib.sha256(
                ('ham10000-split-v1:' + l).encode()).hexdigest()):
            test = used + len(lesions[lesion]) <= most
            used += len(lesions[lesion]) if test else 0
            lines += ['%s,%s,%s,%s' % (image, dx, lesion, 'test' if test else 'train')
                      for image in lesions[lesion]]
    f.write('\n'.join(sorted(lines)) + '\n')
END
try skincnn-data ingest kaggle --out kaggle.csv
try skincnn-data ingest archive.zip --out archive.csv
try skincnn-data ingest dataverse --out dataverse.csv
head -3 kaggle.csv archive.csv dataverse.csv
for name in kaggle archive dataverse; do
    sed -e 1d -e 's/^[^,]*\(ISIC_[0-9]*\)\.jpg/\1/' -e 's/,ham10000$//' $name.csv | sort | cmp - expected.txt
done
# A split table that differs from the rule is a problem; the rule is what counts.
printf 'image_id,split\n%s\n' "$(sed -n 's/^\([^,]*\),.*,test$/\1,train/p' expected.txt | head -1)" >kaggle/split.csv
try skincnn-data ingest kaggle --out again.csv
cmp kaggle.csv again.csv

# Whatever is wrong with single inputs is said, a few of each kind, and the rest goes on: exit status 1.
python3 - <<'END'
import os, zipfile
os.makedirs('set/part')
for i in range(1, 9):
    open('set/ISIC_%d.jpg' % i, 'w')
open('set/part/ISIC_1.jpg', 'w')
with open('set/truth.csv', 'w') as f:
    f.write('lesion_id,image_id,dx\n')
    for i, dx in ((1, 'nv'), (2, 'mel'), (2, 'mel'), (3, 'wart'), (20, 'nv'), (21, 'nv'), (22, 'nv'),
                  (23, 'nv')):
        f.write('HAM_%d,ISIC_%d,%s\n' % (i, i, dx))
with zipfile.ZipFile('good.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('benign/1.jpg', b'1' * 1000)
    z.writestr('benign/inner.zip', b'')
data = open('good.zip', 'rb').read()
open('cut.zip', 'wb').write(data[:60])
open('text.tar', 'w').write('not a tar file')
open('empty.tar.gz', 'w')
open('broken.csv', 'w').write('image_id,dx\nISIC_1,nv,more\n')
open('quote.csv', 'w').write('image_id,dx\n"ISIC_1,nv\n')
open('zero.csv', 'wb').write(b'image_id,dx\nISIC_1,n\0v\n')
END
try skincnn-data ingest set --out out.csv
cat out.csv
try skincnn-data ingest good.zip cut.zip text.tar empty.tar.gz missing --out out.csv
cat out.csv
try skincnn-data ingest good.zip broken.csv quote.csv zero.csv --out out.csv
# A pipe is not waited for, and a link to nowhere is said.
mkdir odd odd/benign
mkfifo odd/labels.csv odd/benign/1.jpg
ln -s nowhere odd/benign/2.jpg
: >odd/benign/3.jpg
try skincnn-data ingest odd --out out.csv
printf 'path,label\nodd/benign/1.jpg,nv\nodd,mel\n' >odd.csv
try skincnn-data duplicates odd.csv
# Nothing at all: exit status 2, and no file.
rm out.csv
try skincnn-data ingest text.tar --out out.csv
try skincnn-data ingest --format ham10000 good.zip --out out.csv
mkdir nothing
try skincnn-data ingest nothing --out out.csv
try skincnn-data ingest set --out missing/out.csv
ls

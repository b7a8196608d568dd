# Nothing that a manifest or a file name says can break out of the page.
pictures 4
models
mv diagnosis.safetensors 'a<img src=x>&.safetensors'
{
    echo path,label,group,split,source
    number=0
    for label in akiec df vasc bcc; do
        number=$((number + 1))
        mkdir "pictures/$number<" && mv "pictures/$number.jpg" "pictures/$number</script><img src=y>.jpg"
        echo "pictures/$number</script><img src=y>.jpg,$label,$number,test,"
    done
} >set.csv
skincnn-eval -m 'a<img src=x>&.safetensors' -d set.csv --out out --json >/dev/null
grep -o '<title>.*' out/report.html
for letter in x y; do
    grep -q "img src=$letter" out/report.html && echo "$letter is in the page"
    grep "<img src=$letter" out/report.html || echo 'but not as an element'
done
grep -o '<script[^>]*>' out/report.html
grep -oE 'data:image/jpeg;base64,/9j/' out/report.html | uniq
grep -oE '(src|href)="?https?:' out/report.html || echo 'no address to load from'
# All words stand in both languages, and so does that this is no diagnosis.
for language in zh-Hant en; do grep -o "<span lang=\"$language\">" out/report.html | wc -l; done | uniq | wc -l
grep -oE '這不是診斷。|This is not a diagnosis\.' out/report.html

# Interrupted in the middle of training and resumed from another folder, a run gives the same weights as
# one that was left alone, bit for bit.
skincnn-data generate --count 84 --size 48 --seed 5 --out made >/dev/null
options='-d made/manifest.csv -a seed -s 64 -w 0.5 -e 80 -b 4 -t 1 --resamples 0 --mistakes 0 --quiet'
skincnn-train $options -o whole
skincnn-train $options -o parts 2>message &
while [ ! -s parts/results.csv ]; do sleep 0.02; done
kill -TERM $!
wait $! || echo "exit $?"
cat message
mkdir elsewhere
cd elsewhere
skincnn-train --resume ../parts
cd ..
cmp whole/best.safetensors parts/best.safetensors
diff whole/results.csv parts/results.csv && echo 'the same results'

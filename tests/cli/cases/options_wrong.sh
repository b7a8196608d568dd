try skincnn-crop --bxo 1,2,3,4 a.jpg b.jpg
try skincnn-crop --something-else a.jpg b.jpg
try skincnn-crop -x a.jpg b.jpg
try skincnn-crop --box
try skincnn-crop -b
try skincnn-crop --centre=yes a.jpg b.jpg
try skincnn-crop --quality 0 --centre a.jpg b.jpg
try skincnn-crop --quality 9x --centre a.jpg b.jpg
try skincnn-crop --quality '' --centre a.jpg b.jpg
try skincnn-crop --quality 99999999999 --centre a.jpg b.jpg
try skincnn-crop --margin nan --auto a.jpg b.jpg
try skincnn-crop --margin 1.01 --auto a.jpg b.jpg
try skincnn-crop --max-pixels -1 --auto a.jpg b.jpg
try skincnn-crop --max-pixels 40X --auto a.jpg b.jpg
try skincnn-crop --max-bytes 99999999999999999999G --auto a.jpg b.jpg
try skincnn-predict
try skincnn-predict --threads 257 a.jpg
try skincnn-predict --json --csv a.jpg
try skincnn-predict --crop middle a.jpg
try skincnn-model
try skincnn-model --json
try skincnn-model inspcet a
try skincnn-model frobnicate
try skincnn-model inspect
try skincnn-model inspect a b
try skincnn-model export a b --format f64

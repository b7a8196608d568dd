pictures 1
skincnn-crop --box 10,20,30,40 pictures/1.jpg box.png
skincnn-crop --centre pictures/1.jpg centre.jpg
skincnn-crop --auto --square pictures/1.jpg auto.jpeg | sed -E 's/: [0-9]+,[0-9]+,([0-9]+),\1 /: a square /'
skincnn-crop --centre --dry-run --json box.png centre.jpg
# From standard input, and the lower quality is the smaller file.
skincnn-crop --centre --quality 20 - small.jpg <pictures/1.jpg
[ "$(wc -c <small.jpg)" -lt "$(wc -c <centre.jpg)" ]
# PNG keeps every pixel: cut from the cut part, it is the same.
skincnn-crop --box 10,20,30,40 --json pictures/1.jpg one.png
skincnn-crop --box 0,0,30,40 one.png two.png
cmp one.png two.png

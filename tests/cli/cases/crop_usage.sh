pictures 1
try skincnn-crop pictures/1.jpg out.jpg
try skincnn-crop --centre --auto pictures/1.jpg out.jpg
try skincnn-crop --centre --square pictures/1.jpg out.jpg
try skincnn-crop --centre --margin 0.3 pictures/1.jpg out.jpg
try skincnn-crop --centre pictures/1.jpg
try skincnn-crop --centre pictures/1.jpg out.gif
try skincnn-crop --centre pictures out.jpg
try skincnn-crop --centre --out out -
try skincnn-crop --centre --out out -n pictures
try skincnn-crop --centre --out "" pictures
try skincnn-crop --box 1,2,3 pictures/1.jpg out.jpg
ls

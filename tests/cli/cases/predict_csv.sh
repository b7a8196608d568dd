models
pictures 2
cp pictures/1.jpg 'pictures/a "name", with.jpg'
: >pictures/b.jpg
skincnn-predict --csv --model malignancy.safetensors pictures |
    mask | sed -E 's/,(benign|malignant),N/,LABEL,N/'

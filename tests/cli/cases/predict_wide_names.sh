# Columns stand under each other whatever the letters of a name are.
models
pictures 1
cp pictures/1.jpg 'hübsch.jpg'
cp pictures/1.jpg '皮膚.jpg'
cp pictures/1.jpg "$(printf 'e\314\201.jpg')"
skincnn-predict --top 1 -m malignancy.safetensors *.jpg | sed -E -e 's/benign|malignant/LABEL/g' \
    -e 's/[0-9]\.[0-9]+/N/g'

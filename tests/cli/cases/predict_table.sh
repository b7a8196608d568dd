models
pictures 1
skincnn-predict --top 1 --model malignancy.safetensors pictures/1.jpg >table
sed -E -e 's/benign|malignant/LABEL/g' -e 's/[0-9]\.[0-9]+/N/g' -e 's/  +/  /g' table
echo '# top 7'
skincnn-predict --top 7 --model diagnosis.safetensors pictures/1.jpg | sed -n 2p | tr ',' '\n' | wc -l

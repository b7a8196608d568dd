models
pictures 2
echo 'no picture' >pictures/1a.jpg
skincnn-predict -m malignancy.safetensors --top 1 pictures >table || status=$?
sed -E -e 's/ .*//' table
exit $status

# With a key, which skincnn-admin key-add makes.
curl -sS --fail-with-body -H 'Authorization: Bearer skc_YOUR_KEY' -H 'Content-Type: image/jpeg' \
    --data-binary @lesion.jpg http://127.0.0.1:8080/v1/malignancy

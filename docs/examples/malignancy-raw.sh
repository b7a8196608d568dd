# A picture as the body: its bytes as they are.
curl -sS --fail-with-body -H 'Content-Type: image/jpeg' --data-binary @lesion.jpg \
    http://127.0.0.1:8080/v1/malignancy

# Several pictures in one form; those that cannot be read do not hold up the others.
curl -sS --fail-with-body -F image=@lesion.jpg -F image=@second.jpg -F crop=auto \
    http://127.0.0.1:8080/v1/malignancy

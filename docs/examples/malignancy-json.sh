# A picture as base64 in JSON.
printf '{"image": "%s"}' "$(base64 < lesion.jpg | tr -d '\n')" |
    curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @- \
        http://127.0.0.1:8080/v1/malignancy

# A picture and five answers; kept, read again by its code, and erased.
printf '{"image": "%s", "dermatoscope": false, "keep": true, "language": "en", "answers": %s}' \
    "$(base64 < lesion.jpg | tr -d '\n')" \
    '{"change": "no", "uneven": "unsure", "large": "no", "site": "other", "history": "yes"}' |
    curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @- \
        http://127.0.0.1:8080/v1/assessments > assessment.json
grep -o '"level":"[a-z]*"' assessment.json
code=$(grep -oE '[0-9A-Z]{5}(-[0-9A-Z]{5}){4}' assessment.json)
curl -sS --fail-with-body "http://127.0.0.1:8080/v1/assessments/$code" > spot.json
curl -sS --fail-with-body -X DELETE "http://127.0.0.1:8080/v1/assessments/$code"

# The Open Inference Protocol: a picture is an element of the tensor "image" of BYTES, in base64.
printf '{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["%s"]}]}' \
    "$(base64 < lesion.jpg | tr -d '\n')" |
    curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @- \
        http://127.0.0.1:8080/v2/models/diagnosis/infer

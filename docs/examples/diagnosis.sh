# Which disease, in a crop around the lesion, with a heat map that goes to a file.
curl -sS --fail-with-body -H 'Content-Type: image/jpeg' --data-binary @lesion.jpg \
    'http://127.0.0.1:8080/v1/diagnosis?crop=auto&explain=true' > answer.json
sed -n 's/.*"heat_map":"data:image\/jpeg;base64,\([^"]*\)".*/\1/p' answer.json | base64 -d > heat-map.jpg
sed 's/"heat_map":"[^"]*"/"heat_map":"(heat-map.jpg)"/' answer.json

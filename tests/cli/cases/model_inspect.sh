models
skincnn-model inspect diagnosis.safetensors | mask | sed -E '/^Memory/s/[0-9.]+ [kM]?B/N/'
skincnn-model inspect --json malignancy.safetensors | mask | sed -E 's/"session_bytes":[0-9]+/"session_bytes":N/'

# With a key, which skincnn-admin key-add makes; after 429, what Retry-After says is waited for.
import json, time, urllib.error, urllib.request

with open("lesion.jpg", "rb") as file:
    request = urllib.request.Request("http://127.0.0.1:8080/v1/malignancy", file.read(),
                                     {"Content-Type": "image/jpeg",
                                      "Authorization": "Bearer skc_YOUR_KEY"})
for attempt in range(3):
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            print(json.load(response)["label"])
        break
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        if error.code not in (429, 503) or attempt == 2:
            raise SystemExit(f'{problem["code"]}: {problem["detail"]}')
        time.sleep(int(error.headers["Retry-After"]))

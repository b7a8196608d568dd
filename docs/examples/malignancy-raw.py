# A picture as the body: its bytes as they are.
import json, urllib.request

with open("lesion.jpg", "rb") as file:
    request = urllib.request.Request("http://127.0.0.1:8080/v1/malignancy", file.read(),
                                     {"Content-Type": "image/jpeg"})
with urllib.request.urlopen(request, timeout=30) as response:
    answer = json.load(response)
print(answer["label"], answer["probabilities"])

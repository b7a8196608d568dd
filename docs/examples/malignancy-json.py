# A picture as base64 in JSON.
import base64, json, urllib.request

with open("lesion.jpg", "rb") as file:
    image = base64.b64encode(file.read()).decode()
request = urllib.request.Request("http://127.0.0.1:8080/v1/malignancy",
                                 json.dumps({"image": image}).encode(),
                                 {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=30) as response:
    answer = json.load(response)
if answer["accepted"]:
    print(answer["label"], answer["decision"]["probability"])
else:
    print("refused:", answer["refusal"]["text"]["en"])

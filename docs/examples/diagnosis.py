# Which disease, in a crop around the lesion, with a heat map that goes to a file.
import base64, json, urllib.request

with open("lesion.jpg", "rb") as file:
    image = base64.b64encode(file.read()).decode()
request = urllib.request.Request(
    "http://127.0.0.1:8080/v1/diagnosis",
    json.dumps({"image": image, "crop": "auto", "explain": True}).encode(),
    {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=30) as response:
    answer = json.load(response)
if answer["accepted"]:
    for label, share in answer["probabilities"].items():
        print(f'{share:6.1%}  {answer["names"][label]["en"]}')
    with open("heat-map.jpg", "wb") as file:
        file.write(base64.b64decode(answer["heat_map"].split(",")[1]))

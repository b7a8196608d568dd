# A picture and five answers; kept, read again by its code, and erased.
import base64, json, urllib.request

URL = "http://127.0.0.1:8080/v1/assessments"

def call(method, url, body=None):
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response) if response.status != 204 else None

with open("lesion.jpg", "rb") as file:
    image = base64.b64encode(file.read()).decode()
answer = call("POST", URL, {
    "image": image, "dermatoscope": False, "keep": True, "language": "en",
    "answers": {"change": "no", "uneven": "unsure", "large": "no", "site": "other",
                "history": "yes"}})
if answer["accepted"]:
    print(answer["level"], "-", answer["level_text"]["en"])
    for advice in answer["advice"]:
        print("-", advice["en"])
    spot = call("GET", f'{URL}/{answer["code"]}')
    print(len(spot["assessments"]), "kept until", spot["expires"])
    call("DELETE", f'{URL}/{answer["code"]}')

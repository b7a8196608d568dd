# Several pictures in one form; those that cannot be read do not hold up the others.
import json, urllib.request, uuid

boundary = uuid.uuid4().hex
body = b""
for name in ("lesion.jpg", "second.jpg"):
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
             "Content-Type: image/jpeg\r\n\r\n").encode()
    with open(name, "rb") as file:
        body += file.read() + b"\r\n"
body += (f'--{boundary}\r\nContent-Disposition: form-data; name="crop"\r\n\r\nauto\r\n'
         f"--{boundary}--\r\n").encode()
request = urllib.request.Request("http://127.0.0.1:8080/v1/malignancy", body,
                                 {"Content-Type": f"multipart/form-data; boundary={boundary}"})
with urllib.request.urlopen(request, timeout=30) as response:
    for result in json.load(response)["results"]:
        print(result["error"]["detail"] if "error" in result else result["label"])

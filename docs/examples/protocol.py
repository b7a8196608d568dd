# The Open Inference Protocol: a picture is an element of the tensor "image" of BYTES, in base64.
import base64, json, urllib.request

with open("lesion.jpg", "rb") as file:
    image = base64.b64encode(file.read()).decode()
body = {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [image]}]}
request = urllib.request.Request("http://127.0.0.1:8080/v2/models/diagnosis/infer",
                                 json.dumps(body).encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=30) as response:
    for output in json.load(response)["outputs"]:
        print(output["name"], output["shape"], output["data"])

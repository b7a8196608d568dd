"""test_protocol.py - the Open Inference Protocol, version 2, by the shapes of its published OpenAPI.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/open_inference_rest.yaml
"""
import pictures
from pictures import b64
from service import Service
from tap import between, case, contains, equal, group, main

TEXT, NUMBER, FLAG = (str,), (int, float), (bool,)
# The schemas: member -> (required, type); a list means a list of that.
SERVER = {"name": (True, TEXT), "version": (True, TEXT), "extensions": (True, [TEXT])}
TENSOR_METADATA = {"name": (True, TEXT), "datatype": (True, TEXT), "shape": (True, [(int,)])}
MODEL = {"name": (True, TEXT), "versions": (False, [TEXT]), "platform": (True, TEXT),
         "inputs": (True, [TENSOR_METADATA]), "outputs": (True, [TENSOR_METADATA])}
TENSOR = {"name": (True, TEXT), "shape": (True, [(int,)]), "datatype": (True, TEXT),
          "parameters": (False, dict), "data": (True, None)}
RESPONSE = {"model_name": (True, TEXT), "model_version": (False, TEXT), "id": (False, TEXT),
            "parameters": (False, dict), "outputs": (True, [TENSOR])}
ELEMENTS = {"FP32": NUMBER, "BYTES": TEXT, "BOOL": FLAG}


def check(value, schema, where="$"):
    if schema is None:
        return
    if isinstance(schema, dict):
        assert isinstance(value, dict), f"{where} is {value!r:.80}"
        equal(set(value) - set(schema), set(), f"further members of {where}")
        for name, (required, inner) in schema.items():
            if required or name in value:
                assert name in value, f"{where} has no {name}"
                check(value[name], inner, f"{where}.{name}")
    elif isinstance(schema, list):
        assert isinstance(value, list), f"{where} is {value!r:.80}"
        for i, one in enumerate(value):
            check(one, schema[0], f"{where}[{i}]")
    else:
        assert isinstance(value, schema) and (bool not in (type(value),) or bool in schema
                                              if isinstance(schema, tuple) else True), \
            f"{where} is {value!r:.80}"


def count_of(shape):
    product = 1
    for side in shape:
        product *= side
    return product


def check_response(found):
    check(found, RESPONSE)
    outputs = {}
    for tensor in found["outputs"]:
        equal(len(tensor["data"]), count_of(tensor["shape"]), f"elements of {tensor['name']}")
        for element in tensor["data"]:
            assert isinstance(element, ELEMENTS[tensor["datatype"]]), tensor
        outputs[tensor["name"]] = tensor
    return outputs


def body(*data, **more):
    return {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [len(data)],
                        "data": list(data)}], **more}


@group
def protocol():
    texts = [b64(p) for p in pictures.all_good()]
    with Service(name="protocol") as s:
        version = s.get("/v1/models").json["current"]["malignancy"]["version"]
        with case("server metadata"):
            check(s.get("/v2").expect(200).json, SERVER)
        with case("live and ready, of the server and of models"):
            check(s.get("/v2/health/live").expect(200).json, {"live": (True, FLAG)})
            check(s.get("/v2/health/ready").expect(200).json, {"ready": (True, FLAG)})
            for path in ("/v2/models/malignancy/ready",
                         f"/v2/models/malignancy/versions/{version}/ready"):
                found = s.get(path).expect(200).json
                check(found, {"name": (True, TEXT), "ready": (True, FLAG)})
                equal(found, {"name": "malignancy", "ready": True})
        for model in ("malignancy", "diagnosis"):
            with case(f"metadata of {model}, by version too"):
                found = s.get(f"/v2/models/{model}").expect(200).json
                check(found, MODEL)
                equal(found["name"], model)
                equal(s.get(f"/v2/models/{model}/versions/{found['versions'][0]}").json, found)
            with case(f"inference by {model}: outputs as the metadata promise"):
                promised = {t["name"]: t for t in found["outputs"]}
                outputs = check_response(s.post(f"/v2/models/{model}/infer", body(*texts[:3]))
                                         .expect(200).json)
                equal(set(outputs), set(promised))
                for name, tensor in outputs.items():
                    equal(tensor["datatype"], promised[name]["datatype"])
                    equal(len(tensor["shape"]), len(promised[name]["shape"]))
                    for side, general in zip(tensor["shape"], promised[name]["shape"]):
                        assert general in (-1, side), (tensor["shape"], promised[name]["shape"])
            with case(f"inference by {model} says what /v1/{model} says"):
                alone = s.post(f"/v1/{model}", {"image": texts[0]}).json
                equal(outputs["label"]["data"][0], alone["label"])
                equal(outputs["malignant"]["data"][0], alone["decision"]["malignant"])
                columns = outputs["probabilities"]["shape"][1]
                for p, expected in zip(outputs["probabilities"]["data"][:columns],
                                       alone["probabilities"].values()):
                    between(p, expected - 1e-4, expected + 1e-4)
        infer = "/v2/models/malignancy/infer"
        with case("the id comes back; a version may be named"):
            equal(s.post(infer, body(texts[0], id="request-7")).json["id"], "request-7")
            found = s.post(f"/v2/models/malignancy/versions/{version}/infer", body(texts[0])).json
            equal(found["model_version"], version)
            assert "id" not in found
        with case("outputs may be chosen"):
            outputs = check_response(s.post(infer, body(texts[0], outputs=[
                {"name": "label"}, {"name": "refusal"}])).expect(200).json)
            equal(set(outputs), {"label", "refusal"})
        with case("a shape of [n, 1], parameters, and 16 pictures"):
            one = body(*(texts * 3)[:16], parameters={"binary_data_output": False})
            one["inputs"][0]["shape"] = [16, 1]
            one["inputs"][0]["parameters"] = {"content_type": "base64"}
            equal(check_response(s.post(infer, one).expect(200).json)["label"]["shape"], [16])
        with case("a refused picture: its reason, zeros and no label"):
            outputs = check_response(s.post(infer, body(b64(pictures.blank()), texts[0])).json)
            equal(outputs["refusal"]["data"], ["blank", ""])
            equal(outputs["label"]["data"][0], "")
            equal(outputs["probabilities"]["data"][:2], [0, 0])
            assert outputs["label"]["data"][1]
        with case("errors have the member error, wherever they come from"):
            for method, path, sent, status in (
                    ("GET", "/v2/models/nothing", None, 404), ("GET", "/v2/nothing", None, 404),
                    ("GET", "/v2/models/malignancy/versions/9", None, 404),
                    ("GET", "/v2/models/nothing/ready", None, 404),
                    ("POST", "/v2/models/nothing/infer", b"{}", 404),
                    ("POST", infer, b"{", 400), ("POST", infer, b"{}", 422),
                    ("GET", infer, None, 405), ("DELETE", "/v2", None, 405)):
                answer = s.post(path, sent) if sent else s.request(method, path)
                answer.expect(status)
                assert isinstance(answer.json.get("error"), str) and answer.json["error"], answer
            answer = s.post(infer, b"{}", type="text/plain").expect(415)
            contains(answer.json.get("error", ""), "Content-Type")
            answer = s.post(infer, b"{}", {"Authorization": "Bearer x"}).expect(401)
            contains(answer.json.get("error", ""), "key")
        with case("errors elsewhere do not have it"):
            assert "error" not in s.get("/v1/nothing").json


if __name__ == "__main__":
    main()

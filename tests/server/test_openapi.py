"""test_openapi.py BUILD - openapi.json says what the server does: routes, problems, schemas, examples."""
import json
import os
import re
import time

from pictures import b64, blank, good, noise
from schema import Wrong, check, follow
from service import ROOT, Service
from tap import case, contains, equal, group, main


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


DOCUMENT = json.loads(read("server/web/openapi.json"))
METHODS = {"get", "post", "put", "delete"}
ROUTES = {(m, p): s for m, p, s in re.findall(
    r'\{ "([A-Z]+)", "(/[^"]*)", \w+,[^{}]*(?:\{[^{}]*\}[^{}]*)*?"([^"]+)" \},', read("server/routes.c"))
    if not p.endswith("...}")}
PROBLEMS = {code: (int(status), title, int(retry)) for status, code, title, retry in re.findall(
    r'X\(\w+, (\d+), "(\w+)", "([^"]+)", (\d+)\)', read("server/http/problem.h"))}
ANSWERS = {"change": "no", "uneven": "unsure", "large": "no", "site": "acral", "history": "no"}


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS, method
            yield method.upper(), path, operation


def response(method, path, status):
    """The response of an operation; a problem's by reference."""
    found = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(status) in found, f"{method} {path} is not said to answer {status}"
    found = found[str(status)]
    return follow(DOCUMENT, found["$ref"]) if "$ref" in found else found


def fits(answer, method, path):
    """An answer is as its operation says: status, type, header fields, schema."""
    said = response(method, path, answer.status)
    for name, header in said.get("headers", {}).items():
        header = follow(DOCUMENT, header["$ref"]) if "$ref" in header else header
        value = answer.headers.get(name.lower())
        assert value is not None, f"{name} is missing in {answer.headers}"
        check(DOCUMENT, header["schema"],
              int(value) if header["schema"].get("type") == "integer" else value, name)
    if "content" not in said:
        equal(answer.body, b"", "the body")
        return answer
    kind = answer.headers["content-type"]
    assert kind in said["content"], f"{kind} is none of {list(said['content'])}"
    schema = said["content"][kind]["schema"]
    check(DOCUMENT, schema, answer.json if kind.endswith("json") else answer.body.decode(),
          f"{method} {path}")
    if answer.status >= 400:
        examples = said["content"][kind]["examples"]
        assert answer.code in examples, f"{answer.code} is none of {list(examples)}"
    return answer


# ---------------------------------------------------------------- the document and the sources

@group
def sources():
    with case("every route of routes.c is in it, and no other, with the same summary"):
        assert len(ROUTES) > 20, f"only {len(ROUTES)} routes were found in routes.c"
        equal({(m, p): o["summary"] for m, p, o in operations()}, ROUTES, "the operations")
    with case("the route table was read whole"):
        equal(len(ROUTES) + 1, read("server/routes.c").count("{ \"GET\"")
              + read("server/routes.c").count("{ \"POST\"")
              + read("server/routes.c").count("{ \"DELETE\""), "the number of routes")
    with case("every problem of problem.h is an example, and no other, with status and title"):
        found = {}
        for one in DOCUMENT["components"]["responses"].values():
            for code, example in one["content"]["application/problem+json"]["examples"].items():
                value = example["value"]
                assert code not in found, f"{code} is there twice"
                equal((value["code"], value["type"]), (code, f"/docs#{code}"), "code and type")
                equal(example["summary"], value["title"], "the summary")
                assert len(example["description"]) > 30, f"{code} is not explained"
                found[code] = (value["status"], value["title"])
        equal(found, {c: p[:2] for c, p in PROBLEMS.items()}, "the problems")
        equal(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"],
              list(PROBLEMS), "the enumeration")
    with case("statuses with Retry-After have the header in the document"):
        for one in DOCUMENT["components"]["responses"].values():
            for code in one["content"]["application/problem+json"]["examples"]:
                equal("Retry-After" in one.get("headers", {}), PROBLEMS[code][2] > 0, code)
    with case("body types and admin keys are those of routes.c"):
        text = read("server/routes.c")
        pictures = re.search(r'#define PICTURES "([^"]+)"', text)[1].split()
        for method, path, operation in operations():
            row = re.search(r'\{ "%s", "%s", (.*?) \},' % (method, re.escape(path)), text, re.S)[1]
            types = set(pictures if "PICTURES" in row else
                        ["application/json"] if '"application/json"' in row else [])
            equal(set(operation.get("requestBody", {}).get("content", {})), types, path)
            equal("security" in operation, ", ADMIN," in row, f"the key of {path}")
            names = re.search(r',\s+(?:NULL|"[^"]*"|PICTURES), (\w+_QUERY|"[^"]+"),', row)[1]
            equal({p["name"] for p in map(resolve, operation.get("parameters", []))
                   if p["in"] == "query"},
                  set() if "_QUERY" in names else set(names.strip('"').split()),
                  f"the query of {method} {path}")
            assert names == "ANY_QUERY" or "422" in operation["responses"], f"{method} {path}"
            equal("429" in operation["responses"], ", LIMITED," in row or ", ADMIN," in row, path)
    with case("references lead somewhere, and every component is used"):
        used = re.findall(r'"\$ref": "(#/[^"]+)"', read("server/web/openapi.json"))
        for reference in used:
            follow(DOCUMENT, reference)
        for kind in ("schemas", "parameters", "headers"):
            for name in DOCUMENT["components"][kind]:
                assert f"#/components/{kind}/{name}" in used, f"{kind}/{name} is not used"
    with case("operations have names of their own and a tag that exists; paths name their parameters"):
        names = [o["operationId"] for _, _, o in operations()]
        equal(len(names), len(set(names)), "the names")
        tags = {tag["name"] for tag in DOCUMENT["tags"]}
        for _, path, operation in operations():
            assert set(operation["tags"]) <= tags, operation["tags"]
            inside = {p["name"] for p in map(resolve, operation.get("parameters", []))
                      if p["in"] == "path"}
            equal(inside, set(re.findall(r"\{(\w+)\}", path)), f"the parameters of {path}")


def resolve(part):
    return follow(DOCUMENT, part["$ref"]) if "$ref" in part else part


def contents():
    """Every content of the document, with where it stands."""
    for method, path, operation in operations():
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} {kind}", content
        for status, one in operation["responses"].items():
            for content in one.get("content", {}).values():
                yield f"{method} {path} {status}", content
    for name, one in DOCUMENT["components"]["responses"].items():
        for content in one["content"].values():
            yield name, content


@group
def examples():
    for where, content in contents():
        all_examples = {n: e["value"] for n, e in content.get("examples", {}).items()}
        if "example" in content:
            all_examples["example"] = content["example"]
        for name, value in all_examples.items():
            with case(f"the example {name} of {where} fits its schema"):
                check(DOCUMENT, content["schema"], value, where)


@group
def validator():
    """What must not pass does not."""
    answer = {"$ref": "#/components/schemas/Answer"}
    value = DOCUMENT["paths"]["/v1/malignancy"]["post"]["responses"]["200"]["content"][
        "application/json"]["examples"]["accepted"]["value"]
    for name, change, words in (
            ("a member too many", {"more": 1}, "not in the schema"),
            ("a wrong type", {"accepted": "yes"}, "no boolean"),
            ("a wrong enumeration", {"task": "other"}, "none of"),
            ("a number out of range", {"probabilities": {"benign": 1.5}}, "over 1"),
            ("a pattern", {"heat_map": "data:image/png;base64,"}, "fits 0"),
            ("a member too many inside", {"crop": {**value["crop"], "z": 1}}, "not in the schema"),
            ("a missing member", {"label": ...}, "missing")):
        with case(f"the validator refuses {name}"):
            bad = {k: v for k, v in {**value, **change}.items() if v is not ...}
            try:
                check(DOCUMENT, answer, bad)
            except Wrong as wrong:
                contains(str(wrong), words)
            else:
                raise AssertionError("it passes")


# ---------------------------------------------------------------- the document and the server

def try_predictions(s, path):
    for name, body in (
            ("one picture", {"image": b64(good())}),
            ("crop and heat map", {"image": b64(good()), "crop": "auto", "explain": True}),
            ("a refused picture", {"image": b64(blank())}),
            ("several, one damaged, one refused",
             {"images": [b64(good()), {"image": "AA!A"}, b64(noise()), b64(good()[:900])]})):
        with case(f"{path}: {name}"):
            fits(s.post(path, body).expect(200), "POST", path)
    for name, content in DOCUMENT["paths"][path]["post"]["requestBody"]["content"][
            "application/json"]["examples"].items():
        with case(f"{path}: the request of the example {name} is answered 200"):
            fits(s.post(path, content["value"]).expect(200), "POST", path)
    for status, body, kind in (
            (400, b"{", "application/json"), (400, b'{"image": "A!"}', "application/json"),
            (400, b"x", "multipart/form-data; boundary=y"), (413, bytes(300001), "image/jpeg"),
            (415, b"x", "text/plain"), (415, b"GIF89a" + bytes(99), "image/png"),
            (422, good()[:2000], "image/jpeg"), (422, b'{"images": []}', "application/json")):
        with case(f"{path}: {status} for {body[:20]!r} as {kind}"):
            fits(s.post(path, body, type=kind).expect(status), "POST", path)
    with case(f"{path}: 401 for a wrong key"):
        fits(s.judge(path=path, headers={"X-API-Key": "skc_wrong"}).expect(401), "POST", path)


@group
def predictions():
    with Service("--body-limit", "300000", name="predictions") as s:
        for path in ("/v1/malignancy", "/v1/diagnosis"):
            try_predictions(s, path)


@group
def assessments():
    path, spot = "/v1/assessments", "/v1/assessments/{code}"
    body = {"image": b64(good()), "dermatoscope": True, "answers": ANSWERS}
    with Service(name="assessments") as s:
        with case("assessed, nothing kept: 200"):
            fits(s.post(path, {**body, "explain": True, "crop": "auto"}).expect(200), "POST", path)
        with case("refused: 200"):
            fits(s.post(path, {**body, "image": b64(blank()), "keep": True}).expect(200),
                 "POST", path)
        with case("the example of the request is answered 200"):
            example = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            fits(s.post(path, example["examples"]["one"]["value"]).expect(200), "POST", path)
        with case("kept: 201, read again: 200, erased: 204, gone: 404"):
            code = fits(s.post(path, {**body, "keep": True}).expect(201), "POST", path).json["code"]
            fits(s.post(path, {**body, "keep": True, "code": code}).expect(201), "POST", path)
            found = fits(s.get(f"{path}/{code}").expect(200), "GET", spot)
            equal(len(found.json["assessments"]), 2, "the number of assessments")
            fits(s.request("DELETE", f"{path}/{code}").expect(204), "DELETE", spot)
            fits(s.request("DELETE", f"{path}/{code}").expect(404), "DELETE", spot)
            fits(s.get(f"{path}/{code}").expect(404), "GET", spot)
            fits(s.post(path, {**body, "keep": True, "code": code}).expect(404), "POST", path)
        with case("answers missing: 422"):
            fits(s.post(path, {**body, "answers": {}}).expect(422), "POST", path)


@group
def everything_else():
    with Service(name="other routes") as s:
        version = s.get("/v1/models").json["current"]["diagnosis"]["version"]
        for method, path, operation in operations():
            if method != "GET" or path == "/v1/assessments/{code}":
                continue
            real = path.replace("{model}", "diagnosis").replace("{version}", version)
            with case(f"{method} {path}: 200"):
                fits(s.get(real).expect(200), method, path)
            if "404" in operation["responses"]:
                with case(f"{method} {path}: 404"):
                    fits(s.get(real.replace("diagnosis", "x")).expect(404), method, path)
            if "422" in operation["responses"]:
                with case(f"{method} {path}: 422 for a query that it does not take"):
                    fits(s.get(real + "?x=1").expect(422), method, path)
        with case("/openapi.json is the file"):
            equal(s.get("/openapi.json").json, DOCUMENT, "/openapi.json")
        with case("its version is that of the server"):
            equal(DOCUMENT["info"]["version"], s.get("/version").json["version"], "the version")
        admin = {"Authorization": "Bearer " + s.key("--admin")}
        plain = {"X-API-Key": s.key()}
        for path, status, headers in (
                ("rollback", 401, {}), ("rollback", 403, plain), ("rollback", 404, admin),
                ("reload", 401, {}), ("reload", 403, plain), ("reload", 200, admin),
                ("rollback", 200, admin)):
            with case(f"POST /v1/models/{path}: {status}"):
                fits(s.request("POST", f"/v1/models/{path}", None, headers).expect(status),
                     "POST", f"/v1/models/{path}")
        with case("GET /v1/models with models from before"):
            assert fits(s.get("/v1/models").expect(200), "GET", "/v1/models").json["before"]
        for path in ("/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer"):
            real = path.replace("{model}", "diagnosis").replace("{version}", version)
            tensor = {"name": "image", "datatype": "BYTES", "shape": [2],
                      "data": [b64(good()), b64(blank())]}
            with case(f"POST {path}: 200"):
                fits(s.post(real, {"id": "7", "inputs": [tensor]}).expect(200), "POST", path)
                fits(s.post(real, {"inputs": [tensor], "outputs": [{"name": "label"}]}).expect(200),
                     "POST", path)
            with case(f"POST {path}: its problems"):
                fits(s.post(real, b"{").expect(400), "POST", path)
                fits(s.post(real, {"inputs": []}).expect(422), "POST", path)
                fits(s.post(real.replace("diagnosis", "x"), {}).expect(404), "POST", path)
                fits(s.post(real, b"x", type="text/html").expect(415), "POST", path)


@group
def limits():
    with Service("--anonymous-burst", "1", "--anonymous-quota", "2", "--anonymous-rate", "60",
                 free=False, name="limits") as s:
        with case("429 has Retry-After"):
            seen = {}
            for _ in range(30):
                answer = s.judge()
                if answer.status == 429:
                    seen[answer.code] = fits(answer, "POST", "/v1/malignancy")
                    if answer.code == "quota_exceeded":
                        break
                    time.sleep(int(answer.headers["retry-after"]))
            equal(sorted(seen), ["quota_exceeded", "rate_limited"], "the codes")
    with Service("--no-anonymous", name="keys only") as s:
        with case("without a key: 401"):
            fits(s.judge().expect(401), "POST", "/v1/malignancy")
        with case("with a key, in both forms: 200"):
            key = s.key()
            for headers in ({"Authorization": "Bearer " + key}, {"X-API-Key": key}):
                fits(s.judge(headers=headers).expect(200), "POST", "/v1/malignancy")


if __name__ == "__main__":
    main()

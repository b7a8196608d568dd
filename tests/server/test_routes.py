"""test_routes.py - every route of the table, with every method; what all answers have in common."""
import os
import re

from pictures import b64, good
from service import ROOT, Service, parse
from tap import case, contains, equal, group, main

with open(os.path.join(ROOT, "server/routes.c"), encoding="utf-8") as _file:
    ROUTES = re.findall(r'\{ "([A-Z]+)", "(/[^"]*)"', _file.read())
PATHS = sorted({path for _, path in ROUTES})
ASSESSMENT = {"image": b64(good()), "dermatoscope": True,
              "answers": {"change": "no", "uneven": "no", "large": "no", "site": "other",
                          "history": "no"}}
TENSOR = {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [b64(good())]}]}
# What makes each route succeed: path, body, status.
CALLS = {
    ("POST", "/v1/malignancy"): (None, {"image": b64(good())}, 200),
    ("POST", "/v1/diagnosis"): (None, {"image": b64(good())}, 200),
    ("POST", "/v1/assessments"): (None, ASSESSMENT, 200),
    ("GET", "/v1/assessments/{code}"): ("/v1/assessments/CODE", None, 200),
    ("DELETE", "/v1/assessments/{code}"): ("/v1/assessments/CODE", None, 204),
    ("GET", "/v2/models/{model}"): ("/v2/models/diagnosis", None, 200),
    ("GET", "/v2/models/{model}/versions/{version}"): ("/v2/models/diagnosis/versions/VERSION",
                                                       None, 200),
    ("GET", "/v2/models/{model}/ready"): ("/v2/models/malignancy/ready", None, 200),
    ("GET", "/v2/models/{model}/versions/{version}/ready"):
        ("/v2/models/diagnosis/versions/VERSION/ready", None, 200),
    ("POST", "/v2/models/{model}/infer"): ("/v2/models/diagnosis/infer", TENSOR, 200),
    ("POST", "/v2/models/{model}/versions/{version}/infer"):
        ("/v2/models/diagnosis/versions/VERSION/infer", TENSOR, 200),
    ("GET", "/{page...}"): ("/", None, 200),
    ("POST", "/v1/models/rollback"): (None, b"", 200),  # behind the reload
    ("POST", "/v1/models/reload"): (None, b"", 200),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "LINK",
           "get", "Post", "dELETE")


def concrete(path):
    """A path of the pattern that need not exist."""
    return (path.replace("{page...}", "nothing").replace("{code}", "AAAAA")
            .replace("{model}", "diagnosis").replace("{version}", "0"))


def common(answer):
    """What every answer has."""
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", answer.headers["x-request-id"]), answer.headers
    equal(answer.headers["x-content-type-options"], "nosniff")
    equal(answer.headers["referrer-policy"], "no-referrer")
    contains(answer.headers["content-security-policy"], "default-src 'none'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "cache-control" in answer.headers and "server" not in answer.headers
    return answer


def ask(s, method, path, body=None, headers=None):
    if body is None:
        return common(s.request(method, path, None, headers))
    kind = "application/json" if body else ""
    return common(s.post(path, body, headers, type=kind)) if method == "POST" else None


@group
def routes():
    with Service(name="routes") as s:
        admin = {"Authorization": "Bearer " + s.key("--admin")}
        version = s.get("/v1/models").expect(200).json["current"]["diagnosis"]["version"]

        def kept():
            return s.post("/v1/assessments", {**ASSESSMENT, "keep": True}).expect(201).json["code"]
        for method, path in ROUTES:
            with case(f"{method} {path}: answers"):
                at, body, status = CALLS.get((method, path), (None, None, 200))
                at = (at or path).replace("VERSION", version)
                if "CODE" in at:
                    at = at.replace("CODE", kept())
                answer = ask(s, method, at, body, admin).expect(status)
                if method == "GET":
                    head = ask(s, "HEAD", at, None, admin).expect(200)
                    equal(head.body, b"")
                    equal(head.headers.get("content-type"), answer.headers.get("content-type"))
                    if "ETag" in answer.headers or path in ("/version", "/healthz", "/v2"):
                        equal(head.headers["content-length"], str(len(answer.body)))
        for path in PATHS:
            allowed = {m for m, p in ROUTES if p == path}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            allowed |= {"OPTIONS"}
            with case(f"{path}: 405 with Allow for every other method, by upper and lower case"):
                for method in METHODS:
                    if method in allowed:
                        continue
                    answer = common(s.request(method, concrete(path), headers=admin))
                    equal(answer.status, 405, method)
                    if method != "HEAD":
                        answer.problem(405, "method_not_allowed")
                    equal(set(answer.headers["allow"].split(", ")), allowed)
                equal(set(common(s.request("OPTIONS", concrete(path))).expect(204)
                          .headers["allow"].split(", ")), allowed)
        with case("404 for what is nowhere"):
            for path in ("/v1", "/v1/", "/v1/malignancy/", "/v1/malignancy/x", "/v1/assessments/",
                         "/v1/assessments/A/B", "/v2/", "/v2/models", "/v2/models/", "/nothing",
                         "/v2/models/nothing", "/v2/models/diagnosis/versions/9", "/healthz/",
                         "/v2/models/diagnosis/versions/" + version + "0", "//", "/V1/questions",
                         "/v2/models/malignancy/versions/" + version, "/index.htm", "/.git/config",
                         "/v1/models/reload/x", "/skincnn.db", "/data/skincnn.db"):
                common(s.get(path)).problem(404, "not_found")
        with case("a body where none belongs: 413, and the connection closes"):
            answer = s.request("GET", "/v1/questions", b"hello")
            answer.problem(413, "too_large")
            equal(answer.headers["connection"].lower(), "close")
            s.request("DELETE", "/v1/assessments/AAAAA", b"{}").problem(413, "too_large")
        with case("no body where one belongs: 400"):
            for route in ("/v1/malignancy", "/v1/assessments", "/v2/models/diagnosis/infer"):
                raw = s.exchange(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                                 b"\r\nConnection: close\r\n\r\n" % route.encode())
                parse(raw)[0].problem(400, "bad_request", "body")
        with case("X-Request-Id: one's own is kept where it may be one"):
            for own in ("a", "abc-DEF_123", "x" * 64):
                equal(s.get("/version", {"X-Request-Id": own}).headers["x-request-id"], own)
            for own in ("x" * 65, "a b", "a/b", "<script>", "ä".encode().decode("latin-1"), "a.b"):
                assert s.get("/version", {"X-Request-Id": own}).headers["x-request-id"] != own
        with case("X-Request-Id: new ones differ"):
            equal(len({s.get("/version").headers["x-request-id"] for _ in range(50)}), 50)


@group
def contents():
    with Service("--organisation", "A & B <i>", name="contents") as s:
        with case("/version and /healthz"):
            found = s.get("/version").expect(200).json
            assert {"name", "version"} <= set(found), found
            equal(found["name"], "skincnn-server")
            s.get("/healthz").expect(200)
        with case("/v1/labels: both tasks, both languages"):
            found = s.get("/v1/labels").expect(200).json
            equal({t: [x["label"] for x in found[t]] for t in found},
                  {"malignancy": ["benign", "malignant"],
                   "diagnosis": ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]})
            names = {x["label"]: x["name"]["zh-Hant"] for t in found for x in found[t]}
            equal(names, {"benign": "良性", "malignant": "惡性",
                          "akiec": "日光性角化症／原位鱗狀細胞癌", "bcc": "基底細胞癌",
                          "bkl": "良性角化病變", "df": "皮膚纖維瘤", "mel": "黑色素瘤",
                          "nv": "黑色素細胞痣", "vasc": "血管病變"})
            equal({x["label"] for t in found for x in found[t] if x["malignant"]},
                  {"malignant", "akiec", "bcc", "mel"})
        with case("/v1/models: what is in use"):
            found = s.get("/v1/models").expect(200).json
            equal(found["before"], None)
            for task in ("malignancy", "diagnosis"):
                model = found["current"][task]
                for name in ("name", "version", "sha256", "architecture", "input", "labels",
                             "operating_points", "loaded"):
                    assert name in model, name
        with case("/v1/questions: five, with texts in both languages and values"):
            found = s.get("/v1/questions").expect(200).json["questions"]
            equal([q["name"] for q in found], ["change", "uneven", "large", "site", "history"])
            for q in found:
                equal(len(q["values"]), 3)
                for text in [q["text"], q["explanation"], *[v["text"] for v in q["values"]]]:
                    equal(set(text), {"zh-Hant", "en"})
        with case("/v1/clinics: a marked sample, by county"):
            found = s.get("/v1/clinics").expect(200).json
            equal(found["sample"], True)
            assert len(found["clinics"]) > 1
            for clinic in found["clinics"]:
                equal(set(clinic), {"name", "county", "address", "phone", "url"})
            from urllib.parse import quote
            county = found["clinics"][0]["county"]
            some = s.get("/v1/clinics?county=" + quote(county)).expect(200).json["clinics"]
            equal(some, [c for c in found["clinics"] if c["county"] == county])
            equal(s.get("/v1/clinics?county=nowhere").expect(200).json["clinics"], [])
        with case("/openapi.json has every route of the table and every code"):
            found = s.get("/openapi.json").expect(200)
            equal(found.headers["content-type"].split(";")[0], "application/json")
            described = {(m.upper(), p) for p, item in found.json["paths"].items() for m in item
                         if m in ("get", "post", "delete")}
            equal({r for r in ROUTES if r[1] != "/{page...}"} - described, set(), "not described")
            equal(described - set(ROUTES), set(), "described and not there")
            with open(os.path.join(ROOT, "server/http/problem.h"), encoding="utf-8") as file:
                for code in re.findall(r'X\(HTTP_\w+, \d+, "(\w+)"', file.read()):
                    contains(found.body.decode(), f'"{code}"', "openapi.json")
        with case("/docs is a page"):
            answer = s.get("/docs").expect(200)
            contains(answer.headers["content-type"], "text/html")
        with case("pages: an entry, others, and their files, as the right types"):
            for path, kind in (("/", "text/html"), ("/index.html", "text/html"),
                               ("/integrators", "text/html"), ("/privacy", "text/html"),
                               ("/app.js", "javascript"), ("/style.css", "text/css"),
                               ("/icon.svg", "image/svg+xml"), ("/icon-192.png", "image/png"),
                               ("/manifest.webmanifest", "json"), ("/sw.js", "javascript")):
                contains(s.get(path).expect(200).headers["content-type"], kind, path)


@group
def queries():
    with Service(name="queries") as s:
        admin = {"Authorization": "Bearer " + s.key("--admin")}
        for method, path in ROUTES:
            if path.startswith("/v1/"):
                with case(f"{method} {path}: a name that it does not take is refused by name"):
                    for query, name in (("?crob=auto", "'crob'"), ("?crob", "'crob'"),
                                        ("?Crop=auto", "'Crop'"), ("?=auto", "''"),
                                        ("?%63rob=1&crop=auto", "'crob'")):
                        answer = common(s.request(method, concrete(path) + query, headers=admin))
                        answer.problem(422, "bad_value", "no query parameter " + name)
        with case("a name twice is refused, whatever its values"):
            for query in ("?county=x&county=y", "?county=&county=", "?county&county"):
                s.get("/v1/clinics" + query).problem(422, "bad_value", "'county' is there twice")
        with case("what is allowed is said"):
            s.get("/v1/clinics?city=x").problem(422, "bad_value", "'city'; allowed here: county")
            s.get("/v1/labels?city=x").problem(422, "bad_value", "'city'; allowed here: none")
        with case("a long name and one of many languages are shown, cut at a character"):
            for name in ("x" * 3000, "%E8%89%B2" * 30):
                answer = s.get(f"/v1/labels?{name}=1").problem(422, "bad_value", "no query param")
                assert len(answer.body) < 600, answer
        with case("pages, probes and the rest go on with whatever is there, twice too"):
            for path in ("/", "/integrators", "/app.js", "/healthz", "/readyz", "/version", "/v2",
                         "/openapi.json", "/metrics", "/v2/models/diagnosis"):
                s.get(path + "?utm_source=mail&gclid=a&utm_source=mail&x").expect(200)
        with case("HEAD is refused as GET is, and OPTIONS is not"):
            equal(s.request("HEAD", "/v1/labels?a=1").expect(422).body, b"")
            s.request("OPTIONS", "/v1/labels?a=1").expect(204)


@group
def clinics():
    import tempfile
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        file.write('name,county,address,phone,url\n"One, ""the"" first",北市,"a\nb",02-1,'
                   "https://one.example/\n")
        file.flush()
        with Service("--clinics", file.name, name="clinics") as s:
            with case("clinics of the operator's own file, with quotes and line ends"):
                found = s.get("/v1/clinics").expect(200).json
                equal(found["sample"], False)
                equal(found["clinics"], [{"name": 'One, "the" first', "county": "北市",
                                          "address": "a\nb", "phone": "02-1",
                                          "url": "https://one.example/"}])


if __name__ == "__main__":
    main()

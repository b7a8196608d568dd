"""test_json.py - JSON that is broken, hostile or merely odd: refused, and never more than that."""
import json

from pictures import b64, good
from service import Service
from tap import case, equal, group, main

ROUTES = ("/v1/malignancy", "/v1/assessments", "/v2/models/malignancy/infer")
INFER = ROUTES[2]

# Not JSON, for every route that takes it.
BROKEN = {
    "an empty body": b"",
    "white space": b" \n ",
    "a cut object": b'{"image": "AAAA"',
    "a cut text": b'{"image": "AAA',
    "trailing garbage": b'{"image": "AAAA"} x',
    "two values": b"{}{}",
    "a trailing comma": b'{"image": "AAAA",}',
    "single quotes": b"{'image': 'AAAA'}",
    "a comment": b'{"image": "AAAA" /* x */}',
    "a byte order mark": b'\xef\xbb\xbf{"image": "AAAA"}',
    "UTF-16": '{"image": "AAAA"}'.encode("utf-16"),
    "duplicate keys": b'{"image": "AAAA", "image": "AAAA"}',
    "duplicate keys, one escaped": b'{"image": "AAAA", "im\\u0061ge": "AAAA"}',
    "duplicate keys deep inside": b'{"answers": {"a": {"b": 1, "b": 1}}, "inputs": []}',
    "nesting of 100,000 lists": b"[" * 100_000,
    "nesting of 100,000 lists, closed": b"[" * 100_000 + b"]" * 100_000,
    "nesting of 100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a byte that is no UTF-8": b'{"image": "\xff"}',
    "an overlong form": b'{"image": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"image": "\xed\xa0\x80"}',
    "a cut UTF-8 character": b'{"image": "\xe4\xb8"}',
    "half a surrogate pair": b'{"image": "\\ud800"}',
    "a NUL in a text": b'{"image": "A\\u0000A"}',
    "a NUL in a name": b'{"im\\u0000age": "AAAA"}',
    "a raw NUL": b'{"image": "A\0A"}',
    "a raw line feed in a text": b'{"image": "A\nA"}',
    "a wrong escape": b'{"image": "\\x41"}',
    "a huge whole number": b'{"crop": {"x": ' + b"9" * 400 + b'}, "image": "AAAA"}',
    "a huge exponent": b'{"crop": 1e999999, "image": "AAAA"}',
    "NaN": b'{"crop": NaN, "image": "AAAA"}',
    "a number with a leading zero": b'{"crop": 01, "image": "AAAA"}',
    "a bare word": b"hello",
}
NO_OBJECT = {"a list": b"[]", "a text": b'"image"', "a number": b"12", "null": b"null"}


@group
def broken():
    with Service(name="broken JSON") as s:
        for name, body in BROKEN.items():
            with case(f"JSON refused: {name}"):
                for route in ROUTES:
                    s.post(route, body).problem(400, "bad_json")
        for name, body in NO_OBJECT.items():
            with case(f"JSON refused: {name} in place of the object"):
                for route in ROUTES:
                    s.post(route, body).problem(400, "bad_json")
        with case("the message of bad JSON says where it is wrong"):
            s.post(ROUTES[0], b'{"image":\n  nonsense}').problem(400, "bad_json", "line 2")
        with case("members that nobody knows are refused by their name, whatever it is"):
            for name in ("Image", "imagse", "", "__proto__", "x" * 5000, "名", "\x7f\x1b[31m", "%s%n"):
                s.post(ROUTES[0], {"image": "AAAA", name: 1}).problem(422, "bad_value")
        with case("10,000 members"):
            s.post(ROUTES[0], {"m%d" % i: i for i in range(10000)}).problem(422, "bad_value")
        with case("a number, a list or null for a text, and the other way round"):
            for value in (1, 1.5, True, [], {}):
                s.post(ROUTES[0], {"image": value}).problem(422, "bad_value")
            for value in ("yes", 0, []):
                s.post(ROUTES[0], {"image": b64(good()), "explain": value}).problem(422, "bad_value")
        with case("escapes in names and texts mean what they mean"):
            body = '{"im\\u0061ge": %s}' % json.dumps(b64(good())).replace("A", "\\u0041")
            s.post(ROUTES[0], body).expect(200)
        with case("a text of 10 MB where a short one belongs"):
            s.post(ROUTES[0], {"image": b64(good()), "crop": "a" * 10_000_000}).problem(
                422, "bad_value")
        with case("the server goes on"):
            s.judge().expect(200)


def tensor(*data, **more):
    return {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [len(data)],
                        "data": list(data), **more}]}


@group
def inference_protocol():
    text = b64(good())
    with Service(name="broken tensors") as s:
        wrong = {
            "no inputs": {},
            "inputs that are no list": {"inputs": {"name": "image"}},
            "no tensor": {"inputs": []},
            "two tensors": {"inputs": tensor(text)["inputs"] * 2},
            "a tensor that is a text": {"inputs": ["image"]},
            "another name": tensor(text, name="picture"),
            "no name": tensor(text, name=None),
            "another type": tensor(text, datatype="FP32"),
            "no shape": tensor(text, shape=None),
            "an empty shape": tensor(text, shape=[]),
            "a shape of 0": tensor(shape=[0]),
            "a shape below 0": tensor(text, shape=[-1]),
            "two sides below 0": tensor(text, shape=[-1, -1]),
            "a shape in a row": tensor(text, text, shape=[1, 2]),
            "a shape of three": tensor(text, shape=[1, 1, 1]),
            "a shape that overflows": tensor(text, shape=[16] * 17),
            "a shape of very many": tensor(text, shape=[-16] * 100000),
            "a huge shape": tensor(text, shape=[2 ** 62, 4]),
            "a shape of texts": tensor(text, shape=["1"]),
            "a shape of reals": tensor(text, shape=[1.0]),
            "more data than the shape": tensor(text, text, shape=[1]),
            "less data than the shape": tensor(text, shape=[2]),
            "17 pictures": tensor(*["AAAA"] * 17),
            "no data": {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1]}]},
            "data that are numbers": tensor(5),
            "data in lists": tensor([text]),
            "an output that does not exist": {**tensor(text), "outputs": [{"name": "logits"}]},
            "an output twice": {**tensor(text), "outputs": [{"name": "label"}] * 2},
            "outputs that are no list": {**tensor(text), "outputs": "label"},
            "outputs without names": {**tensor(text), "outputs": [{}]},
            "an id that is no text": {**tensor(text), "id": 7},
        }
        for name, body in wrong.items():
            with case(f"tensor refused: {name}"):
                answer = s.post(INFER, body).problem(422, "bad_value")
                assert isinstance(answer.json.get("error"), str), answer
        with case("bad pictures in a tensor have the codes that they have elsewhere"):
            for data, status, code in (("!!!", 400, "bad_base64"), ("AAAA", 415, "picture_format"),
                                       (b64(good()[:900]), 422, "bad_picture")):
                answer = s.post(INFER, tensor(text, data)).problem(status, code, "data[1]")
                equal(answer.json["error"], answer.json["detail"])


if __name__ == "__main__":
    main()

"""test_pictures.py - pictures in every form that is documented, and what is wrong with others."""
import base64
import json
import struct

import pictures
from pictures import b64, good
from service import Service
from tap import between, case, contains, equal, group, main

BOTH = ("/v1/malignancy", "/v1/diagnosis")
LABELS = {"/v1/malignancy": {"benign", "malignant"},
          "/v1/diagnosis": {"akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"}}
FRAME = {"request_id", "milliseconds", "disclaimer"}
RESULT = {"task", "accepted", "refusal", "label", "probabilities", "names", "decision", "quality",
          "picture", "crop", "heat_map", "model"}


def check_text(text):
    equal(set(text), {"zh-Hant", "en"})
    assert text["zh-Hant"] and text["en"]


def check_box(box, width, height):
    equal(set(box), {"x", "y", "width", "height"})
    assert box["x"] >= 0 and box["y"] >= 0 and box["width"] > 0 and box["height"] > 0, box
    assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height, box


def check_result(found, path, frame=True, accepted=True):
    """A result in the shape that docs/http-api.md gives."""
    equal(set(found), RESULT | (FRAME if frame else set()), "members")
    equal(found["task"], path.rsplit("/", 1)[1])
    equal(found["accepted"], accepted, f"accepted ({found['quality']})")
    check_box(found["crop"], **found["picture"])
    equal(set(found["quality"]), {"reason", "sharpness", "brightness", "contrast", "noise",
                                  "lesion", "lesion_share"})
    if not accepted:
        check_text(found["refusal"]["text"])
        equal(found["refusal"]["reason"], found["quality"]["reason"])
        assert all(found[m] is None for m in ("label", "probabilities", "decision", "heat_map"))
        return found
    equal(found["refusal"], None)
    equal(set(found["probabilities"]), LABELS[path])
    between(sum(found["probabilities"].values()), 0.9999, 1.0001, "sum of probabilities")
    equal(set(found["names"]), LABELS[path])
    for name in found["names"].values():
        check_text(name)
    assert found["label"] in LABELS[path], found["label"]
    decision = found["decision"]
    equal(decision["malignant"], decision["probability"] >= decision["threshold"], "decision")
    equal(set(found["model"]), {"name", "architecture", "version", "sha256"})
    equal(len(found["model"]["sha256"]), 64)
    return found


def judged(answer, path="/v1/malignancy", **more):
    found = check_result(answer.expect(200).json, path, **more)
    if "request_id" in found:
        equal(found["request_id"], answer.headers["x-request-id"])
        check_text(found["disclaimer"])
        between(found["milliseconds"], 0, 1e6)
    return found


def multipart(*parts, boundary="simple", end=True):
    """parts: (name, bytes) or raw bytes of a part with its head."""
    body = b""
    for part in parts:
        body += b"--" + boundary.encode() + b"\r\n"
        body += part if isinstance(part, bytes) else \
            b'Content-Disposition: form-data; name="%s"; filename="a.jpg"\r\n\r\n%s' % (
                part[0].encode(), part[1])
        body += b"\r\n"
    return body + (b"--" + boundary.encode() + b"--\r\n" if end else b"")


@group
def forms():
    picture, png = good(), good(kind="png")
    plain = b64(picture)
    url = base64.urlsafe_b64encode(picture).decode()
    assert set(plain) & set("+/"), "the picture's base64 needs the characters that differ"
    with Service(name="forms") as s:
        with case("raw JPEG and PNG, both tasks"):
            for path in BOTH:
                judged(s.judge(picture, path), path)
                judged(s.judge(png, path, type="image/png"), path)
        expected = {p: judged(s.judge(picture, p), p)["probabilities"] for p in BOTH}
        bodies = {
            "standard base64": plain,
            "URL-safe base64": url,
            "no padding": plain.rstrip("="),
            "URL-safe, no padding": url.rstrip("="),
            "white space anywhere": "\n ".join(plain[i:i + 61] for i in range(0, len(plain), 61)),
            "white space before and after": " \t\r\n" + plain + "\n\n",
            "data URL of a JPEG": "data:image/jpeg;base64," + plain,
            "data URL, URL-safe": "data:image/jpeg;base64," + url,
            "data URL with a parameter": "data:image/jpeg;name=a.jpg;base64," + plain,
            "data URL, white space before it": "  data:image/jpeg;base64," + plain,
            "data URL, name in capitals": "DATA:image/jpeg;BASE64," + plain,
        }
        for name, text in bodies.items():
            with case(f"base64: {name}"):
                for path in BOTH:
                    found = judged(s.post(path, {"image": text}), path)
                    equal(found["probabilities"], expected[path])
        with case("base64: data URL of a PNG"):
            judged(s.post(BOTH[0], {"image": "data:image/png;base64," + b64(png)}))
        wrong = {
            "wrong characters": ("AAAA!AAA", 400, "bad_base64", "'!' at character 5"),
            "wrong in the middle": (plain[:40] + "*" + plain[40:], 400, "bad_base64", "'*'"),
            "not ASCII": ("AAAAé", 400, "bad_base64", ""),
            "both alphabets": ("+/+/-_-_", 400, "bad_base64", ""),
            "padding in the middle": ("AA==AAAA", 400, "bad_base64", ""),
            "three padding signs": (plain.rstrip("=") + "===", 400, "bad_base64", ""),
            "one character too many": ("AAAAA", 400, "bad_base64", "middle"),
            "an unfinished data URL": ("data:image/jpeg," + plain, 400, "bad_base64", "base64,"),
            "a data URL of nothing": ("data:image/jpeg;base64,", 422, "bad_value", ""),
            "empty": ("", 422, "bad_value", "nothing"),
            "white space only": (" \n ", 422, "bad_value", "nothing"),
            "padding only": ("==", 422, "bad_value", "nothing"),
            "a number": (7, 422, "bad_value", "text"),
            "null": (None, 422, "bad_value", "text"),
            "a list": ([plain], 422, "bad_value", "text"),
            "true": (True, 422, "bad_value", "text"),
            "an object": ({"data": plain}, 422, "bad_value", ""),
            "text that is no picture": (b64(b"hello, world, this is not a picture"), 415,
                                        "picture_format", ""),
            "cut in half": (plain[:len(plain) // 2 // 4 * 4], 422, "bad_picture", ""),
            "zeros": ("A" * 4000, 415, "picture_format", ""),
        }
        for name, (text, status, code, detail) in wrong.items():
            with case(f"base64 refused: {name}"):
                for path in BOTH:
                    s.post(path, {"image": text}).problem(status, code, detail)
        with case("base64 of zeros, 20 MB: refused soon, without harm"):
            s.post(BOTH[0], b'{"image": "%s"}' % (b"A" * 20_000_000)).problem(415, "picture_format")
        with case("an escaped slash in the JSON text is the same base64"):
            text = json.dumps({"image": plain}).replace("/", "\\/")
            equal(judged(s.post(BOTH[0], text))["probabilities"], expected[BOTH[0]])


@group
def crops():
    picture = good()
    with Service(name="crops") as s:
        def ask(crop, path=BOTH[0]):
            return s.post(path, {"image": b64(picture), "crop": crop})
        whole = {"x": 0, "y": 0, "width": 320, "height": 320}
        inner = {"x": 20, "y": 30, "width": 250, "height": 240}
        for name, crop, box in (("null", None, whole), ("whole", whole, whole),
                                ("a part", inner, inner),
                                ("whole numbers as reals", {k: float(v) for k, v in inner.items()},
                                 inner)):
            with case(f"crop in JSON: {name}"):
                equal(judged(ask(crop))["crop"], box)
        with case("crop auto is inside the picture"):
            found = judged(ask("auto"))
            assert found["crop"]["width"] <= 320
        with case("crop in the query of a raw body"):
            equal(judged(s.judge(path=BOTH[0] + "?crop=20,30,250,240"))["crop"], inner)
            judged(s.judge(path=BOTH[0] + "?crop=auto&explain=false"))
            equal(judged(s.judge(path=BOTH[0] + "?crop="))["crop"], whole)
        wrong = [
            "AUTO", "", 5, [1, 2, 3, 4], True, {}, {"x": 1, "y": 1, "width": 5},
            {**inner, "z": 1}, {**inner, "x": -1}, {**inner, "width": 0}, {**inner, "y": 1.5},
            {**inner, "x": "20"}, {**inner, "height": 1e300}, {**inner, "width": 400},
            {**inner, "x": 320}, {**inner, "x": 4294967296 + 20}, {**inner, "height": None},
        ]
        with case("crop in JSON: what is wrong is refused"):
            for crop in wrong:
                ask(crop).problem(422, "bad_value")
        with case("crop in the query: what is wrong is refused"):
            for crop in ("AUTO", "1,2,3", "1,2,3,4,5", "-1,2,30,30", "a,b,c,d", "1,2,30,0",
                         "1.5,2,30,30", "1,2,30,30x", "99999999999,0,30,30", "0,0,321,320",
                         "0x1,2,30,30", "+20,30,250,240", "%2B20,30,250,240", "-0,30,250,240",
                         "20,%2030,250,240", ",20,30,250,240", "20,30,250,240,"):
                s.judge(path=f"{BOTH[0]}?crop={crop}").problem(422, "bad_value")
        with case("an option in the query of a JSON body is refused, not passed over"):
            s.post(BOTH[0] + "?crop=auto", {"image": b64(picture)}).problem(422, "bad_value", "crop")
        with case("a crop that is too small is refused as a picture or judged too small"):
            found = ask({"x": 100, "y": 100, "width": 8, "height": 8}).expect(200).json
            check_result(found, BOTH[0], accepted=False)
        for path in BOTH:
            with case(f"explain gives a heat map: {path}"):
                heat = judged(s.judge(path=path + "?explain=true"), path)["heat_map"]
                kind, _, data = heat.partition(";base64,")
                equal(kind, "data:image/jpeg")
                between(*(pictures.jpeg_size(base64.b64decode(data, validate=True))[0], 1, 448))
                equal(judged(s.post(path, {"image": b64(picture), "explain": True}), path)
                      ["heat_map"], heat, "the heat map by JSON")
                equal(judged(s.judge(path=path), path)["heat_map"], None)
        with case("explain: only true and false"):
            for value in ("true", 1, None, "yes"):
                s.post(BOTH[0], {"image": b64(picture), "explain": value}).problem(422, "bad_value")
            for value in ("1", "yes", "TRUE", ""):
                s.judge(path=f"{BOTH[0]}?explain={value}").problem(422, "bad_value")


@group
def several():
    texts = [b64(p) for p in pictures.all_good()]
    with Service(name="several pictures") as s:
        def ask(images, path=BOTH[0], **more):
            return s.post(path, {"images": images, **more})

        def results(answer, count, path=BOTH[0]):
            found = answer.expect(200).json
            equal(set(found), {"results", "model"} | FRAME, "members")
            equal(len(found["results"]), count)
            for one in found["results"]:
                if "error" not in one:
                    check_result(one, path, frame=False, accepted=one["accepted"])
            return found["results"]
        with case("images with one element are answered by a list"):
            results(ask(texts[:1]), 1)
        for path in BOTH:
            with case(f"16 images are answered as each alone, in order: {path}"):
                sixteen = [texts[i % len(texts)] for i in range(16)]
                alone = [judged(s.post(path, {"image": t}), path)["probabilities"] for t in texts]
                for i, one in enumerate(results(ask(sixteen, path), 16, path)):
                    for label, p in one["probabilities"].items():
                        between(p, alone[i % len(texts)][label] - 1e-4,
                                alone[i % len(texts)][label] + 1e-4, label)
        with case("17 images, none, and what is no list are refused"):
            ask(texts[:1] * 17).problem(422, "bad_value", "1 to 16")
            ask([]).problem(422, "bad_value", "1 to 16")
            ask(texts[0]).problem(422, "bad_value")
            ask({"a": texts[0]}).problem(422, "bad_value")
        with case("image and images together, or neither, are refused"):
            ask(texts[:1], image=texts[0]).problem(422, "bad_value")
            s.post(BOTH[0], {}).problem(422, "bad_value")
        with case("good and bad pictures in one call: each has its own answer"):
            mixed = [texts[0], "!!!!", texts[1], 5, b64(b"no picture"), b64(pictures.bomb()),
                     b64(pictures.blank()), {"image": texts[2], "crop": "auto"}, {"crop": "auto"},
                     {"image": texts[2], "colour": 1}, {"image": texts[2], "crop": "round"}, "",
                     {"image": texts[2], "crop": {"x": 0, "y": 0, "width": 999, "height": 9}}]
            expected = [None, "bad_base64", None, "bad_value", "picture_format", "picture_size",
                        None, None, "bad_value", "bad_value", "bad_value", "bad_value", "bad_value"]
            answer = ask(mixed)
            for i, (one, code) in enumerate(zip(results(answer, len(mixed)), expected)):
                equal(one.get("error", {}).get("code"), code, f"code of images[{i}]")
                if code:
                    equal(set(one), {"error"})
                    equal(one["error"]["request_id"], answer.headers["x-request-id"])
            equal([r.get("accepted") for r in answer.json["results"]][6], False, "the blank one")
        with case("all of them bad: 200 with an error each"):
            for one in ask(["!", "!!"]).expect(200).json["results"]:
                equal(one["error"]["code"], "bad_base64")
        with case("a crop of one's own goes before that of all"):
            box = {"x": 10, "y": 10, "width": 280, "height": 290}
            found = results(ask([texts[0], {"image": texts[0], "crop": box}], crop="auto"), 2)
            equal(found[1]["crop"], box)


@group
def multiparts():
    picture = good()
    form = "multipart/form-data; boundary=simple"
    with Service(name="multipart") as s:
        def ask(body, type=form, path=BOTH[0]):
            return s.post(path, body, type=type)
        with case("one part is one picture"):
            judged(ask(multipart(("image", picture))))
        with case("crop and explain are parts, or in the query"):
            found = judged(ask(multipart(("crop", b"5,6,200,210"), ("image", picture),
                                         ("explain", b"true"))))
            equal(found["crop"], {"x": 5, "y": 6, "width": 200, "height": 210})
            assert found["heat_map"]
            equal(judged(ask(multipart(("image", picture)), path=BOTH[0] + "?crop=5,6,200,210"))
                  ["crop"]["x"], 5)
        with case("an option that is in the query and a part too is refused"):
            for name, text in (("crop", b"auto"), ("explain", b"true")):
                ask(multipart(("image", picture), (name, text)),
                    path=f"{BOTH[0]}?{name}={text.decode()}").problem(422, "bad_value", name)
        with case("a misspelt or a second option is refused in every form that a picture comes in"):
            for path in BOTH:
                for query in ("?exlpain=true", "?crop=auto&crop=1,1,99,99"):
                    name = "exlpain" if "exl" in query else "crop"
                    s.judge(path=path + query).problem(422, "bad_value", f"'{name}'")
                    ask(multipart(("image", picture)), path=path + query).problem(
                        422, "bad_value", f"'{name}'")
                    s.post(path + query, {"image": b64(picture)}).problem(
                        422, "bad_value", f"'{name}'")
                ask(multipart(("image", picture), ("exlpain", b"true")), path=path).problem(
                    422, "bad_value", "'exlpain'")
                s.post(path, {"image": b64(picture), "exlpain": True}).problem(
                    422, "bad_value", "'exlpain'")
        with case("several parts are answered by a list, bad ones by errors"):
            found = ask(multipart(("image", picture), ("image", b"nonsense"), ("image", picture)))
            codes = [r.get("error", {}).get("code") for r in found.expect(200).json["results"]]
            equal(codes, [None, "picture_format", None])
        with case("16 parts and both options; 17 pictures are refused"):
            parts = [("image", picture)] * 16 + [("crop", b"auto"), ("explain", b"false")]
            equal(len(ask(multipart(*parts)).expect(200).json["results"]), 16)
            ask(multipart(*[("image", picture)] * 17)).problem(422, "bad_value", "16")
            ask(multipart(*[("image", picture)] * 30)).problem(422, "bad_value")
        head = b"Content-Disposition: form-data; "
        well = {
            "a quoted boundary": (multipart(("image", picture)),
                                  'multipart/form-data; boundary="simple"'),
            "a charset before the boundary": (multipart(("image", picture)),
                                              "multipart/form-data; charset=utf-8; boundary=simple"),
            "capitals": (multipart(b'CONTENT-DISPOSITION: form-data; NAME="image"\r\n\r\n'
                                   + picture), "Multipart/Form-Data; BOUNDARY=simple"),
            "a preamble and an epilogue": (b"see below\r\n" + multipart(("image", picture)) + b"bye",
                                           form),
            "a name without quotes": (multipart(head + b"name=image\r\n\r\n" + picture), form),
            "a file name with name= in it": (multipart(
                head + b'filename="x; name=\\"crop\\"; y"; name="image"\r\n\r\n' + picture), form),
            "other fields in the head": (multipart(
                b"Content-Type: image/jpeg\r\n" + head + b'name="image"\r\nX-A: b\r\n\r\n'
                + picture), form),
            "a boundary of 70 characters": (multipart(("image", picture), boundary="b" * 70),
                                            "multipart/form-data; boundary=" + "b" * 70),
        }
        for name, (body, type) in well.items():
            with case(f"multipart: {name}"):
                judged(ask(body, type))
        whole = multipart(("image", picture))
        broken = {
            "no boundary": (whole, "multipart/form-data"),
            "an empty boundary": (whole, "multipart/form-data; boundary="),
            "a boundary of 71 characters": (multipart(("image", picture), boundary="b" * 71),
                                            "multipart/form-data; boundary=" + "b" * 71),
            "another boundary": (whole, "multipart/form-data; boundary=other"),
            "an open quote": (whole, 'multipart/form-data; boundary="simple'),
            "cut in the picture": (whole[:len(whole) // 2], form),
            "cut before the end": (whole[:-8], form),
            "cut in the head": (whole[:30], form),
            "no name": (multipart(b"Content-Type: image/jpeg\r\n\r\n" + picture), form),
            "an empty name": (multipart(head + b'name=""\r\n\r\n' + picture), form),
            "a name with an open quote": (multipart(head + b'name="image\r\n\r\n' + picture), form),
            "a head without an end": (multipart(head + b'name="image"'), form),
            "a head of 8 KB": (multipart(head + b'name="image"; a="' + b"x" * 8192 + b'"\r\n\r\n'
                                         + picture), form),
            "an empty body": (b"", form),
            "text": (b"hello", form),
            "bare line feeds": (whole.replace(b"\r\n", b"\n"), form),
        }
        for name, (body, type) in broken.items():
            with case(f"multipart refused: {name}"):
                ask(body, type).problem(400, "bad_multipart")
        with case("multipart refused: another part, no picture, an empty picture, long options"):
            ask(multipart(("image", picture), ("file", b"x"))).problem(422, "bad_value", "file")
            ask(multipart(("image" + "x" * 300, picture))).expect(400)
            ask(multipart(("crop", b"auto"))).problem(422, "bad_value", "image")
            ask(multipart()).problem(422, "bad_value", "image")
            ask(multipart(("image", b""))).problem(422, "bad_value")
            ask(multipart(("image", picture), ("crop", b"a" * 500))).problem(422, "bad_value")
            ask(multipart(("image", picture), ("explain", b"maybe"))).problem(422, "bad_value")
        with case("multipart refused: an option twice, or with a NUL"):
            ask(multipart(("image", picture), ("crop", b"auto"), ("crop", b"1,1,30,30"))).problem(
                422, "bad_value", "crop")
            ask(multipart(("image", picture), ("crop", b"auto\0,"))).problem(422, "bad_value")


@group
def files():
    picture, png = good(), good(kind="png")
    with Service(name="files") as s:
        def refused(data, status, code, types=("image/jpeg",)):
            for type in types:
                s.judge(data, type=type).problem(status, code)
            s.post(BOTH[1], {"image": b64(data)}).problem(status, code)
        with case("GIF, BMP, WebP, TIFF, SVG, HEIC, text, JSON: 415 picture_format"):
            for data in (pictures.GIF, b"BM" + bytes(60), b"RIFF\x20\0\0\0WEBPVP8 " + bytes(40),
                         b"II*\0" + bytes(40), b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                         b"\0\0\0\x18ftypheic" + bytes(40), b"just text", b'{"a": 1}', b"\0",
                         b"\xff\xd8", b"\x89PNG"):
                refused(data, 415, "picture_format")
        with case("truncated JPEG and PNG at many places: 422 bad_picture, never 500"):
            for data in (picture, png):
                for share in (0.02, 0.1, 0.3, 0.5, 0.9):
                    answer = s.judge(data[:int(len(data) * share)])
                    answer.problem(422, "bad_picture")
        with case("damaged in the middle: a verdict or 422, never more"):
            for at in range(200, len(png) - 50, len(png) // 12):
                answer = s.judge(png[:at] + bytes([png[at] ^ 0x55]) + png[at + 1:])
                assert answer.status in (200, 422), answer
            for at in range(100, len(picture) - 50, len(picture) // 12):
                answer = s.judge(picture[:at] + b"\xff\xd9" + picture[at + 2:])
                assert answer.status in (200, 422), answer
        with case("pixel bombs: a 50-byte PNG of 100000x100000, JPEG of 65500x65500"):
            assert len(pictures.bomb()) < 80
            refused(pictures.bomb(), 422, "picture_size", ("image/png",))
            refused(pictures.bomb(2 ** 31 - 1, 2 ** 31 - 1), 422, "picture_size")
            big = bytearray(picture)
            at = big.find(b"\xff\xc0") if b"\xff\xc0" in big else big.find(b"\xff\xc2")
            big[at + 5:at + 9] = struct.pack(">HH", 65500, 65500)
            refused(bytes(big), 422, "picture_size")
        with case("sizes of nothing"):
            refused(pictures.png_head(0, 10) + pictures.chunk(b"IEND", b""), 422, "bad_picture")
        with case("a picture's type by its bytes, whatever Content-Type says"):
            judged(s.judge(png, type="image/jpeg"))
            judged(s.judge(picture, type="image/png"))
        with case("Content-Type: 415 for others, capitals and parameters are well"):
            for type in ("image/gif", "text/plain", "application/octet-stream", "image/*", "*/*",
                         "application/x-www-form-urlencoded", "image", "image/jpegx", None):
                s.judge(type=type).problem(415, "media_type", "image/png")
            judged(s.judge(type="IMAGE/JPEG; q=1"))
            judged(s.post(BOTH[0], {"image": b64(picture)}, type="Application/JSON;charset=utf-8"))
        with case("an empty raw body"):
            s.judge(b" ").problem(415, "picture_format")
            s.post(BOTH[0], b"", type="image/jpeg").problem(422, "bad_value")
        for orientation in range(1, 9):
            with case(f"EXIF orientation {orientation}: sizes are of the upright picture"):
                oblong = pictures.oblong()
                found = s.judge(pictures.with_exif(oblong, orientation)).expect(200).json
                width, height = pictures.jpeg_size(oblong)
                size = (width, height) if orientation < 5 else (height, width)
                equal((found["picture"]["width"], found["picture"]["height"]), size)
        with case("quality: what is too poor has no verdict, and is counted"):
            before = s.metric("refusals_total")
            for name, data in (("blank", pictures.blank()), ("noise", pictures.noise()),
                               ("tiny", pictures.png(20, 20, lambda x, y: (x * 9, y * 9, 99))),
                               ("text", pictures.text_like()),
                               ("dark", pictures.png(200, 200, lambda x, y: (1, 1, 1)))):
                for path in BOTH:
                    found = judged(s.judge(data, path, type="image/png"), path, accepted=False)
                    print(f"# {name}: {found['quality']['reason']}")
            equal(s.metric("refusals_total") - before, 10)
        with case("a refused picture has no heat map either"):
            found = judged(s.judge(pictures.blank(), BOTH[0] + "?explain=true"), accepted=False)
            equal(found["heat_map"], None)
        with case("one pixel, and one row"):
            for size in ((1, 1), (300, 1), (1, 300)):
                data = pictures.png(*size, lambda x, y: (120, 80, 60))
                judged(s.judge(data), accepted=False)


@group
def limits():
    with Service("--body-limit", "200000", "--picture-bytes", "60000", "--picture-pixels", "90000",
                 name="small limits") as s:
        with case("more bytes of a picture than allowed: 422 picture_size"):
            big = good("mel") + bytes(70000)
            s.judge(big).problem(422, "picture_size")
            s.post(BOTH[0], {"image": b64(big)}).problem(422, "picture_size")
        with case("more pixels than allowed: 422 picture_size"):
            s.judge(good()).problem(422, "picture_size")
        with case("smaller ones are judged"):
            s.judge(good(size=256)).expect(200)
        with case("more bytes of a body than allowed: 413"):
            s.judge(bytes(200001)).problem(413, "too_large", "200000")


if __name__ == "__main__":
    main()

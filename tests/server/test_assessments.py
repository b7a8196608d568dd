"""test_assessments.py - assessments: judged, kept, sealed, read again, erased, expired."""
import base64
import contextlib
import itertools
import os
import re
import sqlite3
import time

import pictures
from pictures import b64, good
from service import Service, at_once, until
from tap import between, case, contains, equal, group, main

ANSWERS = {"change": "no", "uneven": "no", "large": "no", "site": "other", "history": "no"}
REPLIES = {"change": ("no", "unsure", "yes"), "uneven": ("no", "unsure", "yes"),
           "large": ("no", "unsure", "yes"), "site": ("other", "face", "acral"),
           "history": ("no", "unsure", "yes")}
LEVELS = ("low", "watch", "high")
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){4}")
PATH = "/v1/assessments"
MEMBERS = {"accepted", "refusal", "level", "level_text", "by_picture", "points", "certainty",
           "reasons", "advice", "see_doctor_within_days", "recheck_days", "malignancy", "diagnosis",
           "letter", "reminder", "answers", "dermatoscope", "code", "created", "expires",
           "request_id", "milliseconds", "disclaimer"}


def request(**more):
    return {"image": b64(good()), "dermatoscope": True, "answers": ANSWERS, **more}


def assess(s, status=200, **more):
    found = s.post(PATH, request(**more)).expect(status).json
    equal(set(found), MEMBERS, "members")
    return found


def check_text(text):
    equal(set(text), {"zh-Hant", "en"})
    assert text["zh-Hant"] and text["en"]


@contextlib.contextmanager
def database(s):
    """The database of a service, for one transaction; closed at once, since the bytes of its file
    are looked at here too, which ends the locks of this process."""
    with contextlib.closing(sqlite3.connect(os.path.join(s.data, "skincnn.db"), timeout=10)) as db:
        with db:
            yield db


def rows(s, sql):
    with database(s) as db:
        return db.execute(sql).fetchall()


def stored_bytes(s):
    """All that the folder of the data holds."""
    found = b""
    for name in sorted(os.listdir(s.data)):
        with open(os.path.join(s.data, name), "rb") as file:
            found += file.read()
    return found


@group
def judging():
    with Service(name="assessments") as s:
        with case("an assessment has all members in their forms"):
            found = assess(s, explain=True, crop="auto", language="en")
            assert found["level"] in LEVELS and found["by_picture"] in LEVELS
            for text in [found["level_text"], found["letter"], found["disclaimer"],
                         *found["advice"], *[r["text"] for r in found["reasons"]]]:
                check_text(text)
            for task in ("malignancy", "diagnosis"):
                equal(found[task]["task"], task)
                contains(found[task]["heat_map"], "data:image/")
            contains(found["reminder"], "BEGIN:VCALENDAR\r\n")
            assert all(len(line.encode()) <= 75 for line in found["reminder"].split("\r\n"))
            equal(found["answers"], ANSWERS)
            equal((found["code"], found["expires"]), (None, None))
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["created"])
        with case("answers raise the level and never lower it: every answer alone, and pairs"):
            base = assess(s)
            for name, values in REPLIES.items():
                for value in values:
                    found = assess(s, answers={**ANSWERS, name: value})
                    equal(found["answers"][name], value)
                    equal(found["by_picture"], base["by_picture"])
                    assert LEVELS.index(found["level"]) >= LEVELS.index(base["level"]), found
                    assert found["points"] >= base["points"]
            for (a, x), (b, y) in itertools.combinations(
                    [("change", "yes"), ("uneven", "yes"), ("large", "yes"), ("site", "acral"),
                     ("history", "yes")], 2):
                found = assess(s, answers={**ANSWERS, a: x, b: y})
                assert LEVELS.index(found["level"]) >= LEVELS.index(base["level"])
            found = assess(s, answers={n: v[2] for n, v in REPLIES.items()})
            equal(found["level"], "high")
            between(found["see_doctor_within_days"], 1, 14)
        with case("without a dermatoscope the certainty is lower, and low is no 'benign'"):
            equal(assess(s)["certainty"], "usual")
            found = assess(s, dermatoscope=False)
            equal(found["certainty"], "lower")
            contains(str(found["advice"]), "dermatoscope")
        with case("language is that of the reminder"):
            english, chinese = assess(s, language="en"), assess(s, language="zh-Hant")
            def summary(found):
                return re.search("SUMMARY.*", found["reminder"])[0]
            assert summary(english) != summary(chinese)
            equal(summary(assess(s)), summary(chinese))
        with case("a refused picture: no level, nothing kept, 200"):
            found = s.post(PATH, request(image=b64(pictures.blank()), keep=True)).expect(200).json
            equal(set(found), MEMBERS)
            equal(found["accepted"], False)
            check_text(found["refusal"]["text"])
            for name in ("level", "level_text", "by_picture", "points", "certainty", "reasons",
                         "advice", "see_doctor_within_days", "recheck_days", "letter", "reminder",
                         "code", "expires"):
                equal(found[name], None, name)
        for name in ANSWERS:
            with case(f"answers.{name}: missing, unknown, another type: 422 that names it"):
                missing = {k: v for k, v in ANSWERS.items() if k != name}
                for answers in (missing, *[{**ANSWERS, name: v} for v in
                                           ("maybe", "YES", "", None, 1, True, [], "acral" * 50,
                                            "face" if name != "site" else "yes", "名")]):
                    s.post(PATH, request(answers=answers)).problem(422, "bad_value", name)
        wrong = {
            "answers missing": ({"answers": None}, "answers"),
            "answers as a list": ({"answers": ["no"] * 5}, "answers"),
            "a sixth answer": ({"answers": {**ANSWERS, "age": "50"}}, "answers"),
            "dermatoscope as a text": ({"dermatoscope": "true"}, "dermatoscope"),
            "dermatoscope null": ({"dermatoscope": None}, "dermatoscope"),
            "keep as a number": ({"keep": 1}, "keep"),
            "another language": ({"language": "de"}, "language"),
            "language in capitals": ({"language": "EN"}, "language"),
            "language null": ({"language": None}, "language"),
            "a code without keep": ({"code": "00000-00000-00000-00000-00000"}, "code"),
            "an unknown member": ({"answer": {}}, "answer"),
            "a wrong crop": ({"crop": "round"}, "crop"),
            "no image": ({"image": ""}, "image"),
        }
        for name, (more, detail) in wrong.items():
            with case(f"refused: {name}"):
                s.post(PATH, request(**more)).problem(422, "bad_value", detail)
        with case("refused: several pictures, no dermatoscope, another type of body"):
            body = request()
            body["images"] = [body.pop("image")]
            s.post(PATH, body).problem(422, "bad_value")
            body = request()
            del body["dermatoscope"]
            s.post(PATH, body).problem(422, "bad_value", "dermatoscope")
            s.post(PATH, good(), type="image/jpeg").problem(415, "media_type")
        with case("bad pictures have the codes that they have elsewhere"):
            s.post(PATH, request(image="!")).problem(400, "bad_base64")
            s.post(PATH, request(image=b64(pictures.GIF))).problem(415, "picture_format")
            s.post(PATH, request(image=b64(pictures.bomb()))).problem(422, "picture_size")
        with case("nothing of all this is in the database"):
            equal(rows(s, "SELECT count(*) FROM spot"), [(0,)])
            equal(rows(s, "SELECT count(*) FROM record"), [(0,)])


# How the pictures that are kept begin: fewer bytes might be there by chance.
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def check_secrets(stored, picture, code):
    """No byte of picture, answers or code can be read in what is stored."""
    for secret in (code.encode(), code.replace("-", "").encode(), code.lower().encode(),
                   b"acral", b"VCALENDAR", b"data:image", b"malignan", b'"answers"', JPEG_HEAD,
                   picture[:10], b"GPS-SECRET", picture[200:232], b64(picture)[400:432].encode()):
        assert secret not in stored, f"{secret!r} can be read in the database"


@group
def keeping():
    private = pictures.with_exif(good(), 1)
    with Service(name="kept assessments") as s:
        asked = dict(image=b64(private), keep=True, answers={**ANSWERS, "site": "acral"},
                     explain=True)
        first = assess(s, 201, **asked)
        code = first["code"]
        path = f"{PATH}/{code}"
        with case("201 with a code, and an end after retention-days"):
            assert CODE.fullmatch(code), code
            contains(first["expires"], "20")
            day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 180 * 86400))
            equal(first["expires"][:10], day)
        with case("codes differ"):
            codes = [assess(s, 201, keep=True)["code"] for _ in range(5)]
            equal(len(set(codes)), 5)
        with case("GET gives the answer again, with a picture without metadata"):
            found = s.get(path).expect(200).json
            assert {"code", "expires", "assessments"} <= set(found)
            equal(found["code"], code)
            equal(len(found["assessments"]), 1)
            record = found["assessments"][0]
            for name in MEMBERS - {"request_id", "milliseconds", "disclaimer", "code", "expires"}:
                equal(record[name], first[name], name)
            kind, data = record["picture"].split(";base64,")
            equal(kind, "data:image/jpeg")
            picture = base64.b64decode(data)
            equal(pictures.jpeg_size(picture), (320, 320))
            equal(picture[:10], JPEG_HEAD)
            assert b"Exif" not in picture and b"GPS-SECRET" not in picture
        with case("the database and its log hold nothing that can be read"):
            check_secrets(stored_bytes(s), private, code)
            equal(rows(s, "SELECT count(*) FROM record"), [(6,)])
        with case("only the owner can read the database"):
            equal(os.stat(os.path.join(s.data, "skincnn.db")).st_mode & 0o77, 0)
        with case("a second picture joins the spot, oldest first"):
            second = assess(s, 201, keep=True, code=code, crop="auto", image=b64(good("mel")))
            equal(second["code"], code)
            found = s.get(path).expect(200).json["assessments"]
            equal(len(found), 2)
            equal(found[0]["created"] <= found[1]["created"], True)
            equal(found[0]["answers"]["site"], "acral")
        with case("a code in small letters, with spaces, O for 0, I and L for 1, without dashes"):
            plain = code.replace("-", "")
            for form in (code.lower(), plain, "%20".join(code.split("-")),
                         code.replace("0", "O").replace("1", "I"),
                         plain.lower().replace("0", "o").replace("1", "l"), "-" + code + "-"):
                equal(len(s.get(f"{PATH}/{form}").expect(200).json["assessments"]), 2, form)
            equal(assess(s, 201, keep=True, code=" " + plain.lower() + " ")["code"], code)
        wrong = ["x", "0" * 25, "00000-00000-00000-00000-00000", code[:-1], code + "0",
                 code[:-1] + ("0" if code[-1] != "0" else "2"), "U" * 25, "%C3%A9" * 5, "%20", "-",
                 "a" * 2000, "*" * 25, "'%20OR%201=1--", "null"]
        with case("404 for wrong codes, all in the same words"):
            said = {(a.status, a.json["detail"], a.json["code"]) for a in
                    [s.request(m, f"{PATH}/{w}") for w in wrong for m in ("GET", "DELETE")]}
            equal(said, {(404, "nothing is kept under this code", "not_found")})
            for w in (*wrong[:7], 5, ["a"], True, "", {}):
                answer = s.post(PATH, request(keep=True, code=w)).problem(404, "not_found")
                equal(answer.json["detail"], "nothing is kept under this code")
        with case("DELETE erases everything of the spot, and no other"):
            before = rows(s, "SELECT count(*) FROM record")[0][0]
            sealed = [r[0] for r in rows(s, "SELECT sealed FROM record")]
            answer = s.request("DELETE", path).expect(204)
            equal(answer.body, b"")
            equal(rows(s, "SELECT count(*) FROM record")[0][0], before - 3)
            s.get(path).problem(404, "not_found")
            s.request("DELETE", path).problem(404, "not_found")
            s.post(PATH, request(keep=True, code=code)).problem(404, "not_found")
            for other in codes:
                s.get(f"{PATH}/{other}").expect(200)
        with case("what was erased is gone from the file and its log, sealed as it was"):
            stored = stored_bytes(s)
            left = [r[0] for r in rows(s, "SELECT sealed FROM record")]
            gone = [r for r in sealed if r not in left]
            equal(len(gone), 3)
            for record in gone:
                for at in range(0, len(record) - 64, 400):
                    assert record[at:at + 64] not in stored, "an erased record is still there"
        with case("HEAD of a spot, and a body where none belongs"):
            equal(s.request("HEAD", f"{PATH}/{codes[0]}").body, b"")
            s.request("DELETE", f"{PATH}/{codes[0]}", b"{}").problem(413, "too_large")
        with case("what is kept survives a restart"):
            s.stop()
            s.start()
            equal(len(s.get(f"{PATH}/{codes[0]}").expect(200).json["assessments"]), 1)
        with case("8 clients at once keep, read and erase their own"):
            def life(i):
                mine = assess(s, 201, keep=True)["code"]
                assess(s, 201, keep=True, code=mine)
                equal(len(s.get(f"{PATH}/{mine}").expect(200).json["assessments"]), 2)
                s.request("DELETE", f"{PATH}/{mine}").expect(204)
                return s.get(f"{PATH}/{mine}").status
            equal(at_once(8, life), [404] * 8)
        with case("of one spot 100 pictures are kept; the 101st is refused"):
            mine = assess(s, 201, keep=True)["code"]
            with database(s) as db:
                db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                           "i < 99) INSERT INTO record (spot, created, sealed) SELECT spot, "
                           "created, sealed FROM record, n WHERE record.id = "
                           "(SELECT max(id) FROM record)")
            s.post(PATH, request(keep=True, code=mine)).problem(422, "bad_value", "100")
            equal(len(s.get(f"{PATH}/{mine}").expect(200).json["assessments"]), 100)
        with case("a record that somebody has changed is not given out"):
            mine = assess(s, 201, keep=True)["code"]
            with database(s) as db:
                db.execute("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE id = "
                           "(SELECT max(id) FROM record)")
            between(s.get(f"{PATH}/{mine}").status, 500, 503)
        with case("the log holds no codes, answers or pictures, and only the pattern of the path"):
            log = s.log()
            for secret in (code, code.lower(), code.replace("-", ""), *codes, "acral", "data:image",
                           b64(private)[100:140], "history"):
                assert secret not in log, f"{secret!r} is in the log"
            contains(log, "/v1/assessments/{code}")


@group
def retention():
    with Service("--retention-days", "2", name="retention") as s:
        kept = [assess(s, 201, keep=True) for _ in range(2)]
        codes = [k["code"] for k in kept]
        with case("the end is as many days away as configured"):
            day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86400))
            equal(kept[0]["expires"][:10], day)
        with case("a new picture puts the end of its spot off"):
            with database(s) as db:
                db.execute("UPDATE spot SET expires = expires - 86400")
            soon = s.get(f"{PATH}/{codes[1]}").expect(200).json["expires"]
            assess(s, 201, keep=True, code=codes[1])
            assert s.get(f"{PATH}/{codes[1]}").expect(200).json["expires"] > soon
        with case("what is over is 404 at once, also for a second picture and DELETE of the code"):
            with database(s) as db:
                db.execute("UPDATE spot SET expires = ? WHERE id = (SELECT min(id) FROM spot)",
                           (int(time.time()) - 1,))
            s.get(f"{PATH}/{codes[0]}").problem(404, "not_found")
            s.post(PATH, request(keep=True, code=codes[0])).problem(404, "not_found")
        with case("and erased from the file when the service next looks"):
            s.stop()
            s.start()
            until(lambda: rows(s, "SELECT count(*) FROM spot") == [(1,)], what="expiry")
            equal(rows(s, "SELECT count(DISTINCT spot) FROM record"), [(1,)])
            s.get(f"{PATH}/{codes[1]}").expect(200)
            equal([e["erased"] for e in s.events("spots expired")], [1])
    with Service("--no-keep", name="no keep") as s:
        with case("a service that keeps nothing says so"):
            s.post(PATH, request(keep=True)).problem(422, "bad_value", "keep")
            assess(s)
            equal(rows(s, "SELECT count(*) FROM spot"), [(0,)])


if __name__ == "__main__":
    main()

"""test_keys.py - who may call and how often: keys, admin, rates, quotas, addresses and proxies."""
import json
import sqlite3
import time
from contextlib import closing

from service import Service, tool, until
from tap import SLOW, between, case, contains, equal, group, main


def bearer(key):
    return {"Authorization": "Bearer " + key}


def revoke(s, key):
    listed, _ = tool("skincnn-admin", "key-list", "--data", s.data, "--json")
    for line in listed.splitlines():
        found = json.loads(line)
        if key.startswith(found["shown"]):
            tool("skincnn-admin", "key-revoke", "--data", s.data, str(found["id"]))


@group
def keys():
    with Service(name="keys") as s:
        key, admin = s.key(), s.key("--admin")
        with case("a new key works at once, without a restart, in each form"):
            for headers in (bearer(key), {"X-API-Key": key}, {"Authorization": "bearer   " + key},
                            {"Authorization": key}):
                s.judge(headers=headers).expect(200)
        with case("401 key_unknown for wrong keys, also where none is needed"):
            for text in ("x", "skc_", key[:-1], key + "x", key.upper(), "skc_" + "A" * 43, "A" * 5000,
                         "' OR 1=1 --", "é".encode().decode("latin-1")):
                for path in ("/v1/malignancy", "/v2/models/malignancy/infer"):
                    answer = s.judge(path=path, headers=bearer(text),
                                     type="image/jpeg" if "v1" in path else "application/json")
                    answer.problem(401, "key_unknown")
                    equal(answer.headers["www-authenticate"], "Bearer")
            s.get("/v1/labels", bearer("x")).problem(401, "key_unknown")
        with case("Basic and empty credentials are no key"):
            for value in ("Basic YTpi", "Bearer ", "Bearer", "Digest x"):
                answer = s.judge(headers={"Authorization": value})
                assert answer.status == 401, answer
        with case("two ways at once: the Authorization counts"):
            s.judge(headers={**bearer("x"), "X-API-Key": key}).expect(401)
        with case("admin routes: 401 without a key, 403 with a plain one, 200 with an admin's"):
            for path in ("/v1/models/reload", "/v1/models/rollback"):
                s.post(path, b"", type=None).problem(401, "key_required")
                s.post(path, b"", bearer(key), type=None).problem(403, "forbidden")
                s.post(path, b"", bearer("skc_x"), type=None).problem(401, "key_unknown")
                s.post(path, b"", bearer(admin), type=None).expect(200)
        with case("a revoked key is refused within 2 s, without a restart"):
            s.judge(headers=bearer(key)).expect(200)
            revoke(s, key)
            begin = time.monotonic()
            until(lambda: s.judge(headers=bearer(key)).status == 401, 5, "the refusal")
            between(time.monotonic() - begin, 0, 2 * SLOW, "seconds")
            s.judge(headers=bearer(key)).problem(401, "key_unknown")
        with case("a revoked admin may do nothing more"):
            revoke(s, admin)
            until(lambda: s.post("/v1/models/reload", b"", bearer(admin), type=None).status == 401)
        with case("database and log hold no key, only the first letters"):
            with closing(sqlite3.connect(s.data + "/skincnn.db")) as db:
                stored = "\n".join(db.iterdump())
            for text in (stored, s.log()):
                assert key not in text and admin not in text and key[14:] not in text
        with case("the log names the key by its number"):
            assert any(e["key"] > 0 for e in s.events("request"))
    with Service("--no-anonymous", name="no anonymous callers") as s:
        key = s.key()
        with case("without a key: 401 key_required; with one: 200"):
            for path in ("/v1/malignancy", "/v1/diagnosis"):
                answer = s.judge(path=path).problem(401, "key_required")
                equal(answer.headers["www-authenticate"], "Bearer")
                s.judge(path=path, headers=bearer(key)).expect(200)
            s.post("/v1/assessments", {}).problem(401, "key_required")
            s.get("/v1/assessments/AAAAA").problem(401, "key_required")
            s.get("/v1/assessments/AAAAA", bearer(key)).problem(404, "not_found")
        with case("what is public stays so"):
            for path in ("/", "/v1/labels", "/v1/questions", "/healthz", "/readyz", "/v2"):
                s.get(path).expect(200)


@group
def rates():
    with Service("--anonymous-rate", "60", "--anonymous-burst", "3", free=False,
                 name="rates") as s:
        with case("429 rate_limited over the burst, with a Retry-After that is true"):
            statuses = [s.judge(b"x").status for _ in range(3)]
            equal(statuses, [415] * 3)
            answer = s.judge(b"x").problem(429, "rate_limited")
            wait = int(answer.headers["retry-after"])
            between(wait, 1, 2, "Retry-After")
            time.sleep(wait)
            equal(s.judge(b"x").status, 415)
        with case("addresses are counted apart"):
            for last in range(2, 6):
                equal([s.judge(b"x", source=f"127.0.0.{last}").status for _ in range(4)],
                      [415, 415, 415, 429])
        with case("what does not cost much is not counted"):
            for _ in range(10):
                s.get("/v1/labels").expect(200)
                s.get("/healthz").expect(200)
        with case("X-Forwarded-For from anybody is not believed"):
            equal([s.judge(b"x", source="127.0.0.9", headers={"X-Forwarded-For": f"10.0.0.{i}"})
                   .status for i in range(5)], [415, 415, 415, 429, 429])
        with case("a key has a rate of its own, apart from the address"):
            key = bearer(s.key("--rate", "8"))
            other = bearer(s.key("--rate", "8"))
            statuses = [s.judge(b"x", headers=key).status for _ in range(5)]
            equal(statuses, [415, 415, 415, 429, 429])  # 8 / 4 + 1 at once
            wait = int(s.judge(b"x", headers=key).problem(429, "rate_limited")
                       .headers["retry-after"])
            between(wait, 5, 8, "Retry-After")
            equal(s.judge(b"x", headers=other).status, 415)
        with case("a request that is refused for its rate is not decoded"):
            before = s.metric("decoder_pictures_total") + s.metric("decoder_refused_total")
            s.judge(headers=key).problem(429, "rate_limited")
            equal(s.metric("decoder_pictures_total") + s.metric("decoder_refused_total"), before)
    with Service("--anonymous-quota", "4", name="quotas") as s:
        with case("429 quota_exceeded of a key, until the day is over"):
            key = bearer(s.key("--quota", "3"))
            equal([s.judge(b"x", headers=key).status for _ in range(3)], [415] * 3)
            answer = s.judge(b"x", headers=key).problem(429, "quota_exceeded", "3")
            left = 86400 - time.time() % 86400
            between(int(answer.headers["retry-after"]), left - 60, left + 60, "Retry-After")
        with case("a quota is remembered over a restart"):
            time.sleep(1.5)  # what was used is written every second
            s.stop()
            s.start()
            s.judge(b"x", headers=key).problem(429, "quota_exceeded")
        with case("a quota of an address"):
            statuses = [s.judge(b"x", source="127.0.0.7").status for _ in range(6)]
            equal(statuses, [415] * 4 + [429] * 2)
            s.judge(b"x", source="127.0.0.7").problem(429, "quota_exceeded")
            equal(s.judge(b"x", source="127.0.0.8").status, 415)


@group
def proxies():
    with Service("--trusted-proxies", "127.0.0.2,127.0.1.0/24,::1", "--anonymous-burst", "2",
                 "--anonymous-rate", "1", free=False, name="proxies") as s:
        def statuses(forwarded, source="127.0.0.2", count=3, **more):
            return [s.judge(b"x", source=source, headers={"X-Forwarded-For": forwarded, **more})
                    .status for _ in range(count)]
        limited = [415, 415, 429]
        with case("behind a trusted proxy callers are counted by the address that it names"):
            equal(statuses("192.0.2.1"), limited)
            equal(statuses("192.0.2.2"), limited)
            equal(statuses("192.0.2.1, 192.0.2.3"), limited, "the last one counts")
            equal(statuses("192.0.2.9, 192.0.2.3")[0], 429, "whatever stands before it")
        with case("through several proxies: the last address that is no proxy"):
            equal(statuses("192.0.2.4, 127.0.1.7, 127.0.0.2"), limited)
            equal(statuses("192.0.2.4", source="127.0.1.9")[0], 429)
            equal(statuses("192.0.2.4", source="127.0.1.9", count=1), [429])
        with case("an untrusted one is counted itself, whatever it names"):
            equal([s.judge(b"x", source="127.0.0.5", headers={"X-Forwarded-For": f"192.0.2.{i}"})
                   .status for i in range(50, 54)], [415, 415, 429, 429])
        with case("IPv6: one caller has a network of 64 bits"):
            equal([s.judge(b"x", source="127.0.0.2",
                           headers={"X-Forwarded-For": f"2001:db8::{i}"}).status
                   for i in range(1, 4)], limited)
            equal(statuses("2001:db8:0:1::1", count=1), [415])
            equal(statuses("[2001:db8:0:2::1]:443", count=1), [415])
        with case("rubbish in X-Forwarded-For counts for the proxy, and harms nobody"):
            for text in ("unknown", "_hidden", ",", "a" * 2000, "1.2.3", "1.2.3.4.5", "%", "::ffff:"):
                equal(statuses(text, count=1, source="127.0.1.20") in ([415], [429]), True)


if __name__ == "__main__":
    main()

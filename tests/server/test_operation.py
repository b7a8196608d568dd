"""test_operation.py - running it: metrics, readiness, reload and roll-back, ending, overload, decoders."""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import zlib

import pictures
from pictures import b64, good
from service import WEIGHTS, Service, alive, at_once, descendants, until
from tap import SLOW, Skip, between, case, contains, equal, group, main


class Load:
    """Clients that ask without a pause until they are told to end; what they got is counted."""

    def __init__(self, s, clients=4, ask=None):
        self.s, self.ended = s, threading.Event()
        self.statuses, self.errors, self.versions = {}, [], set()
        self.ask = ask or (lambda: s.judge())
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def run(self):
        while not self.ended.is_set():
            begin = time.monotonic()
            try:
                answer = self.ask()
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                if answer.status == 200:
                    self.versions.add(answer.json["model"]["sha256"])
            except Exception as error:  # looked at by the case
                self.errors.append((begin, repr(error)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(60 * SLOW)

    def total(self):
        return sum(self.statuses.values())

    def more(self, count=8):
        """Waits for some more answers."""
        target = self.total() + count
        until(lambda: self.total() >= target or self.errors, 30, "an answer")

    def check(self, only=(200,)):
        equal(self.errors, [], "errors of clients")
        assert set(self.statuses) <= set(only), self.statuses
        assert self.total() > 0, "nothing was answered"


def admin_of(s):
    return {"Authorization": "Bearer " + s.key("--admin")}


class Models:
    """A folder of models that a case may change."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="skincnn-models-")
        for name in ("malignancy", "diagnosis"):
            shutil.copy(os.path.join(WEIGHTS, name + ".safetensors"), self.folder)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name + ".safetensors")

    def replace(self, name, data):
        with open(self.path(name) + ".new", "wb") as file:
            file.write(data)
        os.replace(self.path(name) + ".new", self.path(name))

    def other(self, name="malignancy"):
        """The same network with other bytes: one weight is changed in its last bit, and the sum
        over its tensor with it."""
        with open(self.path(name), "rb") as file:
            data = bytearray(file.read())
        end = 8 + struct.unpack("<Q", data[:8])[0]
        head = json.loads(data[8:end])
        sums = json.loads(head["__metadata__"]["crc32"])
        tensor = next(iter(sums))
        first, last = (end + at for at in head[tensor]["data_offsets"])
        data[first] ^= 1
        new = b"%08x" % zlib.crc32(data[first:last])
        data[8:end] = data[8:end].replace(sums[tensor].encode(), new)
        self.replace(name, bytes(data))


@group
def metrics():
    with Service(name="metrics") as s:
        with case("requests are counted by route and status"):
            route = {"route": "/v1/malignancy", "method": "POST"}
            before = {n: s.metric("http_requests_total", status=n, **route) for n in ("200", "415")}
            for _ in range(3):
                s.judge().expect(200)
            s.judge(b"x").expect(415)
            equal(s.metric("http_requests_total", status="200", **route) - before["200"], 3)
            equal(s.metric("http_requests_total", status="415", **route) - before["415"], 1)
            equal(s.metric("http_request_seconds_count", **route), 4)
            between(s.metric("http_request_seconds_sum", **route), 1e-5, 100)
        with case("a path is counted by its pattern: no code is in the metrics"):
            s.get("/v1/assessments/SECRETCODE")
            s.get("/nowhere/SECRETPATH")
            text = s.get("/metrics").body.decode()
            assert "SECRET" not in text
            equal(s.metric("http_requests_total", route="/v1/assessments/{code}"), 1)
        with case("pictures, decoders, batches and bytes are counted"):
            pictures_before = s.metric("decoder_pictures_total")
            batches = s.metric("batch_pictures_sum", task="diagnosis")
            received = s.metric("http_received_bytes_total")
            s.post("/v1/diagnosis", {"images": [b64(good())] * 5}).expect(200)
            equal(s.metric("decoder_pictures_total") - pictures_before, 5)
            equal(s.metric("batch_pictures_sum", task="diagnosis") - batches, 5)
            between(s.metric("http_received_bytes_total") - received, 5 * len(good()),
                    10 * len(good()))
            refused = s.metric("decoder_refused_total")
            s.judge(good()[:500])
            equal(s.metric("decoder_refused_total") - refused, 1)
            s.judge(pictures.blank())
            equal(s.metric("refusals_total", reason="blank"), 1)
        with case("models are named with version and SHA-256"):
            found = s.get("/v1/models").json["current"]
            for task in ("malignancy", "diagnosis"):
                equal(s.metric("model_info", task=task, sha256=found[task]["sha256"],
                               version=found[task]["version"]), 1)
        with case("gauges: memory, connections, nothing waiting"):
            between(s.metric("resident_bytes"), 0.5 * s.resident(), 1.5 * s.resident())
            equal((s.metric("http_waiting"), s.metric("queue_pictures")), (0, 0))
            equal(s.metric("http_running"), 1)  # the request for the metrics
            with s.connect(), s.connect():
                until(lambda: s.metric("http_connections") == 3, what="3 connections")
        with case("promtool check metrics finds nothing"):
            tool = shutil.which("promtool")
            if not tool:
                raise Skip("no promtool (Debian: prometheus)")
            done = subprocess.run([tool, "check", "metrics"], input=s.get("/metrics").body,
                                  capture_output=True, timeout=60, check=False)
            equal((done.returncode, done.stdout + done.stderr), (0, b""))
        with case("Prometheus's own parser for Python reads every family, each once"):
            try:
                from prometheus_client.parser import text_string_to_metric_families as families
            except ImportError:
                raise Skip("no python3-prometheus-client") from None
            names = [f.name for f in families(s.get("/metrics").body.decode())]
            equal(len(names), len(set(names)))
            assert len(names) > 10, names
        with case("histograms: buckets grow, and +Inf is the count"):
            text = s.get("/metrics").body.decode()
            for series in set(re.findall(r'^(\w+)_bucket\{(.*?),?le="\+Inf"\}', text, re.M)):
                values = [float(v) for v in re.findall(
                    rf'^{series[0]}_bucket{{{re.escape(series[1])},?le="[^"]*"}} (\S+)$', text, re.M)]
                equal(values, sorted(values), "buckets")
                count = re.search(rf"^{series[0]}_count{{{re.escape(series[1])}}} (\S+)$", text, re.M)
                equal(values[-1], float(count[1]))


@group
def reload():
    with Models() as models, Service("--models", models.folder, name="reload") as s:
        admin = admin_of(s)

        def current():
            return s.get("/v1/models").expect(200).json["current"]["malignancy"]["sha256"]

        def ask(what, headers=admin):
            return s.post("/v1/models/" + what, b"", headers, type=None, timeout=60)
        first = current()
        with case("roll-back without models from before: 404"):
            ask("rollback").problem(404, "not_found")
        with case("reload and roll-back by API while requests run: none is dropped"):
            with Load(s) as load:
                load.more()
                models.other()
                ask("reload").expect(200)
                second = current()
                assert second != first
                load.more()
                equal(ask("rollback").expect(200).json["current"]["malignancy"]["sha256"], first)
                load.more()
                ask("rollback").expect(200)
                load.more()
            load.check()
            equal(load.versions, {first, second}, "models that answered")
            equal(current(), second)
            equal(s.metric("model_changes_total"), 3)
        with case("SIGHUP while requests run: none is dropped"):
            with Load(s) as load:
                for _ in range(2):
                    load.more()
                    models.other("diagnosis")
                    models.other()
                    before, count = current(), s.metric("model_changes_total")
                    s.signal(signal.SIGHUP)
                    until(lambda: s.metric("model_changes_total") > count, 30, "the reload")
                    del before
                    load.more()
            load.check()
        with open(models.path("malignancy"), "rb") as file:
            good_file = file.read()
        broken = {"cut": good_file[:50000], "empty": b"", "text": b"hello " * 100,
                  "of the other task": open(models.path("diagnosis"), "rb").read()}
        for name, data in broken.items():
            with case(f"a file that is {name}: the old models stay, by API and by SIGHUP"):
                models.replace("malignancy", data)
                before = s.get("/v1/models").json
                answer = ask("reload").problem(422, "bad_value", "stay")
                assert models.folder not in answer.body.decode(), "a path is shown to callers"
                errors = len(s.events("models not reloaded"))
                s.signal(signal.SIGHUP)
                until(lambda: len(s.events("models not reloaded")) > errors, 20, "the message")
                equal(s.get("/v1/models").json, before)
                s.judge().expect(200)
        with case("a file that is missing: the old models stay"):
            os.remove(models.path("malignancy"))
            ask("reload").problem(422, "bad_value")
            s.judge().expect(200)
        with case("whole again: reloaded"):
            models.replace("malignancy", good_file)
            ask("reload").expect(200)
        with case("4 reloads at once"):
            for answer in at_once(4, lambda i: ask("reload").status):
                equal(answer, 200)
            s.judge().expect(200)


@group
def ending():
    with case("SIGTERM while requests run: all under way are answered, then it ends"):
        with Service(name="ending under load") as s:
            with Load(s, ask=lambda: s.post("/v1/diagnosis", {"images": [b64(good())] * 6})) as load:
                load.more(4)
                end = time.monotonic()
                s.stop()
                load.ended.set()
            # one that had only just begun may not have been taken yet
            equal([e for begin, e in load.errors if begin < end - 0.1], [], "dropped requests")
            assert set(load.statuses) <= {200, 503}, load.statuses
            s.check_log()
    with Service("--linger-seconds", "3", name="lingering") as s:
        with case("told to end it lingers: /readyz says 503 loading, requests are answered"):
            s.get("/readyz").expect(200)
            begin = time.monotonic()
            s.signal(signal.SIGTERM)
            until(lambda: s.get("/readyz").status == 503, 3, "503 of /readyz")
            s.get("/readyz").problem(503, "loading")
            answer = s.get("/v2/health/ready").expect(503)
            s.get("/healthz").expect(200)
            s.get("/v2/health/live").expect(200)
            s.judge().expect(200)
            s.wait()
            between(time.monotonic() - begin, 2.5, 6 * SLOW, "seconds")
            assert answer
            equal(len(s.events("ended")), 1)
    with Service("--linger-seconds", "60", name="two signals") as s:
        with case("a second signal cuts the lingering short"):
            s.signal(signal.SIGTERM)
            until(lambda: s.get("/readyz").status == 503, 3, "503 of /readyz")
            s.signal(signal.SIGTERM)
            s.wait(10)
    with Service("--drain-seconds", "1", "--request-seconds", "30", name="a client in the way") as s:
        with case("a client that never ends its request holds the end up for drain-seconds only"):
            with s.connect() as c:
                c.sendall(b"POST /v1/malignancy HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                          b"Content-Length: 1000\r\n\r\nabc")
                time.sleep(0.2)
                begin = time.monotonic()
                s.stop()
                between(time.monotonic() - begin, 0.5, 5 * SLOW, "seconds")
    with Service(name="SIGINT") as s:
        with case("SIGINT ends it too; idle connections do not hold that up"):
            idle = [s.connect() for _ in range(20)]
            begin = time.monotonic()
            s.signal(signal.SIGINT)
            s.wait()
            between(time.monotonic() - begin, 0, 3 * SLOW, "seconds")
            for c in idle:
                c.close()
    with Service(name="no children left") as s:
        with case("its children end with it, also when it is killed"):
            parent = s.process.pid
            found = descendants(parent)
            assert len(found) >= 3, found
            s.kill()
            until(lambda: not [p for p in found if os.path.exists(f"/proc/{p}/fd/0") or
                               alive(p)], 10, "the end of the children")


@group
def overload():
    with Service("--workers", "1", "--queue", "1", "--threads", "1", name="a short queue") as s:
        with case("a full queue: 503 busy with Retry-After, and afterwards all is well"):
            body = {"images": [b64(good(size=640))] * 16}
            answers = at_once(12, lambda i: s.post("/v1/diagnosis", body, timeout=60))
            statuses = sorted(a.status for a in answers)
            assert set(statuses) == {200, 503}, statuses
            for answer in answers:
                if answer.status == 503:
                    answer.problem(503, "busy")
            s.judge().expect(200)
            equal(s.metric("http_waiting"), 0)
            equal(s.metric("http_body_bytes"), 0)
        with case("probes of life are answered while it is full"):
            with Load(s, 6, lambda: s.post("/v1/diagnosis", body, timeout=60)) as load:
                until(lambda: load.statuses.get(503), 20, "503")
                for _ in range(20):
                    begin = time.monotonic()
                    s.get("/healthz").expect(200)
                    between(time.monotonic() - begin, 0, 1 * SLOW)
            load.check((200, 503))
    with Service("--deadline-seconds", "1", "--workers", "1", "--threads", "1",
                 name="deadlines") as s:
        with case("over the deadline: 503 overdue, soon, and dropped"):
            body = {"images": [b64(good(size=640))] * 16, "explain": True}
            begin = time.monotonic()
            answers = at_once(10, lambda i: s.post("/v1/diagnosis", body, timeout=60))
            seconds = time.monotonic() - begin
            overdue = [a for a in answers if a.status == 503]
            assert overdue, [a.status for a in answers]
            for answer in overdue:
                answer.problem(503, "overdue")
            between(seconds, 0, 8 * SLOW, "seconds for all")
            until(lambda: s.metric("http_running") == 1, 10, "the end of the work")
            s.judge().expect(200)
    with Service("--body-budget", "300k", "--body-limit", "300k", name="a small budget") as s:
        with case("more bytes than the budget at once: 503 busy, and afterwards it is free"):
            with s.connect() as c:
                c.sendall(b"POST /v1/malignancy HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                          b"Content-Length: 290000\r\n\r\n" + bytes(200000))
                until(lambda: s.metric("http_body_bytes") > 150000, what="the body's arrival")
                s.judge(bytes(200000)).problem(503, "busy")
            until(lambda: s.metric("http_body_bytes") == 0, 40, what="the release of the body")
            s.judge(bytes(200000)).expect(415)
    with Service("--connections", "32", "--connections-each", "10", name="connections") as s:
        with case("an address has no more connections than allowed, others go on"):
            held = []
            try:
                for _ in range(14):
                    held.append(s.connect("127.0.0.3"))
                time.sleep(0.3)
                s.get("/version", source="127.0.0.4").expect(200)
                try:
                    refused = s.get("/version", source="127.0.0.3").status != 200
                except OSError:
                    refused = True
                except Exception as error:
                    refused = "Disconnected" in repr(error)
                assert refused, "an 11th connection of one address is served"
            finally:
                for c in held:
                    c.close()
            until(lambda: s.get("/version", source="127.0.0.4").status == 200)


@group
def decoders():
    with Service("--decoders", "2", name="decoders") as s:
        def processes():
            """The decoders: children of the spawner, which is the server's child."""
            return [p for c in descendants(s.process.pid) for p in [c]
                    if parent_of(c) != s.process.pid]
        with case("decoders that are killed during load are replaced; the service goes on"):
            with Load(s) as load:
                load.more()
                for _ in range(6):
                    for pid in processes():
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    load.more(6)
            equal(load.errors, [])
            assert set(load.statuses) <= {200, 422, 503}, load.statuses
            assert load.statuses.get(200, 0) > load.total() / 2, load.statuses
            print(f"# answers while decoders were killed: {load.statuses}")
            # one that died at rest is missed when it is wanted
            until(lambda: all(a.status == 200 for a in at_once(4, lambda i: s.judge())) and
                  len(processes()) == 2, 10, "both decoders")
        with case("decoders that are stopped in the middle are given up in time"):
            for pid in processes():
                os.kill(pid, signal.SIGSTOP)
            begin = time.monotonic()
            statuses = [a.status for a in at_once(2, lambda i: s.judge(timeout=30))]
            between(time.monotonic() - begin, 0, 12 * SLOW, "seconds")
            assert set(statuses) <= {200, 422, 503}, statuses
            until(lambda: s.judge().status == 200, 10, "a verdict")
        with case("the spawner killed: an answer in time, not silence"):
            for pid in descendants(s.process.pid):
                if parent_of(pid) == s.process.pid:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
            begin = time.monotonic()
            status = s.judge(timeout=40).status
            between(time.monotonic() - begin, 0, 35 * SLOW, "seconds")
            assert status in (200, 503), status
            s.get("/healthz").expect(200)


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    main()

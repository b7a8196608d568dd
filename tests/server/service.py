"""service.py - one server process in a temporary folder: started, asked, and always stopped."""
import atexit
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pictures
from tap import SLOW, TAP, case

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/release")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WEIGHTS = os.path.join(ROOT, "weights", "int8")  # as a server without --models
# Cases call as often as they like unless they are about limits.
FREE = ["--anonymous-rate", "1000000", "--anonymous-burst", "1000000", "--anonymous-quota", "0"]
SANITIZER = re.compile(r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|runtime error:")

_running = []


def _stop_all(*_):
    for service in list(_running):
        service.kill()


atexit.register(_stop_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def program(name):
    return os.path.join(BUILD, name)


def environment(extra=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SKINCNN_")}
    clean.update(extra or {})
    return clean


def tool(*arguments, status=0, env=None, timeout=60, **more):
    """Runs a program of the build to its end; returns what it printed, output and errors apart."""
    done = subprocess.run([program(arguments[0]), *arguments[1:]], capture_output=True, text=True,
                          env=environment(env), timeout=timeout * SLOW, check=False, **more)
    assert done.returncode == status, \
        f"{' '.join(arguments)[:200]} ended with {done.returncode}: {done.stderr[-500:]}"
    return done.stdout, done.stderr


class Answer:
    """An answer: status, header fields by names in lower case, body, and the body as JSON."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}
        self.fields = [(name.lower(), value) for name, value in headers]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"

    def expect(self, status):
        assert self.status == status, f"status {self.status}, not {status}: {self.body[:400]!r}"
        return self

    def problem(self, status, code, detail=""):
        """A well-formed problem (RFC 9457) with this status, this code, and these words."""
        self.expect(status)
        found = self.json
        assert self.headers["content-type"] == "application/problem+json", self.headers
        for name, kind in (("type", str), ("title", str), ("status", int), ("code", str),
                           ("detail", str), ("request_id", str)):
            assert isinstance(found.get(name), kind), f"{name} of {found}"
        assert found["code"] == code, f"code {found['code']}, not {code}: {found['detail']}"
        assert found["status"] == status and found["type"] == f"/docs#{code}", found
        assert found["request_id"] == self.headers["x-request-id"], found
        assert detail in found["detail"], f"detail {found['detail']!r} has no {detail!r}"
        assert ("retry-after" in self.headers) == (status in (429, 503)), self.headers
        note_code(code)
        return self


def note_code(code):
    """Remembers that a code was seen, for the last check of run.sh."""
    path = os.environ.get("SKINCNN_CODES_SEEN")
    if path:
        with open(path, "a", encoding="ascii") as file:
            file.write(code + "\n")


class Service:
    """A server with a folder of its own; use it by `with`."""

    def __init__(self, *options, data=None, env=None, free=True, limits=None, name="", expect=0,
                 under=()):
        self.folder = tempfile.mkdtemp(prefix="skincnn-test-")
        self.data = data or os.path.join(self.folder, "data")
        self.options = [*(FREE if free else []), *options]
        self.env, self.limits, self.name, self.expected = env, limits, name, expect
        self.under = under  # a command that becomes the server
        self.process, self.port, self.line = None, 0, ""
        self.log_path = os.path.join(self.folder, "log")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind, value, trace):
        if self.process is not None:
            with case(f"{self.name or 'server'}: ends well, and its log is JSON without reports"):
                self.stop()
                self.check_log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, listen="127.0.0.1:0"):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.under, program("skincnn-server"), "--listen", listen, "--data", self.data,
                 "--models", WEIGHTS, *self.options],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                env=environment(self.env), preexec_fn=self.limits)
        _running.append(self)
        timer = threading.Timer(30 * SLOW, self.process.kill)
        timer.start()
        self.line = self.process.stdout.readline().decode()
        timer.cancel()
        found = re.fullmatch(r"listening on http://(.*):(\d+)/\n", self.line)
        assert found, f"the server says {self.line!r}: {self.log()[-1500:]}"
        self.port = int(found[2])

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=30):
        """Ends it by SIGTERM; a status other than 0 or a delay is a failure."""
        self.signal(signal.SIGTERM)
        self.wait(seconds)

    def wait(self, seconds=30):
        try:
            status = self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server does not end within {seconds * SLOW:g} s") from None
        self.forget()
        assert status == self.expected, f"the server ended with {status}: {self.log()[-3000:]}"

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.forget()

    def forget(self):
        if self.process is not None:
            self.process.stdout.close()
        self.process = None
        if self in _running:
            _running.remove(self)

    # ------------------------------------------------------------ what it says

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def events(self, event=None):
        found = [json.loads(line) for line in self.log().splitlines()]
        return [e for e in found if event is None or e["event"] == event]

    def check_log(self):
        found = SANITIZER.search(self.log())
        assert not found, f"a sanitizer reports:\n{self.log()[found.start():found.start() + 6000]}"
        for line in self.log().splitlines():
            json.loads(line)

    def resident(self):
        """VmRSS in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        total = 0.0
        for line in self.get("/metrics").body.decode().splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == "skincnn_" + name:
                have = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                if all(have.get(k) == v for k, v in labels.items()):
                    total += float(found[3])
        return total

    # ------------------------------------------------------------ requests

    def connect(self, source=None, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout * SLOW,
                                        source_address=(source, 0) if source else None)

    def request(self, method, path, body=None, headers=None, source=None, timeout=30):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=timeout * SLOW,
            source_address=(source, 0) if source else None)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, path, headers=None, **more):
        return self.request("GET", path, None, headers, **more)

    def post(self, path, body, headers=None, type="application/json", **more):
        """A body that is no bytes is sent as JSON."""
        if not isinstance(body, (bytes, bytearray)):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        sent = {"Content-Type": type} if type else {}
        return self.request("POST", path, body, {**sent, **(headers or {})}, **more)

    def judge(self, picture=None, path="/v1/malignancy", type="image/jpeg", **more):
        """A picture as the raw body."""
        return self.post(path, picture or pictures.good(), type=type, **more)

    def key(self, *options):
        """A new API key."""
        made, _ = tool("skincnn-admin", "key-add", "--data", self.data, "--name", "test", *options)
        return made.strip()

    # ------------------------------------------------------------ raw bytes

    def exchange(self, *parts, pause=0.0, timeout=10, source=None, ended=False):
        """Sends the parts, reads until the server closes or is silent; returns all its bytes."""
        with self.connect(source, timeout) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)
                if ended:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:  # the server has closed already
                pass
            return read_all(connection)


def read_all(connection):
    got = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                return got
            got += more
    except (TimeoutError, ConnectionResetError):
        return got


def read_answer(stream, method="GET"):
    """One answer from a file of a socket; None where it ends before its first line."""
    line = stream.readline()
    if not line:
        return None
    version, status, _ = line.decode("latin-1").split(" ", 2)
    assert version == "HTTP/1.1", line
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    answer = Answer(int(status), headers, b"")
    if int(status) >= 200 and method != "HEAD" and int(status) not in (204, 304):
        answer.body = stream.read(int(answer.headers["content-length"]))
    return answer


def parse(raw, method="GET"):
    """All answers in the bytes that a server sent."""
    import io
    stream, found = io.BytesIO(raw), []
    while (answer := read_answer(stream, method)) is not None:
        found.append(answer)
    return found


def until(condition, seconds=10, what="it"):
    """Waits for what is to become true."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} does not happen within {seconds * SLOW:g} s"
        time.sleep(0.02)


def alive(pid):
    """Whether the process runs."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid):
    """Its children, theirs, and so on."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            for child in file.read().split():
                found += [int(child), *descendants(int(child))]
    return found


def at_once(count, work):
    """Runs work(i) in `count` threads; returns what each returned, or its exception."""
    results = [None] * count

    def run(i):
        try:
            results[i] = work(i)
        except Exception as error:  # handed over
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120 * SLOW)
    return results


__all__ = ["ROOT", "TAP", "WEIGHTS", "Answer", "Service", "alive", "at_once", "descendants",
           "note_code", "parse", "program", "read_all", "read_answer", "tool", "until"]

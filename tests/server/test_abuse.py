"""test_abuse.py - what attackers do: slow clients by thousands, endless bodies, floods, aborted work."""
import os
import random
import resource
import select
import socket
import threading
import time

import pictures
from pictures import b64, good
from service import BUILD, Service, parse, read_all, until
from tap import LONG, SLOW, Skip, between, case, equal, group, main

SLOW_CLIENTS = 2000
MEMORY = 256 << 20
BODY_BUDGET = 128 << 20
SANITIZED = any(word in BUILD for word in ("asan", "tsan"))
HEAD = b"POST /v1/malignancy HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
JSON_HEAD = b"POST /v1/malignancy HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def allow_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard < count:
            raise Skip(f"only {hard} files may be open here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def check_memory(s, most=MEMORY):
    """Sanitizers need more; they are for other mistakes."""
    resident = s.resident()
    print(f"# VmRSS {resident >> 20} MiB")
    if not SANITIZED:
        assert resident < most, f"{resident >> 20} MiB are resident, not below {most >> 20}"


def answer_time(s, ask):
    begin = time.monotonic()
    ask().expect(200)
    return time.monotonic() - begin


@group
def slow_clients():
    def few_files():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    with Service("--request-seconds", "6", "--idle-seconds", "3", "--connections", "4096",
                 limits=few_files, name="slow clients") as s:
        with case("the server raises its own limit of open files"):
            with open(f"/proc/{s.process.pid}/limits", encoding="ascii") as file:
                line = [x for x in file if x.startswith("Max open files")][0].split()
            soft, hard = int(line[3]), int(line[4])
            assert soft >= min(hard, 4096 + 100), line
            equal(bool(s.events("few files")), soft < 4096 + 100)
        clients = []
        with case(f"{SLOW_CLIENTS} slow clients: a good one is answered within 1 s, memory is "
                  "bounded"):
            allow_files(SLOW_CLIENTS + 500)
            kinds = [b"", b"G", b"GET /version HTTP/1.1\r\nHost: x\r\nX-A: ",
                     HEAD + b"Content-Length: 500000\r\n\r\n" + bytes(3000),
                     HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"]
            begin = time.monotonic()
            for i in range(SLOW_CLIENTS):
                c = s.connect(f"127.0.0.{2 + i % 8}")
                c.sendall(kinds[i % len(kinds)])
                c.setblocking(False)
                clients.append(c)
            opened = time.monotonic() - begin
            held = s.metric("http_connections")
            print(f"# opened in {opened:.1f} s; {held:.0f} are held")
            assert held > SLOW_CLIENTS * 0.9 or opened > 2, "they were not all held"
            times = []
            for _ in range(10):
                for c in random.sample(clients, 200):
                    try:
                        c.send(b"x")
                    except OSError:
                        pass
                times.append(answer_time(s, s.judge))
                times.append(answer_time(s, lambda: s.get("/v1/labels")))
            print(f"# slowest answer {max(times):.3f} s")
            between(max(times), 0, 1 * SLOW, "seconds of an answer")
            check_memory(s)
        with case("all slow ones are closed by the absolute deadline"):
            poll = select.poll()
            for c in clients:
                poll.register(c, select.POLLIN)
            left = {c.fileno(): c for c in clients}
            end = time.monotonic() + 14 * SLOW
            while left and time.monotonic() < end:
                for fd, _ in poll.poll(200):
                    try:
                        gone = not left[fd].recv(4096)
                    except BlockingIOError:
                        gone = False
                    except OSError:
                        gone = True
                    if gone:
                        poll.unregister(fd)
                        left.pop(fd).close()
            equal(len(left), 0, "connections that are still open")
            until(lambda: s.metric("http_connections") <= 2, what="the end of all")
            until(lambda: s.metric("http_body_bytes") == 0, what="the release of bodies")
            s.judge().expect(200)
            check_memory(s)

    def very_few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))

    with Service("--decoders", "1", "--idle-seconds", "2", limits=very_few,
                 name="too few files") as s:
        with case("a hard limit that is too low is said in the log"):
            equal(len(s.events("few files")), 1)
        with case("more connections than files: no spinning, and it goes on afterwards"):
            held = [s.connect() for _ in range(150)]
            time.sleep(0.5)
            before, begin = cpu_seconds(s), time.monotonic()
            time.sleep(1.5)
            used = (cpu_seconds(s) - before) / (time.monotonic() - begin)
            print(f"# {used:.2f} processors busy")
            for c in held:
                c.close()
            until(lambda: served(s), 15, "an answer")
            between(used, 0, 0.6, "processors busy while nothing can be accepted")


def served(s):
    try:
        return s.judge(timeout=3).status == 200
    except OSError:
        return False
    except Exception as error:  # cut before the answer
        assert "Disconnected" in repr(error), error
        return False


def cpu_seconds(s):
    with open(f"/proc/{s.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@group
def endless():
    with Service(name="endless bodies") as s:
        with case("a body of 1 GB, declared: refused by its head"):
            begin = time.monotonic()
            raw = s.exchange(HEAD + b"Content-Length: 1000000000\r\n\r\n", ended=True)
            parse(raw)[0].problem(413, "too_large")
            between(time.monotonic() - begin, 0, 5 * SLOW)
        with case("a body of 1 GB, streamed in chunks: cut off early, memory is bounded"):
            piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
            with s.connect() as c:
                c.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
                sent = 0
                try:
                    for _ in range(1000):
                        c.sendall(piece)
                        sent += 1
                except OSError:
                    pass
            print(f"# {sent} MiB went out")
            between(sent, 30, 999, "MiB sent before the end")
            check_memory(s)
        with case("6 such streams at once: 413 or 503, and a good client is answered"):
            def stream():
                try:
                    with s.connect() as c:
                        c.sendall(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
                        for _ in range(60):
                            c.sendall(piece)
                except OSError:
                    pass
            threads = [threading.Thread(target=stream) for _ in range(6)]
            for t in threads:
                t.start()
            statuses = set()
            while any(t.is_alive() for t in threads):
                statuses.add(s.judge().status)
            assert statuses <= {200, 503}, statuses
            until(lambda: s.judge().status == 200, 10, "a verdict")
            check_memory(s, MEMORY + BODY_BUDGET)
            until(lambda: s.metric("http_body_bytes") == 0, what="the release of bodies")
        with case("base64 of zeros, 35 MB, four at once"):
            body = b'{"image": "' + b"A" * 35_000_000 + b'"}'
            results = []

            def zeros():
                results.append(s.post("/v1/malignancy", body, timeout=60).status)
            threads = [threading.Thread(target=zeros) for _ in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            assert set(results) <= {413, 415, 422, 503}, results
            until(lambda: s.metric("http_body_bytes") == 0, what="the release of bodies")
            s.judge().expect(200)
            check_memory(s, MEMORY + BODY_BUDGET)


@group
def floods():
    with Service("--request-seconds", "5", name="floods") as s:
        with case("header floods by 50 clients: refused, memory is bounded"):
            for i in range(50):
                raw = s.exchange(b"GET /version HTTP/1.1\r\nHost: x\r\n" +
                                 b"X-%d: %s\r\n" % (i, b"v" * 200) * 5000, timeout=5, ended=True)
                assert raw[9:12] in (b"400", b"413", b"431", b""), raw[:100]
            check_memory(s)
        with case("300 requests that are given up in the middle of the work"):
            body = json_request()
            for i in range(300):
                with s.connect() as c:
                    c.sendall(body)
                    if i % 3 == 0:
                        time.sleep(0.01)
                    if i % 2:
                        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            until(lambda: s.metric("http_running") <= 1 and s.metric("http_waiting") == 0, 30,
                  "the end of the work")
            until(lambda: s.metric("http_body_bytes") == 0, what="the release of bodies")
            s.judge().expect(200)
            check_memory(s)
        with case("pixel bombs by 8 clients at once, and good ones between them"):
            statuses = []

            def bombs():
                for _ in range(20):
                    statuses.append(s.judge(pictures.bomb()).status)
                    statuses.append(s.judge().status)
            threads = [threading.Thread(target=bombs) for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            equal((statuses.count(422), statuses.count(200)), (160, 160))
        with case("random bytes at random places of a request: never 500, never silence"):
            dice = random.Random(int(os.environ.get("SKINCNN_SEED", "1")))
            whole = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(good()) + good()
            for _ in range(2000 if LONG else 150):
                data = bytearray(whole)
                for _ in range(dice.randrange(1, 4)):
                    data[dice.randrange(len(HEAD) + 60)] = dice.randrange(256)
                with s.connect(timeout=8) as c:
                    try:
                        c.sendall(data)
                        c.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    raw = read_all(c)
                assert not raw or raw[9:12] in (b"200", b"400", b"404", b"405", b"408", b"411",
                                                b"413", b"414", b"415", b"422", b"431", b"501",
                                                b"503", b"505"), (bytes(data[:150]), raw[:80])
            s.judge().expect(200)


def json_request():
    body = b'{"images": ["%s"]}' % b'", "'.join([b64(good()).encode()] * 8)
    return JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


if __name__ == "__main__":
    main()

"""test_http.py - HTTP itself: framing, connections, smuggling, traversal, CORS, caching."""
import gzip
import http.client
import socket
import time

from pictures import good
from service import Service, note_code, parse, read_all, read_answer, until
from tap import SLOW, between, case, contains, equal, group, main

PICTURE = good()
HEAD = b"POST /v1/malignancy HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"


def get(path="/version", *fields, version="1.1", method="GET"):
    lines = [f"{method} {path} HTTP/{version}", "Host: x", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def chunked(data, size, extension=b""):
    return b"".join(b"%x%s\r\n%s\r\n" % (len(data[i:i + size]), extension, data[i:i + size])
                    for i in range(0, len(data), size)) + b"0\r\n\r\n"


CLOSE = b"Connection: close\r\n"


@group
def bodies():
    with Service(name="bodies") as s:
        def judged(raw):
            answer = parse(raw)[-1].expect(200)
            assert "probabilities" in answer.json
        with case("chunked bodies: large, small, with extensions and trailers"):
            head = HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
            judged(s.exchange(head + chunked(PICTURE, 100000)))
            judged(s.exchange(head + chunked(PICTURE, 37)))
            judged(s.exchange(head + chunked(PICTURE, 4000, b";name=value")))
            judged(s.exchange(head + chunked(PICTURE, 4000)[:-2] + b"X-Trailer: 1\r\n\r\n"))
        with case("a body in many small pieces, slowly"):
            pieces = [PICTURE[i:i + 1500] for i in range(0, len(PICTURE), 1500)]
            judged(s.exchange(HEAD + CLOSE + b"Content-Length: %d\r\n\r\n" % len(PICTURE), *pieces,
                              pause=0.02))
        with case("a head byte by byte"):
            request = get("/version", "Connection: close")
            parse(s.exchange(*[request[i:i + 1] for i in range(len(request))], pause=0.003))[0] \
                .expect(200)
        for name, body in {"a size that is no number": b"zz\r\nab\r\n0\r\n\r\n",
                           "a size below 0": b"-5\r\nab\r\n0\r\n\r\n",
                           "a size over 64 bits": b"fffffffffffffffff\r\nab\r\n0\r\n\r\n",
                           "too little in it": b"5\r\nab\r\n0\r\n\r\n",
                           "too much in it": b"1\r\nabcdef\r\n0\r\n\r\n",
                           "an empty size": b"\r\nab\r\n0\r\n\r\n",
                           "a size with 0x": b"0x2\r\nab\r\n0\r\n\r\n"}.items():
            with case(f"a broken chunk: {name}: no verdict, and the connection ends"):
                raw = s.exchange(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body, get(),
                                 timeout=5, ended=True)
                assert b" 200 OK" not in raw, raw
        with case("Expect: 100-continue is asked for and given"):
            with s.connect() as c:
                c.sendall(HEAD + CLOSE + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n"
                          % len(PICTURE))
                stream = c.makefile("rb")
                equal(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
                equal(stream.readline(), b"\r\n")
                c.sendall(PICTURE)
                read_answer(stream).expect(200)
        with case("Expect: 100-continue of what is refused: the refusal comes, no 100"):
            for path, length, status in (("/v1/malignancy", 50_000_000, b"413"),
                                         ("/v1/nothing", 100, b"405"),
                                         ("/v1/assessments", 100, b"415")):
                raw = s.exchange(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                                 b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n"
                                 % (path.encode(), length), ended=True)
                assert raw.startswith(b"HTTP/1.1 " + status), raw[:200]
        with case("413 by the head: before a byte of the body is sent"):
            raw = s.exchange(HEAD + b"Content-Length: 50000000\r\n\r\n", timeout=5)
            parse(raw)[0].problem(413, "too_large")
        with case("413 while chunks come: once there are too many"):
            with s.connect() as c:
                c.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
                piece = b"100000\r\n" + bytes(0x100000) + b"\r\n"
                sent = 0
                try:
                    while sent < 80:
                        c.sendall(piece)
                        sent += 1
                except OSError:
                    pass
                raw = read_all(c)
            if raw:
                parse(raw)[0].problem(413, "too_large")
            until(lambda: s.metric("http_body_bytes") == 0, what="release of the body")
            between(s.metric("http_received_bytes_total"), 38e6, 45e6, "bytes taken")
    with Service("--request-seconds", "2", name="clients that leave") as s:
        with case("a client that leaves in the middle of its body costs nothing for long"):
            for _ in range(20):
                with s.connect() as c:
                    c.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + PICTURE[:5000])
            until(lambda: s.metric("http_body_bytes") == 0, what="release of the bodies")


@group
def framing():
    """What proxies and servers could read in two ways (RFC 9112) is refused."""
    bad = {
        "Content-Length twice, differing": b"Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length twice, the same": b"Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length as a list": b"Content-Length: 5, 5\r\n",
        "Content-Length below 0": b"Content-Length: -5\r\n",
        "Content-Length with a sign": b"Content-Length: +5\r\n",
        "Content-Length in hexadecimal": b"Content-Length: 0x5\r\n",
        "Content-Length with a point": b"Content-Length: 5.0\r\n",
        "Content-Length over 64 bits": b"Content-Length: 99999999999999999999999\r\n",
        "Content-Length that is empty": b"Content-Length: \r\n",
        "Content-Length in words": b"Content-Length: five\r\n",
        "Transfer-Encoding and Content-Length": b"Transfer-Encoding: chunked\r\n"
                                                b"Content-Length: 5\r\n",
        "Content-Length and Transfer-Encoding": b"Content-Length: 5\r\n"
                                                b"Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity": b"Transfer-Encoding: identity\r\n",
        "Transfer-Encoding twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked": b"Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding with a tab": b"Transfer-Encoding:\tchunked, identity\r\n",
        "a space before the colon": b"Content-Length : 5\r\n",
        "a folded line": b"X-A: b\r\n c\r\nContent-Length: 5\r\n",
        "a line without a colon": b"hello\r\nContent-Length: 5\r\n",
        "a field without a name": b": x\r\nContent-Length: 5\r\n",
        "a NUL in a value": b"X-A: b\0c\r\nContent-Length: 5\r\n",
        "a NUL in a name": b"X-\0A: b\r\nContent-Length: 5\r\n",
        "a control character in a value": b"X-A: b\x01c\r\nContent-Length: 5\r\n",
        "a bracket in a name": b"X(A): b\r\nContent-Length: 5\r\n",
        "Host twice": b"Host: y\r\nContent-Length: 5\r\n",
        "Authorization twice": b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"
                               b"Content-Length: 5\r\n",
    }
    with Service(name="framing") as s:
        for name, fields in bad.items():
            with case(f"400 and the end: {name}"):
                raw = s.exchange(HEAD + fields + b"\r\n0\r\n\r\n", get("/healthz"), timeout=5,
                                 ended=True)
                assert raw.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 501")) or \
                    not raw, raw[:300]
                assert b'"ok"' not in raw, "what follows was read as a request"
        first = {
            "no version": b"GET /version\r\n\r\n",
            "another protocol": b"GET /version FTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/2.0": b"GET /version HTTP/2.0\r\nHost: x\r\n\r\n",
            "HTTP/9.9": b"GET /version HTTP/9.9\r\nHost: x\r\n\r\n",
            "HTTP/1.1 in small letters": b"GET /version http/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.10": b"GET /version HTTP/1.10\r\nHost: x\r\n\r\n",
            "two spaces": b"GET  /version HTTP/1.1\r\nHost: x\r\n\r\n",
            "a tab": b"GET\t/version HTTP/1.1\r\nHost: x\r\n\r\n",
            "a space in the URL": b"GET /ver sion HTTP/1.1\r\nHost: x\r\n\r\n",
            "no Host": b"GET /version HTTP/1.1\r\n\r\n",
            "a NUL in the URL": b"GET /version\0x HTTP/1.1\r\nHost: x\r\n\r\n",
            "a method that is no token": b"G(T /version HTTP/1.1\r\nHost: x\r\n\r\n",
            "an absolute URL": b"GET http://x/version HTTP/1.1\r\nHost: x\r\n\r\n",
            "a URL without a slash": b"GET version HTTP/1.1\r\nHost: x\r\n\r\n",
            "an asterisk": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
            "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
            "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "binary rubbish": bytes(range(256)) * 4 + b"\r\n\r\n",
        }
        for name, request in first.items():
            with case(f"no success for a first line with {name}"):
                raw = s.exchange(request, timeout=5, ended=True)
                assert not raw or raw[9:12] in (b"400", b"404", b"405", b"505"), raw[:200]
        with case("HTTP/1.0: answered, without chunks, and closed"):
            raw = s.exchange(b"GET /version HTTP/1.0\r\n\r\n")
            contains(raw, b" 200 OK\r\n")
            assert b"Transfer-Encoding" not in raw
            raw = s.exchange(b"POST /v1/malignancy HTTP/1.0\r\nContent-Type: image/jpeg\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE)
            contains(raw, b" 200 OK\r\n")
            raw = s.exchange(b"GET /version HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                             ended=True)
            assert b" 200 OK" not in raw
        with case("lines that end with a line feed alone: answered or refused, once"):
            raw = s.exchange(b"GET /version HTTP/1.1\nHost: x\nConnection: close\n\n", ended=True)
            assert raw[9:12] in (b"200", b"400"), raw[:100]
        with case("empty lines before a request"):
            contains(s.exchange(b"\r\n\r\n" + get("/version", "Connection: close"), ended=True),
                     b" 200 OK")


@group
def connections():
    with Service(name="connections") as s:
        with case("5 requests in a pipeline are answered in their order"):
            paths = ["/version", "/v1/labels", "/healthz", "/v1/questions", "/nothing"]
            answers = parse(s.exchange(b"".join(get(p) for p in paths[:4]) +
                                       get(paths[4], "Connection: close")))
            equal([a.status for a in answers], [200, 200, 200, 200, 404])
            equal("malignancy" in answers[1].json, True)
            equal(answers[2].json, {"status": "ok"})
            equal(len(answers[3].json["questions"]), 5)
        with case("pictures in a pipeline: each answered once, in order"):
            post = HEAD + b"Content-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
            broken = HEAD + b"Content-Length: 4\r\n\r\nnope"
            answers = parse(s.exchange(post + broken + post + broken +
                                       get("/version", "Connection: close"), timeout=30))
            equal([a.status for a in answers], [200, 415, 200, 415, 200])
        with case("100 requests on one connection"):
            c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20 * SLOW)
            c.connect()
            port = c.sock.getsockname()
            for i in range(100):
                if i % 10 == 0:
                    c.request("POST", "/v1/diagnosis", PICTURE, {"Content-Type": "image/jpeg"})
                else:
                    c.request("GET", ("/version", "/nothing", "/v1/labels")[i % 3])
                answer = c.getresponse()
                answer.read()
                assert answer.status in (200, 404), answer.status
                equal(c.sock.getsockname(), port)
            c.close()
        with case("a request in two halves of a connection that is then half closed"):
            raw = s.exchange(get("/version"), ended=True, timeout=5)
            assert raw == b"" or b" 200 OK" in raw
        with case("Connection: close is obeyed"):
            begin = time.monotonic()
            contains(s.exchange(get("/version", "Connection: close")), b" 200 OK")
            between(time.monotonic() - begin, 0, 5 * SLOW)
        with case("an odd Connection field"):
            for value in ("keep-alive, Upgrade", "upgrade", "TE, close", "x" * 500):
                contains(s.exchange(get("/version", "Connection: " + value), timeout=1), b" 200 OK")
        with case("HEAD has the head of GET and no body, also in a pipeline"):
            raw = s.exchange(get("/v1/labels", method="HEAD") + get("/version", "Connection: close"))
            head, rest = raw.split(b"\r\n\r\n", 1)
            contains(head, b"200 OK")
            assert rest.startswith(b"HTTP/1.1 200"), rest[:80]


@group
def targets():
    with Service(name="targets") as s:
        with case("path traversal and odd escapes: never a file, never 500"):
            for path in ("/../etc/passwd", "/..", "/../", "/a/../../etc/passwd", "/.", "/./index.html",
                         "/..%2fetc%2fpasswd", "/%2e%2e/etc/passwd", "/%2e%2e%2f", "/..%5c..%5c",
                         "/..\\..\\etc", "/%2E%2E", "/.%2e/", "/a/%2e%2e/b", "/%c0%ae%c0%ae/",
                         "/%252e%252e%252f", "/index.html%00", "/%00", "/index.html%00.png",
                         "/%", "/%4", "/%zz", "/%ff", "/%0d%0aX-Evil:%201", "/a%0ab", "/%7f",
                         "/%ed%a0%80"):
                raw = s.exchange(get(path, "Connection: close"))
                assert raw[9:12] in (b"400", b"404"), (path, raw[:200])
                assert b"root:" not in raw and b"X-Evil" not in raw.split(b"\r\n\r\n")[0]
        with case("double slashes and slashes at the end are other paths"):
            for path in ("//", "//version", "/version/", "/v1//labels", "///index.html"):
                assert s.exchange(get(path, "Connection: close"))[9:12] == b"404", path
        with case("escapes of letters are the letters"):
            for path in ("/%76ersion", "/v1/l%61bels", "/v1/questions?", "/version?a=b&c",
                         "/v1/questions?&&=&", "/version?%F0%9F%92%A9=%E5"[:-3]):
                assert s.exchange(get(path, "Connection: close"))[9:12] == b"200", path
        with case("broken queries are refused"):
            for query in ("?a=%", "?a=%zz", "?a=%00", "?a=%ff", "?%0a=1",
                          "?" + "&".join(f"a{i}=1" for i in range(33))):
                assert s.exchange(get("/version" + query, "Connection: close"))[9:12] == b"400", query
        with case("long URLs: up to 4096 bytes, more are refused"):
            contains(s.exchange(get("/version?a=" + "b" * 4000, "Connection: close")), b" 200 OK")
            for length in (4200, 9000, 20000, 200000):
                raw = s.exchange(get("/version?a=" + "b" * length, "Connection: close"), timeout=5,
                                 ended=True)
                assert raw[9:12] in (b"400", b"414", b"431", b""), raw[:100]
        with case("header floods: a few kilobytes are well, more are refused"):
            contains(s.exchange(get("/version", *[f"X-{i}: {'v' * 20}" for i in range(60)],
                                    "Connection: close")), b" 200 OK")
            for fields in ([f"X-{i}: v" for i in range(5000)], ["X-A: " + "v" * 100_000],
                           ["X" * 100_000 + ": v"], ["Cookie: a=b"] * 3000):
                raw = s.exchange(get("/version", *fields), timeout=5, ended=True)
                assert raw[9:12] in (b"400", b"413", b"431", b""), raw[:100]
        with case("a head without an end"):
            raw = s.exchange(b"GET /version HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 40000,
                             timeout=5, ended=True)
            assert raw[9:12] in (b"400", b"413", b"431", b""), raw[:100]
        with case("the server goes on"):
            s.judge().expect(200)


@group
def slow():
    with Service("--request-seconds", "1", "--idle-seconds", "2", name="slow clients") as s:
        def trickle(first, piece):
            """Sends a piece ten times a second until the server closes; the seconds, and its words."""
            begin, got = time.monotonic(), b""
            with s.connect() as c:
                c.sendall(first)
                c.settimeout(0.1)
                while time.monotonic() - begin < 12 * SLOW:
                    try:
                        c.sendall(piece)
                        more = c.recv(4096)
                        if not more:
                            break
                        got += more
                    except TimeoutError:
                        continue
                    except OSError:
                        break
            return time.monotonic() - begin, got
        for name, first, piece in (
                ("a head", b"GET /version HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),
                ("a body", HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
                ("a body in chunks", HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                 b"1\r\nx\r\n")):
            with case(f"{name} that trickles is cut at the absolute time, with 408 timeout"):
                seconds, raw = trickle(first, piece)
                between(seconds, 0.7, 4 * SLOW, "seconds")
                contains(raw, b"HTTP/1.1 408")
                contains(raw, b'"timeout"')
                note_code("timeout")
        with case("a first line that trickles is cut at the absolute time"):
            between(trickle(b"GET /", b"a")[0], 0.7, 4 * SLOW, "seconds")
        with case("a connection without a byte is closed"):
            begin = time.monotonic()
            with s.connect(timeout=20) as c:
                equal(read_all(c), b"")
            between(time.monotonic() - begin, 0.5, 8 * SLOW, "seconds")
        with case("a connection that rests after an answer is closed"):
            begin = time.monotonic()
            with s.connect(timeout=20) as c:
                c.sendall(get())
                contains(read_all(c), b" 200 OK")
            between(time.monotonic() - begin, 1, 9 * SLOW, "seconds")
        with case("a client that reads nothing does not keep its answer for ever"):
            with socket.socket() as c:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                c.connect(("127.0.0.1", s.port))
                c.sendall(get("/v1/labels") * 100)
                until(lambda: s.metric("http_connections") <= 1, 12, "the end of the connection")
        with case("others are answered meanwhile, and overdue ones are counted"):
            s.judge().expect(200)
            assert s.metric("http_overdue_total") >= 2


ORIGIN = {"Origin": "https://clinic.example"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization, content-type"}


@group
def cors():
    with Service(name="no origins") as s:
        with case("without origins configured nobody else's page may call"):
            for answer in (s.get("/v1/labels", ORIGIN), s.judge(headers=ORIGIN),
                           s.request("OPTIONS", "/v1/malignancy", headers=PREFLIGHT)):
                assert not [n for n in answer.headers if n.startswith("access-control")], answer
                equal(answer.headers["cross-origin-resource-policy"], "same-origin")
    with Service("--origins", "https://clinic.example,https://other.example", name="origins") as s:
        with case("a configured origin may call, and is told so"):
            for answer in (s.get("/v1/labels", ORIGIN).expect(200), s.judge(headers=ORIGIN),
                           s.judge(b"bad", headers=ORIGIN), s.get("/v2", ORIGIN)):
                equal(answer.headers["access-control-allow-origin"], ORIGIN["Origin"])
                contains(answer.headers["vary"], "Origin")
                assert "access-control-allow-credentials" not in answer.headers
        with case("its preflight is answered"):
            answer = s.request("OPTIONS", "/v1/malignancy", headers=PREFLIGHT).expect(204)
            equal(answer.headers["access-control-allow-origin"], ORIGIN["Origin"])
            contains(answer.headers["access-control-allow-methods"], "POST")
            contains(answer.headers["access-control-allow-headers"], "Authorization")
        with case("origins that only look alike may not"):
            for origin in ("https://evil.example", "http://clinic.example", "null",
                           "https://clinic.example.evil", "https://clinic.example:8443",
                           "https://CLINIC.example", "https://clinic.example,https://other.example",
                           ""):
                answer = s.get("/v1/labels", {"Origin": origin}).expect(200)
                assert "access-control-allow-origin" not in answer.headers, origin
        with case("metrics, admin routes and pages are for nobody else"):
            for answer in (s.get("/metrics", ORIGIN), s.get("/", ORIGIN),
                           s.request("OPTIONS", "/v1/models/reload", headers=PREFLIGHT)):
                assert "access-control-allow-origin" not in answer.headers, answer
        with case("OPTIONS that is no preflight has Allow only"):
            answer = s.request("OPTIONS", "/v1/malignancy").expect(204)
            contains(answer.headers["allow"], "POST")
            assert "access-control-allow-methods" not in answer.headers
    with Service("--origins", "*", name="any origin") as s:
        with case("* lets everybody call"):
            equal(s.get("/v1/labels", ORIGIN).headers["access-control-allow-origin"], "*")


@group
def pages():
    with Service(name="pages") as s:
        with case("an ETag is answered by 304 without a body"):
            for path in ("/", "/app.js", "/style.css"):
                first = s.get(path).expect(200)
                tag = first.headers["etag"]
                for wanted in (tag, "W/" + tag, f'"x", {tag}', "*"):
                    again = s.get(path, {"If-None-Match": wanted}).expect(304)
                    equal(again.body, b"")
                    equal(again.headers["etag"], tag)
                s.get(path, {"If-None-Match": '"other"'}).expect(200)
                equal(s.request("HEAD", path, headers={"If-None-Match": tag}).status, 304)
        with case("gzip where it is accepted, and the same bytes in it"):
            for path in ("/", "/app.js", "/style.css"):
                plain = s.get(path).expect(200)
                assert "content-encoding" not in plain.headers
                contains(plain.headers["vary"], "Accept-Encoding")
                for accepted in ("gzip", "deflate, gzip;q=1.0, *;q=0.5", "br, GZIP", "gzip;q=0.5"):
                    packed = s.get(path, {"Accept-Encoding": accepted}).expect(200)
                    equal(packed.headers.get("content-encoding"), "gzip", accepted)
                    equal(gzip.decompress(packed.body), plain.body)
                    assert len(packed.body) < len(plain.body)
                for refused in ("identity", "br", "gzip;q=0", "gzip; q=0", "gzip;q=0.0",
                                "xgzip", "gzipped"):
                    answer = s.get(path, {"Accept-Encoding": refused})
                    assert "content-encoding" not in answer.headers, refused
        with case("a strict policy: no inline code, no frames, no other origin"):
            policy = s.get("/").headers["content-security-policy"]
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
                contains(policy, part)
            assert "unsafe" not in policy and "http:" not in policy


if __name__ == "__main__":
    main()

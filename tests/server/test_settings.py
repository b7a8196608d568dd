"""test_settings.py - options, environment and file; what cannot be started says so in one message."""
import os
import re
import socket
import sqlite3
import subprocess
import tempfile
from contextlib import closing

from pictures import b64, good
from service import ROOT, WEIGHTS, Service, descendants, environment, program, tool
from tap import SLOW, Skip, case, contains, equal, group, main

with open(os.path.join(ROOT, "server/settings.c"), encoding="utf-8") as _file:
    OPTIONS = re.findall(r'^    \{ "([a-z-]+)",', _file.read(), re.M)

ASSESSMENT = {"image": b64(good()), "dermatoscope": True, "keep": True,
              "answers": {"change": "no", "uneven": "no", "large": "no", "site": "other",
                          "history": "no"}}


def shown(*options, env=None, status=0):
    """What --check-config prints: name -> value."""
    out, _ = tool("skincnn-server", "--check-config", *options, status=status, env=env)
    return dict(re.findall(r"^(?:# )?([a-z-]+) = ?(.*)$", out, re.M))


def refused(*options, env=None, data=True, words=()):
    """It ends at once with 2 and one message of one line (or two, where a source is named)."""
    with tempfile.TemporaryDirectory() as folder:
        given = ["--data", os.path.join(folder, "data")] if data else []
        out, err = tool("skincnn-server", "--listen", "127.0.0.1:0", "--models", WEIGHTS, *given,
                        *options, status=2, env=env, timeout=15)
    equal(out, "", "output")
    lines = err.splitlines()
    assert 1 <= len(lines) <= 2, f"{len(lines)} lines: {err}"
    assert err.startswith("skincnn-server: "), err
    for word in words:
        contains(err, word)
    return err


def holds(pid, path):
    """Whether the process has the file open, as far as that may be known."""
    try:
        return any(os.path.realpath(f"/proc/{pid}/fd/{fd}") == os.path.realpath(path)
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:  # decoders cannot be looked into
        return False


@group
def sources():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "server.conf")

        def write(text):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        base = ["--data", folder]
        with case("--help lists every option"):
            out, _ = tool("skincnn-server", "--help")
            for name in OPTIONS:
                assert re.search(rf"--(\[no-\])?{name}\b", out), name
        with case("precedence: default, file, environment, command line"):
            equal(shown(*base)["workers"], "0")
            write("workers = 3\n")
            equal(shown(*base, "--config", path)["workers"], "3")
            env = {"SKINCNN_WORKERS": "4"}
            equal(shown(*base, "--config", path, env=env)["workers"], "4")
            equal(shown(*base, "--config", path, "--workers", "5", env=env)["workers"], "5")
            equal(shown(*base, env={**env, "SKINCNN_CONFIG": path, "SKINCNN_QUEUE": "9"})["queue"],
                  "9")
        with case("every option may stand in the file and in the environment"):
            values = shown(*base)
            equal(set(values) | {"config", "check-config", "check-self"}, set(OPTIONS))
            write("".join(f"{k} = {v}\n" for k, v in values.items() if v != ""))
            equal(shown("--config", path), values)
            env = {"SKINCNN_" + k.upper().replace("-", "_"): v for k, v in values.items() if v}
            equal(shown(env=env), values)
        with case("what --check-config prints is a configuration file"):
            out, _ = tool("skincnn-server", "--check-config", *base, "--origins",
                          "https://a.example,https://b.example", "--no-keep", "--body-limit", "5M")
            write(out)
            again, _ = tool("skincnn-server", "--check-config", "--config", path)
            equal(again, out)
            contains(out, "origins = https://a.example,https://b.example")
            contains(out, "keep = no")
            contains(out, "body-limit = 5000000")
        with case("flags: yes and no, in file, environment and on the line"):
            for text, value in (("yes", "yes"), ("true", "yes"), ("on", "yes"), ("1", "yes"),
                                ("no", "no"), ("false", "no"), ("off", "no"), ("0", "no")):
                write(f"anonymous = {text}\n")
                equal(shown(*base, "--config", path)["anonymous"], value)
                equal(shown(*base, env={"SKINCNN_ANONYMOUS": text})["anonymous"], value)
            equal(shown(*base, "--no-anonymous")["anonymous"], "no")
            equal(shown(*base, "--anonymous", env={"SKINCNN_ANONYMOUS": "no"})["anonymous"], "yes")
        with case("comments, empty lines and spaces in the file"):
            write("# a comment\n\n   workers=7   \r\n\tqueue =  8\n# end")
            found = shown(*base, "--config", path)
            equal((found["workers"], found["queue"]), ("7", "8"))
        broken = {"an unknown name": ("wrokers = 3\n", "wrokers"),
                  "no equals sign": ("workers 3\n", "1"),
                  "a bad number": ("workers = many\n", "many"),
                  "too much": ("workers = 99999\n", "99999"),
                  "a config in the config": (f"config = {path}\n", "config"),
                  "an empty value": ("workers =\n", "workers"),
                  "a flag that is neither": ("keep = maybe\n", "keep"),
                  "binary": ("\x01\x02\x03\n", "")}
        for name, (text, word) in broken.items():
            with case(f"a bad file is refused: {name}"):
                write(text)
                refused("--config", path, words=[word])
        with case("a file that is not there, and a folder, are refused"):
            refused("--config", folder + "/none", words=["none"])
            refused("--config", folder)
        with case("a bad environment is refused, by its name"):
            refused(env={"SKINCNN_WORKERS": "x"}, words=["SKINCNN_WORKERS"])
            refused(env={"SKINCNN_KEEP": "x"}, words=["SKINCNN_KEEP"])


@group
def bad():
    rows = [
        (["--listen", "nowhere"], ["--listen", "nowhere"]),
        (["--listen", "127.0.0.1"], ["--listen"]),
        (["--listen", "127.0.0.1:99999"], ["--listen"]),
        (["--listen", "127.0.0.1:-1"], ["--listen"]),
        (["--listen", "127.0.0.1:80x"], ["--listen"]),
        (["--listen", "::1:80"], ["--listen"]),
        (["--listen", "[127.0.0.1]:80"], ["--listen"]),
        (["--listen", "localhost:0"], ["--listen"]),
        (["--listen", ""], ["--listen"]),
        (["--listen", ":8080"], ["--listen"]),
        (["--listen", "1.2.3.4:0"], ["1.2.3.4"]),  # not of this machine
        (["--workers", "1025"], ["workers", "1025"]),
        (["--workers", "1.5"], ["workers"]),
        (["--workers", ""], ["workers"]),
        (["--queue", "0"], ["queue"]),
        (["--queue", "-1"], ["queue"]),
        (["--threads", "300"], ["threads"]),
        (["--decoders", "65"], ["decoders"]),
        (["--batch", "100"], ["batch"]),
        (["--body-limit", "1"], ["body-limit"]),
        (["--body-limit", "200M"], ["body-limit", "body-budget"]),
        (["--body-limit", "5 MB"], ["body-limit"]),
        (["--connections", "100", "--connections-each", "200"], ["connections-each"]),
        (["--event-threads", "16", "--connections", "8", "--connections-each", "8"],
         ["connections"]),
        (["--log", "loud"], ["loud"]),
        (["--trusted-proxies", "10.0.0.0/33"], ["10.0.0.0/33"]),
        (["--trusted-proxies", "proxy.example"], ["proxy.example"]),
        (["--trusted-proxies", "127.0.0.1,,"], []),
        (["--origins", "clinic.example"], ["clinic.example"]),
        (["--origins", "https://clinic.example/"], ["https://clinic.example/"]),
        (["--kernels", "magic"], ["magic"]),
        (["--models", "/nonexistent"], ["/nonexistent"]),
        (["--clinics", "/nonexistent.csv"], ["/nonexistent.csv"]),
        (["--retention-days", "0"], ["retention-days"]),
        (["--deadline-seconds", "x"], ["deadline-seconds"]),
        (["--nonsense"], ["nonsense"]),
        (["extra"], ["extra"]),
        (["--listen"], ["listen"]),
    ]
    for options, words in rows:
        with case(f"refused with 2 and one message: {' '.join(options)}"):
            refused(*options, words=words)
    with case("--data is required"):
        refused(data=False, words=["--data"])
        refused("--check-self", data=False, words=["--data"])
        refused("--check-config", data=False, words=["--data"])
    with case("--check-config refuses what the start would refuse for the settings alone"):
        for options in (["--queue", "0"], ["--trusted-proxies", "x"], ["--listen", "x"],
                        ["--origins", "clinic.example"], ["--body-limit", "1G"],
                        ["--event-threads", "16", "--connections", "8", "--connections-each", "8"]):
            refused("--check-config", *options)
    with case("--version and --help need nothing"):
        contains(tool("skincnn-server", "--version")[0], "skincnn")
        contains(tool("skincnn-admin", "--help")[0], "key-add")


@group
def surroundings():
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with case("a port that is taken: one message that names it"):
                refused("--listen", f"127.0.0.1:{port}", words=[str(port), "in use"])
            with Service("--next-port", name="next port") as s:
                with case("--next-port takes the next free one"):
                    s.stop()
                    s.start(f"127.0.0.1:{port}")
                    assert port < s.port <= port + 32, s.port
                    s.get("/healthz").expect(200)
        with case("IPv6"):
            try:
                with socket.socket(socket.AF_INET6) as six:
                    six.bind(("::1", 0))
            except OSError:
                raise Skip("no IPv6 here") from None
            process = subprocess.Popen(
                [program("skincnn-server"), "--listen", "[::1]:0", "--data", folder + "/six",
                 "--models", WEIGHTS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=environment())
            try:
                line = process.stdout.readline().decode()
                found = re.fullmatch(r"listening on http://\[::1\]:(\d+)/\n", line)
                assert found, line
                with socket.create_connection(("::1", int(found[1])), 10 * SLOW) as c:
                    c.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    contains(c.makefile("rb").read(), b"200 OK")
            finally:
                process.terminate()
                equal(process.wait(20 * SLOW), 0)
                process.stdout.close()
        with case("--check-self starts, asks itself, and ends"):
            out, _ = tool("skincnn-server", "--check-self", "--listen", "127.0.0.1:0", "--models",
                          WEIGHTS, "--data", folder + "/self")
            contains(out, "self-check: ready")
        with case("a data folder that cannot be: below a file, /proc, an empty name"):
            with open(folder + "/file", "w", encoding="ascii"):
                pass
            for data in (folder + "/file/data", "/proc/data", ""):
                refused("--data", data, data=False)
        with case("a data folder that cannot be written"):
            if os.getuid() == 0:
                refused("--data", "/sys", data=False, words=["/sys"])
            else:
                refused("--data", "/", data=False, words=["/"])
        with case("a database that is none, or damaged"):
            for name, data in (("text", b"hello " * 1000), ("zeros", bytes(8192))):
                data_folder = os.path.join(folder, name)
                os.mkdir(data_folder)
                with open(os.path.join(data_folder, "skincnn.db"), "wb") as file:
                    file.write(data)
                refused("--data", data_folder, data=False, words=["skincnn.db", "backup"])
        with case("a database of a newer schema is left alone, and the message says so"):
            newer = os.path.join(folder, "newer")
            os.mkdir(newer)
            with closing(sqlite3.connect(os.path.join(newer, "skincnn.db"))) as db:
                db.execute("PRAGMA user_version = 999")
                db.commit()
            refused("--data", newer, data=False, words=["999", "skincnn.db"])
            _, err = tool("skincnn-admin", "key-list", "--data", newer, status=2)
            contains(err, "999")
            with closing(sqlite3.connect(os.path.join(newer, "skincnn.db"))) as db:
                equal(db.execute("SELECT count(*) FROM sqlite_schema").fetchone(), (0,))
    with Service(name="one of a folder") as one:
        codes = [one.post("/v1/assessments", ASSESSMENT).expect(201).json["code"] for _ in range(3)]
        with case("a second server on the folder ends with a message that names it"):
            refused("--data", one.data, data=False, words=["another server", one.data])
            refused("--data", one.data + "/.", "--check-self", data=False, words=["another server"])
            one.judge().expect(200)
        with case("no other process has the lock open, so that it ends with the server"):
            holders = [p for p in (one.process.pid, *descendants(one.process.pid))
                       if holds(p, os.path.join(one.data, "skincnn.lock"))]
            equal(holders, [one.process.pid])
        with case("killed, and started again at once: the folder is free, nothing is lost"):
            for _ in range(5):
                one.kill()
                one.start()
            for code in codes:
                one.get("/v1/assessments/" + code).expect(200)
        with case("admin: key-add, key-list, backup and check while it runs"):
            one.judge(headers={"X-API-Key": one.key()}).expect(200)
            out, _ = tool("skincnn-admin", "key-list", "--data", one.data)
            contains(out, "test")
            contains(tool("skincnn-admin", "check", "--data", one.data)[0], "sound")
            copy = os.path.join(one.folder, "copy.db")
            tool("skincnn-admin", "backup", "--data", one.data, copy)
            with closing(sqlite3.connect(copy)) as db:
                equal(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
                equal(db.execute("SELECT count(*) FROM record").fetchone(), (3,))
            equal(os.stat(copy).st_mode & 0o77, 0, "rights of others to the copy")
        with case("a database that key-add makes is for its owner alone"):
            fresh = os.path.join(one.folder, "fresh")
            os.mkdir(fresh)
            tool("skincnn-admin", "key-add", "--data", fresh, "--name", "x")
            equal(os.stat(os.path.join(fresh, "skincnn.db")).st_mode & 0o77, 0)
        with case("admin: wrong uses end with 2 and a message"):
            for wrong in (["key-add", "--data", one.data], ["key-add", "--name", "x"],
                          ["key-revoke", "--data", one.data, "99"],
                          ["key-revoke", "--data", one.data, "x"],
                          ["key-revoke", "--data", one.data],
                          ["key-add", "--data", one.data, "--name", "x" * 1000],
                          ["key-add", "--data", one.data, "--name", "x", "--rate", "-1"],
                          ["backup", "--data", one.data, "/nonexistent/x"], ["nothing"]):
                _, err = tool("skincnn-admin", *wrong, status=2)
                assert err.startswith("skincnn-admin: "), err
        with case("a data folder and its files are for the owner alone"):
            for name in os.listdir(one.data):
                equal(os.stat(os.path.join(one.data, name)).st_mode & 0o77, 0, name)


def damage(folder, sql):
    """Overwrites the page of the closed database whose number `sql` gives."""
    path = os.path.join(folder, "skincnn.db")
    with closing(sqlite3.connect(path)) as db:
        page = db.execute(sql).fetchone()[0]
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"damage" * 600)


@group
def damaged():
    for name, page in (("the last record", "PRAGMA page_count"),
                       ("the keys", "SELECT rootpage FROM sqlite_schema WHERE name = 'api_key'")):
        with Service(name=f"a database with damage in {name}") as s:
            path = os.path.join(s.data, "skincnn.db")
            s.post("/v1/assessments", ASSESSMENT).expect(201)
            s.key()
            s.stop()
            with open(path, "rb") as file:
                whole = file.read()
            with case(f"damage in {name}: no start, and the message says what to do"):
                damage(s.data, page)
                refused("--data", s.data, data=False,
                        words=[path, "damaged", "skincnn-admin check", "backup"])
                _, err = tool("skincnn-admin", "check", "--data", s.data, status=2)
                contains(err, path)
            with case("the copy from before is put in its place: it starts"):
                with open(path, "wb") as file:
                    file.write(whole)
                s.start()
                s.get("/readyz").expect(200)


if __name__ == "__main__":
    main()

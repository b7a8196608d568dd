"""test_durability.py - killed under load, or with its disk full, it loses no record that it has
acknowledged."""
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing

from pictures import b64, good
from service import Service, program, tool, until
from tap import LONG, SLOW, Skip, case, contains, equal, group, main

BODY = {"image": b64(good(size=224)), "dermatoscope": True, "keep": True,
        "answers": {"change": "yes", "uneven": "no", "large": "unsure", "site": "face",
                    "history": "no"}}
PATH = "/v1/assessments"


class Keepers:
    """Clients that keep, add to and erase assessments, and remember what was acknowledged."""

    def __init__(self, s, count):
        self.s, self.ended = s, threading.Event()
        self.kept, self.erased, self.doubtful = {}, set(), set()
        self.wrong, self.lock = [], threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True)
                        for i in range(count)]

    def run(self, number):
        dice = random.Random(number)
        while not self.ended.is_set():
            code = None
            with self.lock:
                mine = [c for c in self.kept if c not in self.doubtful]
                if mine and dice.random() < 0.4:
                    code = dice.choice(mine)
                    self.doubtful.add(code)
            try:
                if code and dice.random() < 0.3:
                    status = self.s.request("DELETE", f"{PATH}/{code}").status
                    with self.lock:
                        if status == 204:
                            self.erased.add(code)
                            del self.kept[code]
                        else:
                            self.wrong.append(status)
                    continue
                answer = self.s.post(PATH, {**BODY, "code": code})
                with self.lock:
                    if answer.status == 201:
                        code = answer.json["code"]
                        self.kept[code] = self.kept.get(code, 0) + 1
                        self.doubtful.discard(code)
                    else:
                        self.wrong.append((answer.status, answer.body[:200]))
            except Exception:  # it was killed: what was under way may be there or not
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(30 * SLOW)


@group
def killing():
    with Service("--log", "warn", name="kill -9") as s:
        kept, erased, doubtful = {}, set(), set()
        for number in range(12 if LONG else 4):
            with case(f"round {number + 1}: kill -9 under load; every acknowledged record is there"):
                with Keepers(s, 6) as load:
                    until(lambda: sum(load.kept.values()) >= 12 + 5 * number, 30, "records")
                    time.sleep(random.random() * 0.1)
                    s.kill()
                equal(load.wrong, [], "unexpected answers")
                for code, count in load.kept.items():
                    kept[code] = kept.get(code, 0) + count
                erased |= load.erased
                doubtful |= load.doubtful
                with closing(sqlite3.connect(os.path.join(s.data, "skincnn.db"))) as db:
                    equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                    equal(db.execute("PRAGMA foreign_key_check").fetchall(), [])
                s.start()
                for code, count in kept.items():
                    answer = s.get(f"{PATH}/{code}")
                    if code in doubtful:  # one more, or none at all, if that was under way
                        assert answer.status == 404 or \
                            len(answer.json["assessments"]) >= count, (code, answer)
                    else:
                        answer.expect(200)
                        equal(len(answer.json["assessments"]), count, "records of a spot")
                for code in erased:
                    equal(s.get(f"{PATH}/{code}").status, 404, "an erased spot")
                print(f"# {sum(kept.values())} records of {len(kept)} spots, {len(erased)} erased")
        with case("the database is sound, by the admin's check too"):
            s.stop()
            assert "sound" in tool("skincnn-admin", "check", "--data", s.data)[0]
            s.start()
    with Service("--log", "warn", name="backup") as s:
        with case("a backup under load is whole, and has all that was acknowledged before it"):
            with Keepers(s, 4) as load:
                until(lambda: len(load.kept) >= 8, 30, "records")
                with load.lock:
                    before = set(load.kept) | load.erased
                copy = os.path.join(s.folder, "copy.db")
                tool("skincnn-admin", "backup", "--data", s.data, copy)
            with closing(sqlite3.connect(copy)) as db:
                equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                records = db.execute("SELECT count(*) FROM spot").fetchone()[0]
            assert records >= len(before) - len(load.erased), (records, len(before))


class NoGrowth:
    """A disk on which no file grows: the server's writes end with EFBIG."""
    name = "files that may not grow"

    def __init__(self, s=None):
        self.s = s

    def limit(self, size=None):
        """Of each file of the server; None: as before."""
        most = resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.s.process.pid, resource.RLIMIT_FSIZE, (size or most, most))

    def fill(self):
        self.limit(40000)  # less than a record

    def free(self):
        self.limit()

    def folder(self):
        return self.s.data


class SmallDisk(NoGrowth):
    """A file system of 8 MB for the server alone, which ends with it: writes end with ENOSPC."""
    name = "a file system without space"
    data = os.path.join(tempfile.gettempdir(), f"skincnn-small-{os.getpid()}")

    @classmethod
    def under(cls, size):
        return ("unshare", "--mount", *(("--user", "--map-root-user") if os.getuid() != 0 else ()),
                "sh", "-c", f'mount -t tmpfs -o size={size},mode=700 none "$0" && exec "$@"',
                cls.data)

    def folder(self):
        return f"/proc/{self.s.process.pid}/root{self.data}"

    def fill(self):
        with open(self.folder() + "/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free(self):
        os.remove(self.folder() + "/filler")


def rows(disk, sql):
    """What a copy of the database answers."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("skincnn.db", "skincnn.db-wal"):
            shutil.copy(os.path.join(disk.folder(), name), folder)
        with closing(sqlite3.connect(os.path.join(folder, "skincnn.db"))) as db:
            return db.execute(sql).fetchall()


def live_with_full_disk(s, disk, headers=None):
    """`headers` may have a key, whose calls are counted in the database."""
    def records(code):
        return len(s.get(f"{PATH}/{code}").expect(200).json["assessments"])
    codes = [s.post(PATH, BODY).expect(201).json["code"] for _ in range(3)]
    before = rows(disk, "SELECT count(*), sum(length(sealed)) FROM record")
    disk.fill()
    with case(f"{disk.name}: what is to be kept is refused by 503, and nothing of it stays"):
        for code in (None, codes[0], None):
            s.post(PATH, {**BODY, "code": code}).problem(503, "busy", "nothing was stored")
        equal(len(s.events("assessment not kept")), 3, "lines of the log")
        equal(rows(disk, "SELECT count(*), sum(length(sealed)) FROM record"), before, "records")
    with case(f"{disk.name}: all the rest goes on"):
        s.post(PATH, {**BODY, "keep": False}).expect(200)
        s.get("/readyz").expect(200)
        for code in codes:
            equal(records(code), 1, "records")
        for _ in range(5):
            s.judge(headers=headers).expect(200)
        erased = s.request("DELETE", f"{PATH}/{codes[2]}").status
        assert erased in (204, 503), erased
        equal(s.get(f"{PATH}/{codes[2]}").status, 404 if erased == 204 else 200, "what it said")
        time.sleep(1.5)  # in which the counts of keys are to be stored
    disk.free()
    with case(f"{disk.name}: once there is space it keeps again, and has lost nothing"):
        codes[2] = s.post(PATH, BODY).expect(201).json["code"]
        s.post(PATH, {**BODY, "code": codes[0]}).expect(201)
        equal([records(code) for code in codes], [2, 1, 1], "records")
        if headers:
            until(lambda: rows(disk, "SELECT sum(requests) FROM key_usage") == [(5,)], 5,
                  "the count of the key")
        equal(rows(disk, "PRAGMA integrity_check"), [("ok",)])
    return codes


@group
def full_disk():
    with Service(name="a limit of its files") as s:
        disk = NoGrowth(s)
        codes = live_with_full_disk(s, disk, {"X-API-Key": s.key("--quota", "50")})
        with case("killed with its disk full: what was acknowledged is there afterwards"):
            disk.fill()
            s.post(PATH, BODY).expect(503)
            s.kill()
            s.start()
            for code in codes:
                s.get(f"{PATH}/{code}").expect(200)
            s.post(PATH, BODY).expect(201)
    if not shutil.which("unshare"):
        with case(SmallDisk.name):
            raise Skip("no unshare (Debian: util-linux)")
        return
    os.mkdir(SmallDisk.data)
    try:
        probe = subprocess.run([*SmallDisk.under("8m"), "true"], capture_output=True, text=True,
                               check=False)
        if probe.returncode != 0:
            with case(SmallDisk.name):
                raise Skip(f"none can be mounted here: {probe.stderr.strip()[:100]}")
            return
        with Service(name="a small disk", under=SmallDisk.under("8m"), data=SmallDisk.data) as s:
            live_with_full_disk(s, SmallDisk(s))
        for size in ("16k", "48k"):
            with case(f"{size} of space at the start: a message that says why"):
                done = subprocess.run(
                    [*SmallDisk.under(size), program("skincnn-server"), "--data", SmallDisk.data,
                     "--listen", "127.0.0.1:0", "--check-self"], capture_output=True, text=True,
                    timeout=30 * SLOW, check=False)
                equal(done.returncode, 2, "its status")
                contains(done.stderr, SmallDisk.data + "/skincnn.db: ")
                assert "disk is full" in done.stderr or "No space left" in done.stderr, done.stderr
    finally:
        os.rmdir(SmallDisk.data)


if __name__ == "__main__":
    main()

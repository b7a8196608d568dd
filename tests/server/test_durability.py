"""test_durability.py - killed under load, it loses no record that it has acknowledged."""
import os
import random
import sqlite3
import threading
import time
from contextlib import closing

from pictures import b64, good
from service import Service, tool, until
from tap import LONG, SLOW, case, equal, group, main

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


if __name__ == "__main__":
    main()

"""soak.py BUILD [SECONDS] - a long mixed load with flat memory: ten minutes unless told otherwise."""
import random
import sys
import threading
import time

import pictures
from pictures import b64, good
from service import Service
from tap import TAP, case, equal

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 600
ANSWERS = {"change": "no", "uneven": "no", "large": "no", "site": "other", "history": "no"}


class Soak:
    def __init__(self, s):
        self.s, self.ended = s, threading.Event()
        self.wrong, self.count, self.lock = [], 0, threading.Lock()
        texts = [b64(p) for p in pictures.all_good()]
        everything = {"image": texts[0], "dermatoscope": False, "answers": ANSWERS}
        self.requests = [
            (20, (200,), lambda: s.judge()),
            (10, (200,), lambda: s.post("/v1/diagnosis", {"image": texts[1], "crop": "auto"})),
            (3, (200,), lambda: s.post("/v1/malignancy", {"images": texts * 2})),
            (3, (200,), lambda: s.judge(path="/v1/diagnosis?explain=true")),
            (3, (200,), lambda: s.post("/v1/assessments", everything)),
            (3, (404,), self.life),
            (4, (400,), lambda: s.post("/v1/malignancy", b"[" * 5000)),
            (4, (415,), lambda: s.judge(b"nonsense")),
            (4, (422,), lambda: s.judge(good()[:2000])),
            (2, (422,), lambda: s.judge(pictures.bomb())),
            (1, (413,), lambda: s.judge(bytes(41_000_000))),
            (4, (200,), lambda: s.get("/")),
            (4, (200,), lambda: s.get("/metrics")),
            (4, (200,), lambda: s.get("/readyz")),
            (4, (404,), lambda: s.get("/v1/assessments/" + "0" * 25)),
        ]
        self.everything = everything

    def life(self):
        code = self.s.post("/v1/assessments", {**self.everything, "keep": True}).json["code"]
        self.s.get("/v1/assessments/" + code).expect(200)
        self.s.request("DELETE", "/v1/assessments/" + code).expect(204)
        return self.s.get("/v1/assessments/" + code)

    def run(self, number):
        dice = random.Random(number)
        weights = [weight for weight, _, _ in self.requests]
        while not self.ended.is_set():
            _, expected, ask = dice.choices(self.requests, weights)[0]
            try:
                status = ask().status
                bad = status not in expected and f"{status}, not {expected}"
            except (BrokenPipeError, ConnectionResetError):
                bad = expected != (413,) and "reset"
            except Exception as error:  # shown by the case
                bad = repr(error)
            with self.lock:
                self.count += 1
                if bad:
                    self.wrong.append(bad)


def main():
    with Service("--log", "warn", name="soak") as s:
        admin = {"Authorization": "Bearer " + s.key("--admin")}
        soak = Soak(s)
        threads = [threading.Thread(target=soak.run, args=(i,), daemon=True) for i in range(6)]
        for thread in threads:
            thread.start()
        begin, warm, samples = time.monotonic(), 0, []
        while time.monotonic() - begin < SECONDS:
            time.sleep(min(5, SECONDS / 20))
            s.post("/v1/models/reload", b"", admin, type=None, timeout=60).expect(200)
            samples.append(s.resident())
            passed = time.monotonic() - begin
            if not warm and passed > SECONDS / 3:
                warm = len(samples)
            print(f"# {passed:5.0f} s: {soak.count} requests, {samples[-1] >> 20} MiB", flush=True)
        soak.ended.set()
        for thread in threads:
            thread.join(60)
        with case(f"{soak.count} mixed requests in {SECONDS:g} s were answered as they should"):
            equal(soak.wrong[:5], [])
            assert soak.count > SECONDS, soak.count
        with case("memory is flat: means of the second and the last third differ by 10 % at most"):
            middle = samples[warm:warm + (len(samples) - warm) // 2]
            last = samples[warm + len(middle):]
            first, second = sum(middle) / len(middle), sum(last) / len(last)
            print(f"# {first / 2 ** 20:.1f} MiB, then {second / 2 ** 20:.1f} MiB")
            assert second < 1.1 * first, "memory grows"
        with case("nothing is held at the end"):
            equal(s.metric("http_body_bytes"), 0)
            equal((s.metric("http_waiting"), s.metric("queue_pictures")), (0, 0))
    TAP.finish()


if __name__ == "__main__":
    main()

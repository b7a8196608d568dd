"""turns.py - the sides of a comparison as processes that work in turns, and how quiet it was."""
import dataclasses
import json
import os
import select
import statistics
import subprocess
import time

PATIENCE = 300  # seconds that an answer may take
PAUSE = 0.02    # between turns: idle threads of the other side spin for some milliseconds
TURN = 0.15     # seconds of work in a turn, where a round takes less
QUIET = 5       # percent of a turn in which something waited for a core


class SideFailed(Exception):
    """A side ended, or does not answer."""


class Side:
    """A process that speaks protocol.h. It starts to set itself up at once."""

    def __init__(self, command, environment=None):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **(environment or {})})
        self.about = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answer(self):
        """One line. Each is asked for, so nothing waits in the stream's own buffer."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            why = "no answer" if not ready else f"ended with status {self.process.wait()}"
            raise SideFailed(f"{why}: {' '.join(self.command)}")
        return line

    def _ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer will be missing
        return self._answer()

    def wait_ready(self):
        self.about = json.loads(self._answer().removeprefix("ready "))
        return self.about

    def run(self, rounds=1):
        """Seconds of all items of all rounds, in a row."""
        return [float(word) for word in self._ask(f"run {rounds}").split()]

    def peak(self):
        """Largest resident size so far, bytes."""
        return 1024 * int(self._ask("peak"))


def _warm_up(side):
    """Runs a side twice; returns how many items a round has and how many rounds make a turn."""
    side.run()
    time.sleep(PAUSE)
    begin = time.monotonic()
    items = len(side.run())
    return items, max(1, min(100, int(TURN / (time.monotonic() - begin))))


@dataclasses.dataclass
class Turn:
    """One turn of each side."""
    seconds: list  # by side: of all items of all rounds, in a row
    noise: dict

    def quiet(self):
        return (self.noise["waited"] or 0) < QUIET


def _turn(sides, rounds):
    seconds, noise = [], Noise()
    for side, count in zip(sides, rounds):
        time.sleep(PAUSE)
        seconds.append(side.run(count))
    return Turn(seconds, noise.percent())


def _summary(turns, items):
    """By side the medians of its items, and the mean noise."""
    medians = [[statistics.median(value for turn in turns for value in turn.seconds[side][item::n])
                for item in range(n)] for side, n in enumerate(items)]
    noise = {name: None if share is None else
             round(statistics.mean(turn.noise[name] for turn in turns), 1)
             for name, share in turns[0].noise.items()}
    return medians, noise


def in_turns(sides, seconds, least):
    """Runs the sides one after the other for about `seconds` and `least` quiet turns, but for no
    more than twice as many turns. Returns for each side the median seconds of its items, and how
    noisy the machine was: over the quiet turns if there were enough, else over all."""
    for side in sides:
        side.wait_ready()
    items, rounds = zip(*(_warm_up(side) for side in sides))
    turns, quiet, begin = [], [], time.monotonic()
    while (len(quiet) < least and len(turns) < 2 * least) or time.monotonic() - begin < seconds:
        turns.append(_turn(sides, rounds))
        quiet = [turn for turn in turns if turn.quiet()]
    return _summary(quiet if len(quiet) >= least else turns, items)


class Noise:
    """What kept the cores from the bench since it was made, in percent of the time: `waited`, that
    some runnable task had no core (pressure stall information), and `stolen`, that the host gave
    the cores to others. None where the kernel does not tell."""

    def __init__(self):
        self.time, self.pressure, self.steal = time.monotonic(), self._pressure(), self._steal()

    @staticmethod
    def _pressure():
        try:
            with open("/proc/pressure/cpu", encoding="ascii") as file:
                return int(file.readline().rpartition("total=")[2]) / 1e6
        except (OSError, ValueError):
            return None

    @staticmethod
    def _steal():
        try:
            with open("/proc/stat", encoding="ascii") as file:
                ticks = int(file.readline().split()[8])
        except (OSError, ValueError, IndexError):
            return None
        return ticks / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)

    def percent(self):
        now = Noise()

        def share(after, before):
            return None if before is None else round(100 * (after - before) / took, 1)
        took = max(now.time - self.time, 1e-9)
        return {"waited": share(now.pressure, self.pressure),
                "stolen": share(now.steal, self.steal)}

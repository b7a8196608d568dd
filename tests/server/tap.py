"""tap.py - the Test Anything Protocol: cases that fail without ending what comes after them."""
import contextlib
import os
import sys
import time
import traceback

# How much longer than usual things may take: for sanitizers and busy machines.
SLOW = float(os.environ.get("SKINCNN_SLOW", "1"))
LONG = os.environ.get("SKINCNN_LONG", "") not in ("", "0")


class Skip(Exception):
    """What ends a case that cannot be tried here, with the reason."""


class Tap:
    """The cases of one program."""

    def __init__(self):
        self.count = self.failed = 0

    def line(self, good, name, note=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}{note}", flush=True)

    @contextlib.contextmanager
    def case(self, name):
        """One test: it fails by an exception, which is shown and goes no further."""
        begin = time.monotonic()
        try:
            yield
        except Skip as reason:
            self.count += 1
            print(f"ok {self.count} # SKIP {name}: {reason}", flush=True)
        except Exception as error:  # whatever it is, the cases after it go on
            self.line(False, name)
            for line in traceback.format_exc().rstrip().splitlines()[-7:]:
                print(f"# {line[:600]}")
            if not isinstance(error, AssertionError):
                print(f"# ({type(error).__name__})")
        else:
            self.line(True, name)
        if time.monotonic() - begin > 3:
            print(f"# {time.monotonic() - begin:.1f} s")

    def finish(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)


TAP = Tap()
case = TAP.case
_groups = []


def group(function):
    """Marks a function of cases; main() runs them in turn, each on its own."""
    _groups.append(function)
    return function


def main():
    wanted = sys.argv[2:]
    for function in _groups:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function()
        except Exception:  # such as a server that does not start
            TAP.line(False, f"{function.__name__}: goes to its end")
            for line in traceback.format_exc().rstrip().splitlines()[-12:]:
                print(f"# {line[:600]}")
    TAP.finish()


def equal(actual, expected, what="value"):
    assert actual == expected, f"{what} is {actual!r:.300}, not {expected!r:.300}"


def contains(text, part, what="text"):
    assert part in text, f"{what} {text!r:.400} has no {part!r:.200}"


def between(value, least, most, what="value"):
    assert least <= value <= most, f"{what} is {value!r}, not in {least!r}..{most!r}"

"""test_documents.py BUILD - what is written about the service is so: examples, options, routes, problems, pages."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from pictures import good
from service import ROOT, Service, environment, tool
from tap import SLOW, Skip, case, contains, equal, group, main

EXAMPLES = os.path.join(ROOT, "docs/examples")
NAMES = ("malignancy-json", "malignancy-raw", "malignancy-several", "diagnosis", "assessment", "key",
         "protocol")
RUN = {"sh": "sh", "py": sys.executable, "mjs": "node"}
FENCES = {"sh": "sh", "py": "python", "mjs": "js"}
ADDRESS = "http://127.0.0.1:8080"
LEVELS = r"\b(low|watch|high)\b"
LABELS = r"\b(akiec|bcc|bkl|df|mel|nv|vasc)\b"
TASK = r"\b(benign|malignant)\b"
# What each example prints at least.
PRINTS = {"malignancy-json": TASK, "malignancy-raw": TASK, "malignancy-several": TASK,
          "diagnosis": "melanoma", "assessment": LEVELS, "key": TASK, "protocol": LABELS}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def run_example(s, name, kind, key):
    """Runs it in a folder with the pictures that it names; returns what it printed and the folder's files."""
    text = read(f"docs/examples/{name}.{kind}")
    assert ADDRESS in text, "the address is not in it"
    text = text.replace(ADDRESS, f"http://127.0.0.1:{s.port}").replace("skc_YOUR_KEY", key)
    with tempfile.TemporaryDirectory() as folder:
        for file_name, label in (("lesion.jpg", "mel"), ("second.jpg", "nv")):
            with open(os.path.join(folder, file_name), "wb") as file:
                file.write(good(label))
        script = os.path.join(folder, f"example.{kind}")
        with open(script, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([RUN[kind], script], cwd=folder, capture_output=True, text=True,
                              env={**environment(), "NODE_NO_WARNINGS": "1"}, timeout=60 * SLOW, check=False)
        files = {}
        for file_name in os.listdir(folder):
            with open(os.path.join(folder, file_name), "rb") as file:
                files[file_name] = file.read()
    equal(done.returncode, 0, f"the status, with {done.stderr[-400:]!r} and {done.stdout[-300:]!r},")
    equal(done.stderr, "", "standard error")
    return done.stdout, files


@group
def examples():
    with case("the examples are those that are tested, each in three languages"):
        equal(sorted(os.listdir(EXAMPLES)), sorted(f"{n}.{k}" for n in NAMES for k in RUN), "files")
    with Service("--no-anonymous", name="keys") as strict, Service(name="examples") as s:
        key = strict.key()
        for name in NAMES:
            for kind, program in RUN.items():
                with case(f"example {name}.{kind} does what it says"):
                    for needed in {program, "curl"} if kind == "sh" else {program}:
                        if shutil.which(needed) is None:
                            raise Skip(f"{needed} is not installed")
                    printed, files = run_example(strict if name == "key" else s, name, kind, key)
                    assert re.search(PRINTS[name], printed), printed[-500:]
                    if name == "diagnosis":
                        equal(files["heat-map.jpg"][:3], b"\xff\xd8\xff", "the heat map's beginning")
        with case("what the assessments' examples kept is erased"):
            equal(s.metric("http_requests_total", route="/v1/assessments/{code}", status="204"),
                  float(sum(shutil.which(p) is not None for p in ("curl", "python3", "node"))),
                  "the number of erasures")
        with case("the service has the files that the page shows"):
            for name in os.listdir(EXAMPLES):
                equal(s.get(f"/examples/{name}").expect(200).body.decode(),
                      read(f"docs/examples/{name}"), name)
        with case("the page names all examples"):
            script = s.get("/docs.js").expect(200).body.decode()
            for name in NAMES:
                contains(script, f"'{name}'", "docs.js")
                contains(script, f"'docs.example.{name}':", "docs.js")
        with case("/docs is the page, with a policy that allows nothing inline"):
            page = s.get("/docs").expect(200)
            contains(page.headers["content-security-policy"], "script-src 'self'", "the policy")
            assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.body.decode())


@group
def fences():
    text = read("docs/http-api.md")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.S | re.M)
    for name in NAMES:
        for kind, fence in FENCES.items():
            with case(f"docs/http-api.md shows {name}.{kind} as it is"):
                assert (fence, read(f"docs/examples/{name}.{kind}")) in blocks, "no block is equal"


@group
def routes_and_problems():
    text = read("docs/http-api.md")
    with case("docs/http-api.md names every route"):
        for path in set(re.findall(r'\{ "[A-Z]+", "(/[^"]*)"', read("server/routes.c"))):
            short = re.sub(r"/versions/\{version\}", "", path)
            if path.endswith("...}"):
                continue
            contains(text, short, "the page")
    with case("docs/http-api.md has every problem code with its status, and no other"):
        table = re.findall(r'X\(\w+, (\d+), "(\w+)"', read("server/http/problem.h"))
        rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", text, re.M)
        found = {(status, code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
        equal(found, set(table), "the codes")


@group
def operation():
    text = read("docs/server.md")
    for program, page in (("skincnn-server", text), ("skincnn-admin", text)):
        said, _ = tool(program, "--help")
        if program == "skincnn-admin":
            for command in ("key-add", "key-list", "key-revoke", "backup", "check"):
                contains(said, command, "its help")
                said += tool(program, command, "--help")[0]
                contains(page, f"skincnn-admin {command}", "docs/server.md")
        for option in sorted(set(re.findall(r"--([a-z][a-z-]+)", said))):
            with case(f"docs/server.md has --{option} of {program}"):
                contains(page, f"`--{option}", "docs/server.md")
    with case("docs/server.md has the defaults of the options"):
        rows = dict(re.findall(r"^\| `--([a-z-]+)[^`]*` \| ([^|]*?) \|", text, re.M))
        shown, _ = tool("skincnn-server", "--data", "x", "--check-config")
        units = {"k": 10**3, "M": 10**6, "G": 10**9}
        for name, value in re.findall(r"^([a-z-]+) = (.*)$", shown, re.M):
            if name == "data":
                continue
            said = rows[name].strip("`")
            if said[-1:] in units and said[:-1].isdigit():
                said = str(int(said[:-1]) * units[said[-1]])
            equal(said, value, f"the default of {name}")
    with case("docs/server.md has every metric"):
        with Service(name="metrics") as s:
            s.judge().expect(200)
            for name in re.findall(r"^# TYPE skincnn_(\w+)", s.get("/metrics").body.decode(), re.M):
                contains(text, f"`skincnn_{name}`", "docs/server.md")
            for event in s.events():
                contains(text, f"`{event['event']}`", "docs/server.md")


@group
def thresholds():
    rows = re.findall(r"^\| `(weights/[^`]*)`[^|]* \| ([0-9.]+) \| ([0-9.]+) \|$", read("docs/risk-rule.md"), re.M)
    equal(len(rows), 4, "the number of models in docs/risk-rule.md")
    for path, watch, high in rows:
        with case(f"docs/risk-rule.md has the points of {path}"):
            said, _ = tool("skincnn-model", "inspect", os.path.join(ROOT, path))
            points = re.findall(r"^(\w+) +([0-9.]+) +[0-9.]+ +[0-9.]+$", said.split("operating point")[1], re.M)
            equal(points[0], ("sensitivity_95", high), "the high point, the first")
            equal(dict(points)["sensitivity_98"], watch, "the watch point")


@group
def links():
    for page in ("http-api.md", "server.md", "privacy.md", "risk-rule.md"):
        with case(f"links of docs/{page} lead to files"):
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(f"docs/{page}")):
                assert os.path.exists(os.path.join(ROOT, "docs", target)), target


if __name__ == "__main__":
    main()

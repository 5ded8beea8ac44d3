#!/usr/bin/env python3
"""Runs the suites of `make check`, `make test` and `make test-all` side by side, and adds up what they counted.

    tests/run.py check|test|rest|all [SUITE...]       only these suites, if any are named

What a suite prints goes to build/logs/SUITE.log. A line of progress says what runs and for how long; a suite that fails
shows the end of its log. The last line is "N passed, N failed, N skipped". In CI (the variable) nothing may be skipped.
Standard library only.
"""

import dataclasses
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "logs"
CORES = len(os.sched_getaffinity(0))
SLOTS = CORES + 1  # suites at a time: most wait for something half of the time
MAKE = ["make", "--no-print-directory", f"-j{CORES}", "WERROR=-Werror"]
ENV = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
LIMIT_S = 45 * 60  # a suite that takes longer hangs
TAIL_LINES = 60
HAS_PORTABLE = re.search(r"\bPORTABLE\b", (ROOT / "Makefile").read_text())


@dataclasses.dataclass
class Suite:
    name: str
    command: list
    after: tuple = ()  # suites that must have ended well
    slots: int = 1  # of SLOTS; 0: beside the others, it gives way to them by itself, or waits nearly all of the time
    behind: tuple = ()  # suites that must have ended, well or not
    process: subprocess.Popen = None
    began: float = 0.0
    took: float = 0.0
    processor: float = 0.0  # seconds of it that the suite and what it started have used
    verdict: str = ""  # "", then "ok" or what is wrong
    counts: dict = dataclasses.field(default_factory=dict)

    @property
    def log(self):
        return LOGS / f"{self.name}.log"


def make(name, *words, after=("build",), slots=1):
    return Suite(name, [*MAKE, *words], after, slots)


def apart(name, *words):
    """A tree of its own, compiled and run with what the other suites leave of the processors."""
    return Suite(name, ["nice", "-n", "5", *MAKE, *words])


def sanitized(name, suites):
    """Built as apart() does; what then runs has to keep up with the servers around it."""
    return apart(f"{name}-build", name, "SUITES=programs"), make(name, name, f"SUITES={suites}", after=(f"{name}-build",))


def pytest(suite, folder="tests/e2e", after=("build",), slots=1):
    command = ["build/venv/bin/python", "-m", "pytest", "-v", "--durations=5", folder]
    return Suite(f"e2e-{suite}", [*command, "--suite", suite], after, slots) if suite else Suite("k8s", command, after, slots)


# The order is that of starting: first what others wait for, then the longest.
CHECK = [
    make("build", "all", "programs", after=(), slots=SLOTS),
    make("unit", "unit"),
    make("meta", "meta", after=()),
    make("fuzz", "fuzz-replay"),
    make("format", "format-check", after=()),
]
TEST = [
    pytest("sessions", slots=0),
    *(pytest(name) for name in ("real", "kubernetes", "clusters", "people", "tokens", "provider", "gateway")),
    make("integration", "integration", slots=0),
]
TEST = [CHECK[0], *TEST, *CHECK[1:]]
BROWSING = ("spark-3.1", "spark-3.5", "spark-4.2", "spark-modes", "roles", "keycloak", "ingresses", "other-uis", "prometheus", "thrift")


def kubernetes():
    """Without the Helm chart's tests: they build Helm twice (`make chart`)."""
    suite = pytest(None, "tests/k8s", after=("build", "kube-apiserver"))
    suite.command += ["--ignore-glob", "*/test_chart*.py"]
    return suite


def docker():
    """Its networks come and go, and Chromium ends every request of its when one does (ERR_NETWORK_CHANGED)."""
    suite = pytest("docker")
    suite.behind = ("compat", *(f"e2e-{name}" for name in BROWSING))
    return suite


REST = [
    CHECK[0],
    Suite("kube-apiserver", ["python3", "tests/support/kube_install.py", "--when-idle"], slots=0),
    Suite("versitygw", ["nice", "-n", "5", "python3", "tests/support/versitygw_install.py"], slots=0),
    *sanitized("asan", "unit integration fuzz-replay"),
    Suite("compat", ["build/venv/bin/python", "tests/compat/compat.py", "--again", "--results", "build/compat-ci.tsv",
                     "--details", "build/compat-ci", "--only", "3.2.1/plain 3.5.9/plain 4.3.0/plain"], ("build",)),
    *(pytest(name) for name in BROWSING),
    docker(),
    pytest("launch", after=("build", "versitygw")),
    pytest("h2spec", slots=0),
    *sanitized("tsan", "unit integration"),
    apart("clang", "clang"),
    *([apart("portable", "PORTABLE=1", "BUILD=build/portable", "unit")] if HAS_PORTABLE else []),
    make("differential", "differential"),
    make("valkey", "valkey-short", slots=0),
    Suite("packages", ["nice", "-n", "5", "build/venv/bin/python", "-m", "pytest", "-v", "--durations=5", "tests/packages"], ("build",),
          behind=("e2e-docker",)),  # an engine at a time
    Suite("debian-13", ["nice", "-n", "5", "python3", "tests/support/distros.py", "debian-13", "--only", "build", "unit"], ("build",)),
    kubernetes(),
    *(pytest(name, slots=SLOTS) for name in ("many-tokens", "bursts")),  # they compare times
]


def counted(text, command):
    """What a log says was counted: its lines "name: N passed, N failed, N skipped", or pytest's last line."""
    lines = re.findall(r"^[a-z0-9-]+: \d+ passed, .*", text, re.M)
    if "pytest" in command:
        lines = re.findall(r"^=+ .*\d+ \w+.* in [\d.]+s.*=+$", text, re.M)[-1:]
    return {word: sum(int(n) for line in lines for n in re.findall(rf"(\d+) {pattern}", line))
            for word, pattern in (("passed", "passed"), ("failed", "(?:failed|error)"), ("skipped", "skipped"))}


def begin(suite):
    suite.began = time.monotonic()
    # a group of its own, so that all of it can be ended; not a session, so that `nice` counts among the suites
    suite.process = subprocess.Popen(suite.command, cwd=ROOT, env=ENV, stdin=subprocess.DEVNULL, stdout=suite.log.open("w"),
                                     stderr=subprocess.STDOUT, process_group=0)


def end(suite, verdict):
    suite.took, suite.process = time.monotonic() - suite.began, None
    suite.counts = counted(suite.log.read_text(errors="replace"), suite.command)
    if verdict != "ok" and suite.counts["failed"] == 0:
        suite.counts["failed"] = 1
    if verdict == "ok" and suite.counts["failed"]:
        verdict = "FAILED"
    if verdict == "ok" and sum(suite.counts.values()) == 0:
        suite.counts["passed"] = 1  # a build, say
    suite.verdict = verdict


def kill(suite):
    """As Ctrl-C does, so that tests stop what they started; what does not end by that is killed."""
    if suite.process is None:
        return
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(suite.process.pid, number)
            suite.process.wait(20)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def percent(suite):
    """How far pytest says it is."""
    with suite.log.open("rb") as log:
        log.seek(max(0, suite.log.stat().st_size - 4096))
        found = re.findall(rb"\[ *(\d+)%\]", log.read())
    return f" {found[-1].decode()}%" if found else ""


class Screen:
    """A line of progress: rewritten on a terminal, a new one now and then in a log."""

    def __init__(self):
        self.is_terminal, self.began, self.last = sys.stdout.isatty(), time.monotonic(), 0.0

    def say(self, text):
        print(("\r\033[K" if self.is_terminal else "") + text, flush=True)

    def progress(self, suites):
        now = time.monotonic()
        if now - self.last < (1 if self.is_terminal else 30):
            return
        self.last = now
        running = ", ".join(f"{s.name} {clock(now - s.began)}{percent(s)}" for s in suites if s.process)
        done = sum(1 for s in suites if s.verdict)
        line = f"{clock(now - self.began):>6}  {done} of {len(suites)} suites done; running: {running}"
        if self.is_terminal:
            print("\r\033[K" + line[:os.get_terminal_size().columns - 1], end="", flush=True)
        else:
            print(line, flush=True)

    def verdict(self, suite):
        counts = ", ".join(f"{n} {word}" for word, n in suite.counts.items() if n)
        if suite.verdict != "ok":
            counts = f"{suite.verdict}: {counts} ({suite.log.relative_to(ROOT)})"
        self.say(f"{clock(time.monotonic() - self.began):>6}  {suite.name:<16} {clock(suite.took):>6} "
                 f"{suite.processor:>6.0f} s of CPU  {counts}")
        if suite.verdict not in ("ok", "not run"):
            lines = suite.log.read_text(errors="replace").splitlines()
            self.say("\n".join(f"        | {line}" for line in lines[-TAIL_LINES:]))


def processor_of_ended():
    """Seconds of processor that ended children, and theirs, have used: one that is told of adds all of its own at once."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def look(suite, screen):
    """Ends the suite if its process has."""
    before = processor_of_ended()
    code = suite.process.poll()
    suite.processor = processor_of_ended() - before
    if code is None and time.monotonic() - suite.began < LIMIT_S:
        return
    if code is None:
        kill(suite)
    end(suite, "ok" if code == 0 else "FAILED" if code is not None else f"took more than {LIMIT_S // 60} minutes")
    screen.verdict(suite)


def start_what_can(suites, screen):
    by_name = {s.name: s for s in suites}
    for suite in (s for s in suites if not s.process and not s.verdict):
        needed = [by_name[name].verdict for name in suite.after if name in by_name]
        if any(verdict not in ("", "ok") for verdict in needed):
            suite.log.write_text("")
            suite.verdict, suite.counts = "not run", {"failed": 1}
            screen.verdict(suite)
            continue
        used = sum(s.slots for s in suites if s.process)
        waits = any(by_name[name].verdict == "" for name in suite.behind if name in by_name)
        if all(needed) and not waits and used + suite.slots <= SLOTS:
            begin(suite)


def run(suites, screen):
    while not all(suite.verdict for suite in suites):
        start_what_can(suites, screen)
        screen.progress(suites)
        time.sleep(0.2)
        for suite in [s for s in suites if s.process]:
            look(suite, screen)


def wanted(words):
    """The suites of a set, or those of them that are named, each once."""
    sets = {"check": CHECK, "test": TEST, "rest": REST, "all": TEST + REST}
    if not words or words[0] not in sets:
        raise SystemExit("usage: tests/run.py check|test|rest|all [SUITE...]")
    chosen = {suite.name: suite for suite in sets[words[0]] if words[1:] == [] or suite.name in words[1:]}
    unknown = set(words[1:]) - chosen.keys()
    if unknown:
        raise SystemExit(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in sets[words[0]])}")
    return list(chosen.values())


def stop(number, _):
    raise SystemExit(128 + number)


def failed_tests(suite):
    """The names of a suite's failed tests, as cmocka and pytest print them, each once."""
    text = suite.log.read_text(errors="replace")
    found = re.findall(r"^\[  FAILED  \] ([a-z]\w+)$|^(?:FAILED|ERROR) (\S+)", text, re.M)
    return list(dict.fromkeys(cmocka or pytest_name.rpartition("/")[2] for cmocka, pytest_name in found)) or [suite.verdict]


def main():
    suites, screen = wanted(sys.argv[1:]), Screen()
    LOGS.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell lets its background jobs ignore it
    try:
        run(suites, screen)
    finally:
        for suite in suites:
            kill(suite)
    for suite in (s for s in suites if s.verdict != "ok"):
        screen.say(f"{suite.name}: {', '.join(failed_tests(suite)[:20])}")  # once more: logs are read from their end
    total = {word: sum(suite.counts.get(word, 0) for suite in suites) for word in ("passed", "failed", "skipped")}
    screen.say(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or (os.environ.get("CI") and total["skipped"]) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""`make bench-roles`: an application's 4 KB page for its owner, whose custom role opens `own` applications, and for somebody with the
role `user`, in turn, of one process of sparkgate.

ROUNDS (15), SECONDS_EACH (2). Prints the ratio of the CPU of each request, round by round, and their median; and, where valgrind is,
the ratio of the instructions of each (COUNTED=1000 requests in a round, 0: none), which other load on the machine does not change.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import gate
import loads
import peers
import spark_site
from bench import BUILD, LINKS_PAGE
from machine import HOST, LOAD_CORE

sys.path.append(str(peers.ROOT / "tests" / "support"))

from mock_provider import Key, jws  # noqa: E402

ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "15")), int(os.environ.get("SECONDS_EACH", "2"))
COUNTED, COUNTED_ROUNDS = int(os.environ.get("COUNTED", "1000")), 3
LIMIT = 1.03
MOUNT, PAGE = f"/local/proxy/{spark_site.APP}", "/jobs/"
# Of one length each, so that nothing but the decision differs. The last holds the owner's role and owns nothing.
PEOPLE = {"user": ("bench", "carol"), "own": ("owner", spark_site.APP_USER), "neither": ("owner", "doris")}


class Gate(gate.Gate):
    """Two roles; `wrapper`: the words before its command."""

    def __init__(self, world, name, wrapper=()):
        self.wrapper = wrapper
        super().__init__(world, name, "memory:", BUILD / "sparkgate")

    def command(self):
        return [*self.wrapper, *super().command(), *(["--dumpable"] if self.wrapper else [])]

    def settings(self, world, store):
        made = super().settings(world, store)
        made["auth"]["roles"]["custom"] = [{"role": "owner", "applications": ["own"], "rights": ["view"]}]
        return made

    def people(self, tokens):
        """Both are answered the same; who owns nothing is told that there is nothing."""
        url, headers = self.origin + MOUNT, {name: f"Authorization: Bearer {token}" for name, token in tokens.items()}
        for name in ("user", "own", "neither"):
            self.process.await_status(url + PAGE, dict([headers[name].split(": ", 1)]), 404 if name == "neither" else 200)
        people = [peers.Contender(name, self.process, url, headers[name]) for name in ("own", "user")]
        if len({page_of(one, http.client.HTTPConnection(HOST, self.port, timeout=20)) for one in people}) > 1:
            raise loads.Failed("the two are sent pages that differ")
        return people


def page_of(one, connection):
    connection.request("GET", MOUNT + PAGE, headers=dict([one.header.split(": ", 1)]))
    answer = connection.getresponse()
    if answer.status != 200:
        raise loads.Failed(f"{one.name}: {answer.status}")
    return answer.read()


def issuer(folder):
    """Its folder with jwks.json, and a token for each person."""
    key, now = Key("RS256"), int(time.time())
    folder.mkdir()
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.jwk()]}))
    return {name: jws(key, {"iss": peers.ISSUER, "aud": "bench", "sub": user, "roles": [role], "preferred_username": user,
                            "iat": now, "exp": now + 24 * 3600}) for name, (role, user) in PEOPLE.items()}


def in_turn(people, rounds, measure, unit):
    ratios = []
    for number in range(rounds):
        cost = {one.name: measure(one) for one in (people if number % 2 else people[::-1])}
        ratios.append(cost["own"] / cost["user"])
        print(f"  round {number + 1}/{rounds}: own {cost['own']:.2f} {unit}, user {cost['user']:.2f}: {ratios[-1]:.3f}", file=sys.stderr, flush=True)
    return f"{statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f})"


def cpu(one):
    return loads.wrk(one.process, one.url + PAGE, one.header, SECONDS, 32)["cpu_us"]


# --- instructions

def own_instructions(profile, program):
    """Those of the program itself, without its libraries, in a file of callgrind's."""
    names, is_own, is_call, total = {}, False, False, 0
    for line in profile.splitlines():
        binary = re.fullmatch(r"(c?)ob=\((\d+)\)(?: (.*))?", line)  # named once, where it is first
        if binary:
            is_called, number, name = binary.groups()
            names.setdefault(number, name)
            is_own = is_own if is_called else names[number] == program
        elif line.startswith("calls="):
            is_call = True  # the next line is what the called function cost
        elif re.match(r"[+*\d-]", line):
            total += 0 if is_call or not is_own else int(line.split()[1])
            is_call = False
    return total


class Counter:
    """Requests to a gateway below callgrind, one after the other on one connection."""

    def __init__(self, folder, gateway):
        self.folder, self.gateway, self.program = folder, gateway, str(pathlib.Path(gateway.binary).resolve())
        self.all = {"own": [], "user": []}
        self.control("-i", "on")

    def control(self, *words):
        subprocess.run(["callgrind_control", *words, str(self.gateway.process.popen.pid)], check=True, capture_output=True, text=True)

    def ask(self, one, count):
        connection = http.client.HTTPConnection(HOST, self.gateway.port, timeout=60)
        for _ in range(count):
            page_of(one, connection)
        connection.close()

    def instructions(self, one):
        self.ask(one, 50)
        self.control("-z")
        self.ask(one, COUNTED)
        self.control("-d")
        dump = max(self.folder.glob("callgrind.out.*"), key=lambda path: path.stat().st_mtime_ns)
        text = dump.read_text()
        self.all[one.name].append(int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)) / COUNTED)
        dump.unlink()
        return own_instructions(text, self.program) / COUNTED

    def with_libraries(self):
        return statistics.median(own / user for own, user in zip(self.all["own"], self.all["user"]))


def count(world, tokens):
    folder = world.folder / "callgrind"
    folder.mkdir()
    gateway = Gate(world, "sparkgate-counted", [
        "valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/callgrind.out.%p"])
    try:
        gateway.await_workers(spark_site.MASTER)
        people = gateway.people(tokens)
        counter = Counter(folder, gateway)
        own = in_turn(people, COUNTED_ROUNDS, counter.instructions, "instructions of its own code")
        return f"instructions of its own code: {own}; with libraries {counter.with_libraries():.3f}"
    finally:
        gateway.stop()


def run(folder, running):
    tokens = issuer(folder / "keys")
    running.append(spark_site.Site(folder, folder / "keys", LINKS_PAGE.read_text()))
    world = peers.World(folder, running[0], folder / "keys", tokens["user"])
    gateway = Gate(world, "sparkgate-roles")
    running.append(gateway)
    gateway.await_workers(spark_site.MASTER)
    print(f"CPU, own role of role user: {in_turn(gateway.people(tokens), ROUNDS, cpu, 'us')}; limit {LIMIT}", flush=True)
    if not shutil.which("valgrind"):
        print("no valgrind: instructions are not counted", file=sys.stderr)
    elif COUNTED:
        print(count(world, tokens))


def main():
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    running = []
    with tempfile.TemporaryDirectory(prefix="sparkgate-roles-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        try:
            run(folder, running)
        finally:
            for thing in reversed(running):
                thing.stop()


if __name__ == "__main__":
    main()

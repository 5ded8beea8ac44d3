#!/usr/bin/env python3
"""`make bench-pair BEFORE=/path/of/another/sparkgate`: this build against another one, interleaved in one run.

ROUNDS (7), SECONDS_EACH (3), LOADS ("page links script master ext-auth"). Prints the ratio of the CPU of each request, round by
round, and their median.
"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import gate
import loads
import peers
import spark_site
from bench import BUILD, LINKS_PAGE, tokens_of_issuer
from machine import LOAD_CORE

ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "7")), int(os.environ.get("SECONDS_EACH", "3"))
PATHS = {"page": (spark_site.PAGE, 32), "links": (spark_site.LINKS, 32), "script": (spark_site.SCRIPT, 32), "master": (spark_site.MASTER, 8)}
WANTED = os.environ.get("LOADS", "page links script master ext-auth").split()


def measure(load, one):
    if load == "ext-auth":
        url, fields = gate.question(one)
        return loads.wrk(one.process, url, fields, SECONDS, 32)["cpu_us"]
    path, connections = PATHS[load]
    return loads.wrk(one.process, one.url + path, one.header, SECONDS, connections)["cpu_us"]


def run(now, before):
    ratios = {load: [] for load in WANTED}
    for number in range(ROUNDS):
        for load in WANTED:
            pair = (now, before) if number % 2 else (before, now)
            cpu = {one.name: measure(load, one) for one in pair}
            ratios[load].append(cpu["now"] / cpu["before"])
            print(f"  round {number + 1}/{ROUNDS} {load}: {cpu['now']:.2f} us, before {cpu['before']:.2f}", file=sys.stderr, flush=True)
    for load, values in ratios.items():
        print(f"{load}: {statistics.median(values):.3f} (from {min(values):.3f} to {max(values):.3f})")


def main():
    other = os.environ.get("BEFORE") or sys.exit("BEFORE is the other build's sparkgate")
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    running = []
    with tempfile.TemporaryDirectory(prefix="sparkgate-pair-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        keys, token = tokens_of_issuer()
        try:
            running.append(spark_site.Site(folder, keys, LINKS_PAGE.read_text().replace("/local/shs", gate.MOUNT)))
            world = peers.World(folder, running[0], keys, token)
            contenders = []
            for word, binary in (("now", BUILD / "sparkgate"), ("before", pathlib.Path(other).resolve())):
                made = gate.Gate(world, word, "memory:", binary)
                running.append(made)
                made.await_workers(spark_site.MASTER)
                contenders.append(made.contender(word, world.bearer))
            run(*contenders)
        finally:
            for thing in reversed(running):
                thing.stop()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}: {error.stderr}")

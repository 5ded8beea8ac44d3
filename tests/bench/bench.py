#!/usr/bin/env python3
"""`make bench`: sparkgate and its peers in one run, in front of the same site; a table, build/bench.json and a plot.

ROUNDS (5) and SECONDS_EACH (3) say how long, LOADS (all) which: e.g. LOADS="page script". README.md is about the method.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bursts
import gate
import loads
import peers
import plot
import report
import spark_site
import tls
from machine import LOAD_CORE

ROOT = peers.ROOT
BUILD = ROOT / os.environ.get("BUILD", "build")  # a relative one is the Makefile's, from there
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS_EACH", "3"))
WANTED = os.environ.get("LOADS", "").split() or list(report.LOADS)
CONNECTIONS, BIG_CONNECTIONS = 32, 8
CALM = 4  # connections, so few that no process of the load is busy all the time
TOKENS, TOKENS_LIFE = 20000, 24 * 3600  # five times what the gateway's cache holds: each is forgotten before it returns
SEEN_TOKENS = 200  # few enough to be remembered, and for their first time not to count
LINKS_PAGE = ROOT / "tests" / "fixtures" / "spark" / "4.3" / "history.ctx.html"
SIGNATURE = BUILD / "tests" / "bench" / "signature_bench"
NGINX = ("nginx", "nginx, 32 KiB buffers")
FRONTS = ("sparkgate", gate.EVHTTP)
RESTED = ("nginx", "HAProxy", "Envoy jwt_authn", *FRONTS)


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def tokens_of_issuer():
    """The folder with an issuer's keys and many tokens, signed once a day."""
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    tokens = folder / "tokens.txt"
    if not tokens.exists() or time.time() - tokens.stat().st_mtime > TOKENS_LIFE:
        say(f"signing {TOKENS} tokens")
        subprocess.run([str(SIGNATURE), "sign", str(folder), str(TOKENS)], check=True)
    with open(tokens) as lines:
        return folder, lines.readline().strip()


class Bench:
    """Everything that runs, the measurements so far, and who could not take part."""

    def __init__(self, folder):
        self.running, self.contenders, self.cells = [], {}, []
        self.results, self.missing, self.verify, self.seen = {}, {}, [], 0
        self.keys, token = tokens_of_issuer()
        links = LINKS_PAGE.read_text().replace("/local/shs", gate.MOUNT)
        self.site = self.keep(spark_site.Site(folder, self.keys, links))
        self.world = peers.World(folder, self.site, self.keys, token)

    def keep(self, thing):
        self.running.append(thing)
        return thing

    def start_peers(self):
        for name, start in peers.PEERS.items():
            try:
                self.contenders[name] = self.keep(start(self.world))
            except peers.Missing as reason:
                self.missing[name] = str(reason)
            except RuntimeError as reason:
                self.missing[name] = f"does not start: {str(reason).strip()[-300:]}"
        for name, reason in self.missing.items():
            say(f"without {name}: {reason}")

    def gate(self, name, store, front="direct"):
        return gate.Gate(self.world, name, store, BUILD / "sparkgate", front)

    def start_gates(self):
        memory = self.keep(self.gate("sparkgate-memory", "memory:"))
        evhttp = self.keep(self.gate("sparkgate-evhttp", "memory:", "evhttp"))
        embedded = self.keep(self.gate("sparkgate-sqlite", f"sqlite:{self.world.folder}/state.db"))
        redis = self.keep(gate.Redis(self.world))
        shared = self.keep(self.gate("sparkgate-redis", redis.url))
        by_tls = self.keep(self.gate("sparkgate-rediss", redis.tls_url))
        for one in (memory, evhttp, embedded, shared, by_tls):
            one.await_workers(spark_site.MASTER)
        for made in (memory.contender("sparkgate", self.world.bearer), memory.contender("sparkgate session", memory.session()),
                     evhttp.contender(gate.EVHTTP, self.world.bearer),
                     embedded.contender("sparkgate own token", embedded.own_token()),
                     shared.contender("sparkgate session in Redis", shared.session()),
                     by_tls.contender("sparkgate session in Redis by TLS", by_tls.session())):
            self.contenders[made.name] = made

    def plan_bursts(self):
        """After the rest, so that a Spark that idles disturbs nobody else."""
        self.cells = []
        if "burst" not in WANTED:
            return
        try:
            self.world.spark = self.keep(bursts.spark())
        except Exception as reason:  # without Java or the network there is none, and the other figures stand
            self.missing["Spark"] = str(reason).strip()[-300:]
            say(f"without Spark: {reason}")
            return
        gateway = self.keep(bursts.SparkGate(self.world, "sparkgate-spark", "memory:", BUILD / "sparkgate"))
        through = gateway.contender("sparkgate", self.world.bearer)
        self.cells = [("burst", "sparkgate", lambda: bursts.through(through)),
                      ("burst", "asked directly", lambda: bursts.directly(self.world.spark))]

    def plan(self):
        """The cells of one round, in the order in which they are measured."""
        for name in self.contenders:
            self.cell("page", name, self.requests, spark_site.PAGE, CONNECTIONS)
        self.cell("first-seen", "sparkgate", self.first_seen)
        self.cell("first-seen", "sparkgate, tokens seen before", self.seen_before)
        for name in ("nginx", "sparkgate", "sparkgate session"):
            self.cell("ext-auth", name, self.ext_auth)
            self.cell("ext-auth-calm", name, self.ext_auth, ("calm.lua",))
        for load, path, connections in (("links", spark_site.LINKS, CONNECTIONS), ("script", spark_site.SCRIPT, CONNECTIONS),
                                        ("master", spark_site.MASTER, BIG_CONNECTIONS)):
            for name in (*NGINX, *FRONTS):
                self.cell(load, name, self.requests, path, connections)
        for name in (*NGINX, *FRONTS):
            self.cell("event-log", name, self.alone, loads.download, spark_site.EVENT_LOG)
        for name in (*peers.TLS_PEERS, *FRONTS):
            self.cell("tls", name, self.returning)
        for name in ("nginx", "sparkgate", "sparkgate session"):
            self.cell("http2", name, self.streams)
        for name in RESTED:
            self.cell("idle", name, self.alone, loads.idle, spark_site.PAGE)

    def cell(self, load, name, measure, *more):
        if load in WANTED and name.split(", tokens")[0] in self.contenders:
            self.cells.append((load, name, lambda: measure(name, *more)))

    def requests(self, name, path, connections):
        one = self.contenders[name]
        return loads.wrk(one.process, one.url + path, one.header, SECONDS, connections)

    def ext_auth(self, name, script=()):
        """nginx is sent the same and answers 204 by itself."""
        one = self.contenders[name]
        url, fields = gate.question(self.contenders["sparkgate"] if name == "nginx" else one)
        with self.others_paused(one.process):
            return loads.wrk(one.process, one.url + peers.ANSWER if name == "nginx" else url, fields, SECONDS, CONNECTIONS, script)

    @contextlib.contextmanager
    def others_paused(self, process):
        """All contenders are on one core: each gateway's poll of 5,000 workers would be in the latency of the others."""
        others = {one.process for one in self.contenders.values()} - {process}
        for other in others:
            other.pause()
        try:
            yield
        finally:
            for other in others:
                other.go_on()

    def first_seen(self, name):
        self.verify.append(loads.verify_us(SIGNATURE, self.keys))
        one = self.contenders[name]
        result = loads.wrk(one.process, one.url + spark_site.PAGE, None, SECONDS, CALM,
                           ("first_seen.lua", self.keys / "tokens.txt", self.seen))
        self.seen += result["requests"] + CALM  # those that wrk had sent and did not wait for
        return result

    def seen_before(self, name):
        """The same client and as much memory of its own, with a few tokens in turn."""
        one = self.contenders[name.split(", tokens")[0]]
        return loads.wrk(one.process, one.url + spark_site.PAGE, None, SECONDS, CALM,
                         ("first_seen.lua", self.keys / "tokens.txt", 0, SEEN_TOKENS))

    def alone(self, name, measure, path):
        """In a process of its own: memory that an earlier load has left is not there to be used again."""
        if name in FRONTS:
            fresh = self.gate("sparkgate-alone", "memory:", "evhttp" if name == gate.EVHTTP else "direct")
            one = fresh.contender(name, self.world.bearer)
            fresh.await_workers(spark_site.MASTER)
        else:
            one = peers.PEERS[name](self.world)
        try:
            return measure(one.process, one.url + path, one.header)
        finally:
            one.stop()

    def streams(self, name):
        one = tls.start(self.world, name, BUILD / "sparkgate")
        try:
            return loads.h2load(one.process, one.url + spark_site.PAGE, one.header, SECONDS, CONNECTIONS)
        finally:
            one.stop()

    def returning(self, name):
        one = tls.start(self.world, name, BUILD / "sparkgate")
        try:
            return tls.returning(one.process, one.url + spark_site.PAGE, one.header, SECONDS)
        finally:
            one.stop()

    def run(self):
        for number in range(ROUNDS):
            for load, name, measure in self.cells:
                try:
                    result = measure()
                except loads.Failed as error:
                    self.missing[f"{name}, {load}"] = str(error).strip()[:300]
                    say(f"{load}, {name} failed: {error}")
                    continue
                self.results.setdefault(load, {}).setdefault(name, []).append(result)
                say(f"round {number + 1}/{ROUNDS} {load}, {name}: " + report.one_line(load, result))

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()


def measure():
    with tempfile.TemporaryDirectory(prefix="sparkgate-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        bench = Bench(folder)
        try:
            bench.start_peers()
            bench.start_gates()
            bench.plan()
            bench.run()
            bench.plan_bursts()
            bench.run()
        finally:
            bench.stop()
    return report.of(bench.results, bench.missing, bench.verify, ROUNDS, SECONDS)


def is_whole():
    """Such a run may speak for the project: its plot replaces the one in this folder."""
    return ROUNDS >= 5 and SECONDS >= 3 and set(WANTED) == set(report.LOADS)


def other_benches():
    for bench in sorted((BUILD / "tests" / "bench").glob("*_bench")):
        print(flush=True)
        subprocess.run([str(bench)], check=True)
    if is_whole():
        print(flush=True)
        subprocess.run([sys.executable, str(ROOT / "tests" / "bench" / "tokens.py")], check=True)


def main():
    for program in ("nginx", "wrk", "taskset", "redis-server"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: sh tests/support/install.sh bench")
    unknown = set(WANTED) - set(report.LOADS)
    if unknown:
        sys.exit(f"LOADS: {', '.join(sorted(unknown))}: not one of {', '.join(report.LOADS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that what was started is ended, too
    os.sched_setaffinity(0, {int(LOAD_CORE)})  # what this program does itself is load
    result = measure()
    print(report.text(result), flush=True)
    (BUILD / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    drawn = plot.draw(result)
    for path in [BUILD / "bench.svg"] + ([ROOT / "tests" / "bench" / "bench.svg"] if is_whole() else []):
        path.write_text(drawn)
    os.sched_setaffinity(0, range(os.cpu_count()))
    if not os.environ.get("LOADS"):
        other_benches()


if __name__ == "__main__":
    main()

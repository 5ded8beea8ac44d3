#!/usr/bin/env python3
"""`make bench-lists`: a history server's list of 50,000 applications through sparkgate, cut to those of one person, and through
nginx with gzip, untouched, in turn.

ROUNDS (5), APPS (50000). Prints CPU, memory over what was resident before and the time to the first byte; the median of the ratios.
"""
import gzip
import json
import os
import pathlib
import re
import socket
import statistics
import sys
import tempfile
import time
import urllib.parse

import gate
import peers
import spark_site
from bench import BUILD, tokens_of_issuer
from loads import Failed
from machine import HOST, LOAD_CORE, free_port

ROUNDS, APPS = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("APPS", "50000"))
LIST, OWN_EACH = "/api/v1/applications", 500
SETTLE_SECONDS = 60
WARM = 5  # rounds first: a thread's buffers, which stay, are filled by the first reads that find as much as they hold
SITE = """
  server {{
    listen {host}:{port} reuseport;
    location = /api/v1/applications {{ default_type application/json; root {folder}; try_files /list.json =404; }}
    location = /api/v1/version {{ default_type application/json; return 200 '{{"spark":"4.3.0"}}'; }}
    location = /logPage/ {{ default_type "text/html;charset=utf-8"; return 200 "<html></html>"; }}
    location = /jwks.json {{ default_type application/json; root {keys}; }}
    location / {{ default_type "text/html;charset=utf-8"; return 200 "<html><title>History Server</title></html>"; }}
  }}
"""


def app(number):
    """As Spark 4.3 writes it."""
    attempt = {"startTime": "2026-11-21T05:32:53.667GMT", "endTime": "2026-11-21T05:33:18.633GMT", "lastUpdated": "2026-11-21T05:33:18.631GMT",
               "duration": number * 7 % 90000, "sparkUser": "ada" if number % OWN_EACH == 0 else f"user{number % 313}", "completed": True,
               "appSparkVersion": "4.3.0", "logSourceName": "file:///srv/spark/events", "logSourceFullPath": "file:///srv/spark/events",
               "startTimeEpoch": 1795239173667 - number * 1000, "endTimeEpoch": 1795239198633 - number * 1000, "lastUpdatedEpoch": 1795239198631}
    return {"id": f"app-20261121{number // 10000:02}{number % 10000:04}-{number % 10000:04}", "name": f"etl daily {number % 977}",
            "attempts": [attempt]}


class Site:
    def __init__(self, folder, keys):
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        (folder / "list.json").write_text(json.dumps([app(n) for n in range(APPS)], indent=2, separators=(",", " : ")))
        self.process = spark_site.nginx("site", LOAD_CORE, folder, SITE.format(host=HOST, port=self.port, folder=folder, keys=keys))
        self.process.await_status(self.url + LIST)

    def stop(self):
        self.process.stop()


class Gate(gate.Gate):
    UI, READY = "/local/shs", LIST

    def settings(self, world, store):
        made = super().settings(world, store)
        made["clusters"] = [{"name": "local", "history": world.site.url, "poll": "5m"}]
        made["auth"]["user_claim"] = "email"
        made["auth"]["roles"] = {"claim": "roles", "custom": [{"role": "bench", "applications": ["own"], "rights": ["view"]}]}
        return made


def read_chunks(peer, data):
    """Content of a chunked answer, of which `data` has come."""
    content = b""
    while True:
        while b"\r\n" not in data:
            data += peer.recv(65536)
        line, data = data.split(b"\r\n", 1)
        size = int(line.split(b";")[0], 16)
        while len(data) < size + 2:
            data += peer.recv(1 << 20)
        content, data = content + data[:size], data[size + 2:]
        if size == 0:
            return content


def ask(process, url, header):
    """One list, packed, and what it cost."""
    parts = urllib.parse.urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Accept-Encoding: gzip", *([header] if header else [])]
    process.forget_peak()
    idle, cpu, began = process.kib("VmRSS"), process.cpu_us(), time.monotonic()
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as peer:
        peer.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(65536)
        head, data = data.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 200") or not re.search(rb"\ncontent-encoding: gzip", head, re.I):
            raise Failed(head.decode("latin-1")[:400])
        while not data:
            data = peer.recv(65536)
        first = time.monotonic() - began
        content = read_chunks(peer, data)
    return {"cpu": process.cpu_us() - cpu, "kib": process.kib("VmHWM") - idle, "first_ms": first * 1e3,
            "all_ms": (time.monotonic() - began) * 1e3, "apps": len(json.loads(gzip.decompress(content)))}


def told(result):
    return (f"{result['cpu'] / 1e3:.1f} ms of CPU, {result['kib']} KiB over idle, first byte after {result['first_ms']:.1f} ms of "
            f"{result['all_ms']:.1f} ms")


def compare(ours, nginx, header):
    ratios, most, number, deadline = [], 0, 0, time.monotonic() + SETTLE_SECONDS
    while number < WARM + ROUNDS:
        us, them = ask(ours.process, ours.origin + ours.UI + LIST, header), ask(nginx.process, nginx.url + LIST, None)
        if (us["apps"], them["apps"]) != ((APPS + OWN_EACH - 1) // OWN_EACH, APPS):
            if time.monotonic() > deadline:
                raise Failed(f"{us['apps']} applications of {them['apps']}")
            continue  # whose they are is not settled yet: on a busy machine that takes a while
        number += 1
        if number <= WARM:
            continue
        ratios.append(us["cpu"] / them["cpu"])
        most = max(most, us["kib"])
        print(f"  round {number - WARM}/{ROUNDS}: {told(us)}; nginx {told(them)}", file=sys.stderr, flush=True)
    print(f"list of {APPS} applications, cut to those of one person: {statistics.median(ratios):.2f} of nginx gzip's CPU "
          f"(from {min(ratios):.2f} to {max(ratios):.2f}); at most {most} KiB over idle")


def main():
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    running = []
    with tempfile.TemporaryDirectory(prefix="sparkgate-lists-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        keys, token = tokens_of_issuer()
        try:
            running.append(Site(folder, keys))
            world = peers.World(folder, running[0], keys, token)
            running.append(Gate(world, "sparkgate-lists", "memory:", BUILD / "sparkgate"))
            running.append(peers.nginx_proxy(world, "nginx-gzip", "gzip on; gzip_proxied any; gzip_types application/json;"))
            running[1].process.await_rest()  # it has read the list itself
            compare(running[1], running[2], world.bearer)
        finally:
            for thing in reversed(running):
                thing.stop()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""`make bench-faults`: what others notice of who misbehaves: p99 of four calm clients, alone and beside each of these.

pipelining      16 connections that send 500 requests at once, again and again
stalled stderr  1,000 connections whose every request is a log line, and nobody reads standard error
unfinished      200 strangers' POSTs of which the end does not come: memory over what was resident before

ROUNDS (3), SECONDS_EACH (5).
"""
import asyncio
import json
import multiprocessing
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import loads
from bench import BUILD
from machine import HOST, LOAD_CORE, PROXY_CORE, free_port, kib_of, status_of, wait_until

ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "3")), int(os.environ.get("SECONDS_EACH", "5"))
PAGE = "/_gate/jwks.json"


class Gate:
    """One thread, access log on; standard error is a pipe that is read, or not."""

    def __init__(self, folder, is_read):
        self.port, self.admin = free_port(), free_port()
        conf = pathlib.Path(folder) / f"{self.port}.yaml"
        conf.write_text(json.dumps({
            "server": {"listen": f"{HOST}:{self.port}", "public_url": f"http://{HOST}:{self.port}/", "threads": 1,
                       "trusted_proxies": [f"{HOST}/32"]},
            "admin": {"listen": f"{HOST}:{self.admin}"}, "store": "memory:",
            "clusters": [{"name": "local", "masters": [f"http://{HOST}:{free_port()}"]}]}))
        self.popen = subprocess.Popen(["taskset", "-c", PROXY_CORE, os.environ.get("SPARKGATE", str(BUILD / "sparkgate")), "--config", str(conf)],
                                      stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL if is_read else subprocess.PIPE)
        wait_until(lambda: status_of(f"http://{HOST}:{self.admin}/ping") == 200, "the gateway")
        self.url = f"http://{HOST}:{self.port}"

    def kib(self, field):
        return kib_of(pathlib.Path(f"/proc/{self.popen.pid}/status").read_text(), field)

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.popen.pid}/clear_refs").write_text("5")

    def cpu_us(self):
        return 0

    def stop(self):
        self.popen.kill()
        self.popen.wait()


def request(gate, path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}:{gate.port}\r\n{more}\r\n".encode()


async def pipeline(port, bytes_, count):
    async def one():
        reader, writer = await asyncio.open_connection(HOST, port)
        while True:
            writer.write(bytes_)
            await writer.drain()
            if not await reader.read(1 << 20):
                return
    await asyncio.gather(*(one() for _ in range(count)))


async def knock(port, bytes_, count, rest):
    async def one(number):
        reader, writer = await asyncio.open_connection(HOST, port)
        await asyncio.sleep(rest * number / count)
        while True:
            writer.write(bytes_)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(rest)
    await asyncio.gather(*(one(number) for number in range(count)))


def run(load, *more):
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    try:
        asyncio.run(load(*more))
    except (OSError, asyncio.IncompleteReadError):
        pass


def p99_ms(gate):
    return loads.wrk(gate, gate.url + PAGE, None, SECONDS, 4, ("calm.lua",))["p99_us"] / 1000


def beside(gate, load, *more):
    process = multiprocessing.Process(target=run, args=(load, *more), daemon=True)
    process.start()
    time.sleep(1)
    try:
        return p99_ms(gate)
    finally:
        process.kill()
        process.join()


def unfinished(gate):
    idle, clients = gate.kib("VmRSS"), []
    head = f"POST /local/proxy/master/ HTTP/1.1\r\nHost: {HOST}:{gate.port}\r\nContent-Length: 1000000\r\n\r\n".encode()
    for _ in range(200):
        client = socket.create_connection((HOST, gate.port))
        client.setblocking(False)
        try:
            client.send(head)
            client.send(b"a" * 900000)
        except OSError:
            pass
        clients.append(client)
    time.sleep(0.5)
    try:
        return gate.kib("VmRSS") - idle
    finally:
        for client in clients:
            client.close()


def measure(folder):
    figures = {}
    for _ in range(ROUNDS):
        gate = Gate(folder, True)
        figures.setdefault("alone", []).append(p99_ms(gate))
        figures.setdefault("pipelining", []).append(beside(gate, pipeline, gate.port, request(gate, PAGE) * 500, 16))
        figures.setdefault("unfinished, KiB", []).append(unfinished(gate))
        gate.stop()
        gate = Gate(folder, False)
        figures.setdefault("stalled stderr", []).append(
            beside(gate, knock, gate.port, request(gate, "/local/proxy/master/", "Accept: */*\r\n"), 1000, 0.5))
        gate.stop()
    return figures


def main():
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory(prefix="sparkgate-faults-") as folder:
        for name, values in measure(folder).items():
            unit = "" if "KiB" in name else " ms at p99"
            print(f"{name}: {statistics.median(values):.2f}{unit} (from {min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    sys.exit(main())

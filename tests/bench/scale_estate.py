#!/usr/bin/env python3
"""A simulated estate: masters, history servers, workers and drivers of many clusters, in one process on the loopback.

Every UI has an address of its own (127.x.y.z) and all share one port, so one listening socket is enough. The JSON has the
shape and size of Spark 4.3's, and what changes by itself there (heartbeats, durations of what runs) changes here at every
poll. `GET /estate/stats` tells what was asked; `/estate/change` gives one application another number of cores.
"""
import argparse
import asyncio
import collections
import json
import socket
import time

MASTER, HISTORY, WORKER, DRIVER = 10, 11, 20, 100  # second byte of the address; workers and drivers: plus the cluster
STARTED = 1795239177725
LINE = "26/11/21 05:28:45 INFO TaskSetManager: Finished task 3.0 in stage 12.0 (TID 99) in 41 ms\n"
LOG_PAGE = ("<!DOCTYPE html><html><head><title>log</title></head><body><pre>" + LINE * 45 + "</pre></body></html>").encode()


def worker_id(cluster, number):
    return f"worker-20261121053245-127.{WORKER + cluster}.{number >> 8}.{number & 255}-27717"


def app_id(cluster, number):
    return f"app-20261121053257-{cluster:02}{number:04}"


def dumps(value):
    return json.dumps(value, indent=2, separators=(",", " : ")).encode()


class Body:
    """JSON with numbers of fixed width that are overwritten in place: a poll costs microseconds to answer."""

    def __init__(self, value):
        self.bytes = bytearray(dumps(value))
        self.beats = self.find(b'"lastheartbeat" : ', 13)
        self.durations = self.find(b'"duration" : 1', 8)  # of what runs
        self.polls = 0

    def find(self, key, width):
        places, at = [], self.bytes.find(key)
        while at != -1:
            places.append((at + len(key), at + len(key) + width))
            at = self.bytes.find(key, at + 1)
        return places

    def at_poll(self):
        self.polls += 1
        for places, width in ((self.beats, 13), (self.durations, 8)):
            text = str((STARTED if width == 13 else 0) + self.polls).zfill(width).encode()
            for begin, end in places:
                self.bytes[begin:end] = text
        return bytes(self.bytes)


class Cluster:
    def __init__(self, estate, number):
        self.estate, self.number, self.cores = estate, number, 4
        args = estate.args
        self.running = min(args.running, args.apps)
        self.build()
        rows = [self.history_row(n) for n in reversed(range(args.apps))]
        self.all, self.recent = dumps(rows), dumps([row for row in rows if not row["attempts"][0]["completed"]])

    def build(self):
        args = self.estate.args
        apps = [self.app_row(n) for n in range(args.apps)]
        self.master = Body({
            "url": f"spark://127.{MASTER}.{self.number}.1:7077", "workers": [self.worker_row(n) for n in range(args.workers)],
            "aliveworkers": args.workers, "cores": 16 * args.workers, "coresused": 5 * args.workers,
            "memory": 65536 * args.workers, "memoryused": 1024 * args.workers, "resources": [], "resourcesused": [],
            "activeapps": apps[:self.running], "completedapps": apps[self.running:][:200],
            "activedrivers": [], "completeddrivers": [], "status": "ALIVE"})

    def worker_row(self, n):
        host = f"127.{WORKER + self.number}.{n >> 8}.{n & 255}"
        return {"id": worker_id(self.number, n), "host": host, "port": 27717,
                "webuiaddress": f"http://{host}:{self.estate.args.port}", "cores": 16, "coresused": 5, "coresfree": 11,
                "memory": 65536, "memoryused": 1024, "memoryfree": 64512, "resources": {}, "resourcesused": {},
                "resourcesfree": {}, "state": "ALIVE", "lastheartbeat": STARTED}

    def app_row(self, n):
        is_running = n < self.running
        return {"id": app_id(self.number, n), "starttime": STARTED + n, "name": f"nightly load of table {n % 100}",
                "cores": self.cores if n == 0 else 8, "user": "etl", "memoryperexecutor": 512, "memoryperslave": 512,
                "resourcesperexecutor": [], "resourcesperslave": [], "submitdate": "Sat Nov 21 05:32:57 UTC 2026",
                "state": "RUNNING" if is_running else "FINISHED", "duration": 100000000 if is_running else 22404}

    def history_row(self, n):
        is_running = n < self.running
        return {"id": app_id(self.number, n), "name": f"nightly load of table {n % 100}", "attempts": [{
            "startTime": "2026-11-21T05:32:53.667GMT",
            "endTime": "1969-12-31T23:59:59.999GMT" if is_running else "2026-11-21T05:33:18.633GMT",
            "lastUpdated": "2026-11-21T05:33:18.631GMT", "duration": 0 if is_running else 24966, "sparkUser": "etl",
            "completed": not is_running, "appSparkVersion": "4.3.0", "logSourceName": "file:///srv/spark/events",
            "logSourceFullPath": "file:///srv/spark/events", "startTimeEpoch": STARTED + n,
            "endTimeEpoch": -1 if is_running else int(time.time() * 1000) - 60000, "lastUpdatedEpoch": STARTED + 9}]}

    def answer_master(self, path):
        if path == "/json/":
            return self.master.at_poll()
        if path.startswith("/app/?appId=app-"):
            n = int(path[-4:])
            url = f"http://127.{DRIVER + self.number}.{n >> 8}.{n & 255}:{self.estate.args.port}"
            return f'<html><span class="version">4.3.0</span><li><a href="{url}">Application Detail UI</a></li></html>'.encode()
        return b'<html><span class="version">4.3.0</span></html>'

    def answer_history(self, path):
        return self.recent if "minEndDate" in path else self.all

    def answer_worker(self, path, n):
        if path != "/json/":
            return LOG_PAGE
        return dumps({"id": worker_id(self.number, n), "masterurl": f"spark://127.{MASTER}.{self.number}.1:7077",
                      "masterwebuiurl": "", "cores": 16, "coresused": 5, "memory": 65536, "memoryused": 1024,
                      "resources": {}, "resourcesused": {}, "executors": [], "finishedexecutors": []})

    def answer_driver(self, path, n):
        if path != "/api/v1/applications":
            return LOG_PAGE
        return dumps([{"id": app_id(self.number, n), "name": "x", "attempts": [{"completed": False}]}])


class Estate:
    def __init__(self, args):
        self.args = args
        self.asked, self.sent = collections.Counter(), collections.Counter()
        self.open = self.most_open = self.connections = 0
        self.checks = collections.Counter()  # by tenth of a second
        self.clusters = [Cluster(self, n) for n in range(args.clusters)]

    def answer(self, address, path):
        _, kind, high, low = (int(byte) for byte in address.split("."))
        if kind == 0:
            return self.answer_own(path)
        if kind in (MASTER, HISTORY):
            name = "master" if kind == MASTER else "history"
            answer = getattr(self.clusters[high], "answer_" + name)(path)
            name += " app page" if path.startswith("/app/?appId=app-") else ""
        else:
            name, n = "worker" if kind < DRIVER else "driver", high << 8 | low
            answer = getattr(self.clusters[kind - (WORKER if kind < DRIVER else DRIVER)], "answer_" + name)(path, n)
            if answer is not LOG_PAGE:
                self.checks[int(time.monotonic() * 10)] += 1
        self.asked[name] += 1
        self.sent[name] += len(answer)
        return answer

    def answer_own(self, path):
        if path == "/estate/change":
            self.clusters[0].cores = 4 + (self.clusters[0].cores + 1) % 4
            self.clusters[0].build()
        return dumps({"asked": self.asked, "sent": self.sent, "checks": sum(self.checks.values()), "connections": self.connections, "most_open": self.most_open,
                      "most_checks_per_second": 10 * max(self.checks.values(), default=0),
                      "master_bytes": len(self.clusters[0].master.bytes), "listing_bytes": len(self.clusters[0].all)})


class Connection(asyncio.Protocol):
    def __init__(self, estate):
        self.estate, self.seen = estate, b""

    def connection_made(self, transport):
        self.transport, self.address = transport, transport.get_extra_info("sockname")[0]
        self.estate.connections += 1
        self.estate.open += 1
        self.estate.most_open = max(self.estate.open, self.estate.most_open)

    def connection_lost(self, error):
        self.estate.open -= 1

    def data_received(self, data):
        self.seen += data
        while b"\r\n\r\n" in self.seen:
            head, self.seen = self.seen.split(b"\r\n\r\n", 1)
            path = head.split(b" ", 2)[1].decode()
            body = self.estate.answer(self.address, path)
            kind = b"text/html" if body[:1] == b"<" else b"application/json"
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s;charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
                                 % (kind, len(body), body))


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=50)
    parser.add_argument("--workers", type=int, default=200, help="per cluster")
    parser.add_argument("--apps", type=int, default=400, help="per cluster")
    parser.add_argument("--running", type=int, default=20, help="of the applications of a cluster")
    parser.add_argument("--port", type=int, required=True)
    estate = Estate(parser.parse_args())
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Any address, of this machine only.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("0.0.0.0", estate.args.port))
        server = await asyncio.get_running_loop().create_server(lambda: Connection(estate), sock=listener, backlog=1024)
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass

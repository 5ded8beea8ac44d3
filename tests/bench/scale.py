#!/usr/bin/env python3
"""What a large estate costs: start-up, memory, polling, pages, and a request as workers grow.

One gateway in front of scale_estate.py on the loopback. The gateway is pinned to one core, the estate and the load to another;
CPU time is the process's own accounting, so it says the same on a busy machine. SCALE=0.1 is a tenth of the workers and
applications; ONLY=polling (or startup, pages, request, threads) measures that alone.
"""
import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from gateway import Gateway  # noqa: E402
from scale_estate import app_id, worker_id  # noqa: E402
from spark_cluster import HOST, Daemon, fetch_json, free_port, wait_for  # noqa: E402

SCALE = float(os.environ.get("SCALE", "1"))
CLUSTERS, WORKERS, APPS, RUNNING = 50, max(1, int(200 * SCALE)), max(4, int(400 * SCALE)), max(2, int(20 * SCALE))
QUIET_SECONDS = int(os.environ.get("SECONDS_EACH", "10"))
LOAD_SECONDS = min(QUIET_SECONDS, 3)
POLL_SECONDS = 2
GATE_CORE, LOAD_CORE = {0}, {1}
EVERY_CORE = os.sched_getaffinity(0)
ROTATE = """
local paths, at = {%s}, 0
request = function() at = at %% #paths + 1; return wrk.format("GET", paths[at]) end
"""


def on_cores(cores, make):
    """Whatever `make` starts runs on these cores only."""
    os.sched_setaffinity(0, cores)
    try:
        return make()
    finally:
        os.sched_setaffinity(0, EVERY_CORE)


class Estate:
    def __init__(self, folder, clusters=CLUSTERS, workers=WORKERS, apps=APPS, running=RUNNING):
        self.clusters, self.workers, self.apps, self.running = clusters, workers, apps, running
        self.port = free_port()
        command = [sys.executable, str(ROOT / "tests" / "bench" / "scale_estate.py"), "--port", str(self.port)]
        for key in ("clusters", "workers", "apps", "running"):
            command += [f"--{key}", str(getattr(self, key))]
        self.daemon = on_cores(LOAD_CORE, lambda: Daemon("estate", command, dict(os.environ), folder, folder / f"estate-{self.port}.log"))
        wait_for(lambda: fetch_json(f"http://{HOST}:{self.port}/estate/stats"), "the estate", 30, self.daemon.check)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()

    def ask(self, what="stats"):
        return fetch_json(f"http://{HOST}:{self.port}/estate/{what}")

    def entries(self):
        return [{"name": f"c{c}", "masters": [f"http://127.10.{c}.1:{self.port}"], "poll": f"{POLL_SECONDS}s",
                 "history": f"http://127.11.{c}.2:{self.port}"} for c in range(self.clusters)]


class Gate:
    """A gateway on its core, an administrator's token, and a kept connection."""

    def __init__(self, estate, threads=1, cores=None):
        settings = {"server": {"threads": threads}, "log": {"access": False}}
        self.threads, self.estate, self.gateway = threads, estate, Gateway(estate.entries(), settings=settings)
        self.began = time.monotonic()
        on_cores(cores or GATE_CORE, self.gateway.start)
        token = self.gateway.create_token("scale", "admin")["access_token"]
        self.fields = {"Authorization": f"Bearer {token}"}
        self.connection = http.client.HTTPConnection(HOST, self.gateway.port, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.gateway.stop()

    def get(self, path):
        self.connection.request("GET", path, headers=self.fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def milliseconds(self, path, wanted):
        began = time.perf_counter()
        status, _ = self.get(path)
        took = (time.perf_counter() - began) * 1000
        if status != wanted:
            sys.exit(f"{path}: {status} instead of {wanted}")
        return took

    def cpu_ms(self, of_workers=False):
        """The keeper, which polls, is the first thread; the others serve."""
        tasks = pathlib.Path(f"/proc/{self.gateway.pid}/task").iterdir()
        tasks = [task for task in tasks if not (of_workers and task.name == str(self.gateway.pid))]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def memory_mib(self, field):
        status = pathlib.Path(f"/proc/{self.gateway.pid}/status").read_text()
        return int(re.search(field + r":\s+(\d+)", status).group(1)) / 1024

    def cpu_over(self, seconds, step=lambda: None):
        """Milliseconds of CPU, and how often masters were asked, while `step` is done once a second."""
        before, asked = self.cpu_ms(), self.estate.ask()["asked"]["master"]
        for _ in range(seconds):
            step()
            time.sleep(1)
        return self.cpu_ms() - before, self.estate.ask()["asked"]["master"] - asked

    def await_everything(self):
        """Until every worker and every running application is up: seconds since the start of the gateway."""
        estate = self.estate
        places = [f"/c{c}/proxy/{worker_id(c, n)}/" for c in range(estate.clusters) for n in range(estate.workers)]
        places += [f"/c{c}/proxy/{app_id(c, n)}/" for c in range(estate.clusters) for n in range(estate.running)]
        wait_for(lambda: estate.ask()["checks"] >= len(places), "the checks of everything", 120)
        for path in places[::50] + places[-1:]:  # a sample will do
            wait_for(lambda: self.get(path)[0] == 200, path, 60)
        return time.monotonic() - self.began


def startup(gate):
    seconds = gate.await_everything()
    stats = gate.estate.ask()
    return {"seconds": seconds, "cpu_ms": gate.cpu_ms(), "rss_mib": gate.memory_mib("VmRSS"), "peak_mib": gate.memory_mib("VmHWM"),
            "checks": stats["checks"], "connections": stats["connections"],
            "most_open": stats["most_open"], "most_checks_per_second": stats["most_checks_per_second"],
            "master_kib": stats["master_bytes"] / 1024, "listing_kib": stats["listing_bytes"] / 1024}


def polling(gate):
    gate.await_everything()
    time.sleep(POLL_SECONDS)
    quiet, polls = gate.cpu_over(QUIET_SECONDS)
    changing, _ = gate.cpu_over(QUIET_SECONDS, lambda: gate.estate.ask("change"))
    return {"cpu_ms_per_round": quiet / polls * CLUSTERS, "us_per_answer": quiet / polls * 1000,
            "percent_of_a_core": quiet / QUIET_SECONDS / 10, "cpu_ms_per_change": (changing - quiet) / (QUIET_SECONDS / POLL_SECONDS),
            "rss_mib": gate.memory_mib("VmRSS"), "peak_mib": gate.memory_mib("VmHWM")}


def pages(gate):
    gate.await_everything()
    chosen = random.Random(6)
    links = [f"/c{chosen.randrange(CLUSTERS)}/apps/" for _ in range(200)]
    links = [link + app_id(int(link[2:].split("/")[0]), chosen.randrange(APPS)) for link in links]
    return {"home_ms": statistics.median(gate.milliseconds("/", 200) for _ in range(20)),
            "cluster_ms": statistics.median(gate.milliseconds("/c7/", 200) for _ in range(20)),
            "search_ms": statistics.median(gate.milliseconds("/?q=table+77", 200) for _ in range(20)),
            "permalink_ms": statistics.median(gate.milliseconds(link, 302) for link in links)}


def load(gate, folder):
    """CPU microseconds a request of ten workers' log pages, the same ten however many there are; 16 connections a thread."""
    script = folder / f"rotate-{gate.gateway.port}.lua"
    each = max(1, gate.estate.clusters * gate.estate.workers // 10)
    chosen = [divmod(n * each, gate.estate.workers) for n in range(10)]
    script.write_text(ROTATE % ",".join(f'"/c{c}/proxy/{worker_id(c, n)}/logPage/?n=1"' for c, n in chosen))
    before = gate.cpu_ms(of_workers=True)
    out = on_cores(LOAD_CORE, lambda: subprocess.run(
        ["wrk", "-t1", f"-c{16 * gate.threads}", f"-d{LOAD_SECONDS}s", "-s", str(script), "-H", f"Authorization: {gate.fields['Authorization']}",
         gate.gateway.origin], check=True, capture_output=True, text=True)).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"the load failed:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return {"cpu_us": (gate.cpu_ms(of_workers=True) - before) * 1000 / requests, "per_second": requests / LOAD_SECONDS}


def alternate(gates, folder, rounds=3):
    """Medians of interleaved rounds."""
    results = [[] for _ in gates]
    for _ in range(rounds):
        for gate, result in zip(gates, results):
            result.append(load(gate, folder))
    return [{key: statistics.median(r[key] for r in result) for key in result[0]} for result in results]


def request(folder):
    """Ten workers in one estate, ten thousand in the other; the same load on ten of them."""
    with Estate(folder, 1, 10, 10, 2) as small, Estate(folder) as large, Gate(small) as one, Gate(large) as many:
        for gate in (one, many):
            gate.await_everything()
        few, lots = alternate([one, many], folder)
    return {"workers": [10, CLUSTERS * WORKERS], "cpu_us": [few["cpu_us"], lots["cpu_us"]], "ratio": lots["cpu_us"] / few["cpu_us"]}


def threads(folder):
    """Neither is pinned, so both share their caches with the estate and the load."""
    with Estate(folder, 1, 10, 10, 2) as estate, Gate(estate, 1, EVERY_CORE) as single, Gate(estate, 2, EVERY_CORE) as double:
        for gate in (single, double):
            gate.await_everything()
        one, two = alternate([single, double], folder)
    return {"cpu_us": [one["cpu_us"], two["cpu_us"]], "per_second": [one["per_second"], two["per_second"]],
            "cpu_ratio": two["cpu_us"] / one["cpu_us"]}


def measure(folder):
    only = os.environ.get("ONLY", "startup polling pages request threads").split()
    result = {}
    if {"startup", "polling", "pages"} & set(only):
        with Estate(folder) as estate, Gate(estate) as gate:
            for part in (startup, polling, pages):
                if part.__name__ in only:
                    result[part.__name__] = part(gate)
    for part in (request, threads):
        if part.__name__ in only:
            result[part.__name__] = part(folder)
    return result


BARS = {("pages", "home_ms"): 100, ("pages", "permalink_ms"): 1, ("request", "ratio"): 1.1, ("threads", "cpu_ratio"): 1.15}


def main():
    with tempfile.TemporaryDirectory(prefix="sparkgate-scale-") as name:
        result = measure(pathlib.Path(name))
    print(f"{CLUSTERS} clusters, {CLUSTERS * WORKERS} workers, {CLUSTERS * APPS} applications ({CLUSTERS * RUNNING} running), "
          f"polled every {POLL_SECONDS} s")
    for part, figures in result.items():
        for key, value in figures.items():
            shown = " ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in (value if isinstance(value, list) else [value]))
            bar = BARS.get((part, key))
            print(f"{part:10}{key:26}{shown:>22}" + (f"  (at most {bar}: {'met' if value <= bar else 'NOT MET'})" if bar else ""))
    target = ROOT / "build" / "scale.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

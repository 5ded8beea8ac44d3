#!/usr/bin/env python3
"""CPU per request of sparkgate against nginx without any check, in one run, as a ratio.

The proxy under test is pinned to one core, upstream and load to another; rounds are interleaved, so
that both see the same machine. CPU time is the process's own accounting (schedstat). Only the ratios
travel between machines.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS_EACH", "3"))
CONNECTIONS = 32
SPARK_PAGE = ROOT / "tests" / "fixtures" / "spark" / "4.3" / "history.ctx.html"
PROXY_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, headers=None, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=2) as answer:
                return answer.read()
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer: {error}")
            time.sleep(0.05)


def start(core, *command, **options):
    return subprocess.Popen(["taskset", "-c", core, *command], **options)


def nginx(folder, name, port, body, core):
    conf = folder / f"{name}.conf"
    conf.write_text(f"""
daemon off; master_process off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type text/html; keepalive_requests 1000000000;
  client_body_temp_path {folder}/{name}-b; proxy_temp_path {folder}/{name}-p; fastcgi_temp_path {folder}/{name}-f;
  uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
  {body.replace("PORT", str(port))}
}}
""")
    return start(core, "nginx", "-c", str(conf), "-e", f"{folder}/{name}.log")


def cpu_us(pid):
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1000


def peak_kib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def load(pid, url, header):
    before = cpu_us(pid)
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    out = subprocess.run(command + (["-H", header] if header else []) + [url], check=True, capture_output=True, text=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"the load on {url} failed:\n{out}")
    return {
        "cpu_us": (cpu_us(pid) - before) / requests,
        "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "p50": re.search(r"\n\s+50%\s+(\S+)", out).group(1),
        "p99": re.search(r"\n\s+99%\s+(\S+)", out).group(1),
    }


def redis(folder):
    port = free_port()
    process = start(LOAD_CORE, "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder),
                    stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.05)
    raise SystemExit("redis-server does not answer")


def session_cookie(port, token):
    """Signs in with the token, as the form of the sign-in page does; the header line of the session."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/_gate/login", "token=" + urllib.parse.quote(token, safe=""),
                       {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{port}"})
    answer = connection.getresponse()
    if answer.status != 303:
        raise SystemExit(f"signing in failed: {answer.status} {answer.read()[:300]}")
    return "Cookie: " + answer.getheader("Set-Cookie").split(";")[0]


def gateway(folder, name, upstream_port, store):
    """A gateway on one core: its process, the page's URL, and a header line for each way to say who one is."""
    binary = os.environ.get("SPARKGATE", str(ROOT / "build" / "sparkgate"))
    port, admin = free_port(), free_port()
    conf = folder / f"{name}.yaml"
    conf.write_text(f"""
server: {{listen: "127.0.0.1:{port}", public_url: "http://127.0.0.1:{port}/", threads: 1}}
admin: {{listen: "127.0.0.1:{admin}"}}
clusters: [{{name: local, uis: [{{name: page, url: "http://127.0.0.1:{upstream_port}"}}]}}]
store: {store}
log: {{access: false}}
""")
    process = start(PROXY_CORE, binary, "--config", str(conf), stdout=subprocess.DEVNULL, stderr=open(folder / f"{name}.log", "w"))
    wait_for(f"http://127.0.0.1:{admin}/ping")
    made = subprocess.run([binary, "token", "create", "--config", str(conf), "--client-name", "bench"],
                          check=True, capture_output=True, text=True).stdout
    token = json.loads(made)["access_token"]
    url = f"http://127.0.0.1:{port}/local/ui/page"
    wait_for(url + "/page.html", {"Authorization": f"Bearer {token}"})
    return process, url, f"Authorization: Bearer {token}", session_cookie(port, token)


def summary(rounds):
    cpu = [r["cpu_us"] for r in rounds]
    return {"cpu_us": {"min": min(cpu), "median": statistics.median(cpu), "max": max(cpu)},
            "per_second": statistics.median(r["per_second"] for r in rounds),
            "p50": rounds[-1]["p50"], "p99": rounds[-1]["p99"]}


def run(folder):
    line = "26/11/21 05:28:45 INFO TaskSetManager: Finished task 3.0 in stage 12.0 (TID 99) in 41 ms\n"
    (folder / "page.html").write_text("<!DOCTYPE html><html><head><title>log</title></head><body><pre>" + line * 45 + "</pre></body></html>")
    # As Spark answers the gateway: it honours X-Forwarded-Context, so the links are right and only looked at.
    (folder / "spark.html").write_text(SPARK_PAGE.read_text().replace("/local/shs", "/local/ui/page"))
    upstream, peer = free_port(), free_port()
    processes = [nginx(folder, "upstream", upstream, f"server {{ listen 127.0.0.1:PORT reuseport; root {folder}; }}", LOAD_CORE)]
    wait_for(f"http://127.0.0.1:{upstream}/page.html")
    processes.append(nginx(folder, "peer", peer, f"""
      upstream u {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
      server {{ listen 127.0.0.1:PORT; location / {{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}""", PROXY_CORE))
    wait_for(f"http://127.0.0.1:{peer}/page.html")
    gate, url, bearer, cookie = gateway(folder, "local", upstream, f"sqlite:{folder}/state.db")
    shared, redis_port = redis(folder)
    other, other_url, _, other_cookie = gateway(folder, "shared", upstream, f"redis://127.0.0.1:{redis_port}/0")
    processes += [gate, other, shared]
    # the third is what the ratio is taken against
    contenders = {"nginx, log page": (processes[1].pid, f"http://127.0.0.1:{peer}/page.html", None, None),
                  "bearer token, log page": (gate.pid, f"{url}/page.html", bearer, "nginx, log page"),
                  "session, log page": (gate.pid, f"{url}/page.html", cookie, "bearer token, log page"),
                  "session in Redis, log page": (other.pid, f"{other_url}/page.html", other_cookie, "bearer token, log page"),
                  "nginx, page of links": (processes[1].pid, f"http://127.0.0.1:{peer}/spark.html", None, None),
                  "bearer token, page of links": (gate.pid, f"{url}/spark.html", bearer, "nginx, page of links")}
    rounds = {name: [] for name in contenders}
    try:
        for number in range(ROUNDS):
            for name, (pid, target, sent, _) in contenders.items():
                rounds[name].append(load(pid, target, sent))
                print(f"  round {number + 1}/{ROUNDS} {name}: {rounds[name][-1]['cpu_us']:.1f} us", file=sys.stderr)
        result = {name: summary(r) | {"peak_kib": peak_kib(contenders[name][0]), "against": contenders[name][3]}
                  for name, r in rounds.items()}
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(20)
    return result


def main():
    for program in ("nginx", "wrk", "taskset"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: sh tests/support/install.sh bench")
    with tempfile.TemporaryDirectory(prefix="sparkgate-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        result = run(folder)
    print(f"\n4 KB pages, {CONNECTIONS} keep-alive connections, one core, CPU us per request, {ROUNDS} rounds;"
          "\nnginx checks nothing, sparkgate verifies who asks and rewrites")
    print(f"{'':28} {'min':>7} {'median':>7} {'max':>7} {'req/s':>8} {'p50':>8} {'p99':>8} {'MiB':>6}  ratio")
    for contender, r in result.items():
        ratio = "" if r["against"] is None else f"{r['cpu_us']['median'] / result[r['against']]['cpu_us']['median']:.2f} x {r['against']}"
        print(f"{contender:28} {r['cpu_us']['min']:7.1f} {r['cpu_us']['median']:7.1f} {r['cpu_us']['max']:7.1f} "
              f"{r['per_second']:8.0f} {r['p50']:>8} {r['p99']:>8} {r['peak_kib'] / 1024:6.1f}  {ratio}")
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(json.dumps(result, indent=1))
    print()
    subprocess.run([sys.executable, str(ROOT / "tests" / "bench" / "tokens.py")], check=True)
    for bench in sorted((ROOT / "build" / "tests" / "bench").glob("*_bench")):
        print()
        subprocess.run([str(bench)], check=True)


if __name__ == "__main__":
    main()

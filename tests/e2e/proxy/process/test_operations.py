"""Running it: probes, metrics, reload, drain, the command line."""

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

from conftest import Client
from gateway import Gateway, binary
from spark_cluster import wait_for


class Slow(http.server.BaseHTTPRequestHandler):
    """/slow answers when the test says so."""

    protocol_version = "HTTP/1.1"
    go = threading.Event()
    asked = threading.Event()

    def do_GET(self):
        if self.path == "/slow":
            Slow.asked.set()
            Slow.go.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def ui():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture()
def gate(ui):
    with Gateway([{"name": "local", "uis": [{"name": "slow", "url": ui}]}]) as running:
        running.token = running.create_token("operations", "user")["access_token"]
        running.await_mounts(["/local/ui/slow/"], running.token)
        yield running


def test_command_line_tells_whether_the_gateway_is_ready(gate):
    def ready():
        made = subprocess.run([str(binary()), "--config", str(gate.config), "--ready"], capture_output=True, text=True, timeout=20)
        return made.returncode, made.stdout

    assert ready() == (0, "ready\n")
    gate.daemon.signal(signal.SIGSTOP)
    try:
        code, said = ready()
    finally:
        gate.daemon.signal(signal.SIGCONT)
    assert (code, said[:11]) == (1, "not ready: ")
    gate.daemon.stop()
    code, said = ready()
    assert (code, said[:11]) == (1, "not ready: ")


def test_probes_and_metrics_are_on_the_admin_listener_only(gate):
    assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200
    ready = requests.get(f"{gate.admin_url}/ready", timeout=5)
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    Client(gate, gate.token).get("/local/ui/slow/")
    text = requests.get(f"{gate.admin_url}/metrics", timeout=5).text
    for family in ("requests_total", "request_duration_seconds", "auth_decisions_total", "logins_total", "sessions", "tokens_active",
                   "store_errors_total", "upstream_duration_seconds", "jwks_fetch_total"):
        assert f"# TYPE sparkgate_{family} " in text
    assert re.search(r'sparkgate_requests_total\{code="200",method="GET",upstream="other"\} [1-9]', text)
    assert requests.get(f"{gate.admin_url}/nosuch", timeout=5).status_code == 404


def test_ready_fails_when_the_store_is_gone(gate):
    os.rename(gate.folder / "state.db", gate.folder / "moved.db")
    wait_for(lambda: requests.get(f"{gate.admin_url}/ready", timeout=5).status_code == 503, "ready to fail", 10)
    os.rename(gate.folder / "moved.db", gate.folder / "state.db")


def test_access_lines_have_the_contracts_keys(gate):
    Client(gate, gate.token).get("/local/ui/slow/")
    wait_for(lambda: any(line.get("path") == "/local/ui/slow/" and line["status"] == 200 for line in gate.access_log()), "the line", 5)
    line = [line for line in gate.access_log() if line.get("path") == "/local/ui/slow/"][-1]
    for key in ("ts", "level", "event", "request_id", "client", "user", "auth", "token_id", "method", "host", "path", "status", "bytes",
                "dur_ms", "upstream", "decision", "reason"):
        assert key in line, key
    assert line["user"] == "client:operations" and line["auth"] == "bearer" and line["decision"] == "allow"


def refuses_connections(port):
    with socket.socket() as conn:
        return conn.connect_ex(("127.0.0.1", port)) != 0


def test_sigterm_finishes_what_is_under_way_and_takes_nothing_new(gate):
    Slow.go.clear()
    Slow.asked.clear()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(Client(gate, gate.token).get("/local/ui/slow/slow")))
    asking.start()
    assert Slow.asked.wait(10)
    os.kill(gate.pid, signal.SIGTERM)
    wait_for(lambda: requests.get(f"{gate.admin_url}/ready", timeout=5).status_code == 503, "ready to fail", 10)
    wait_for(lambda: refuses_connections(gate.port), "the listener to close", 10)
    Slow.go.set()
    asking.join(20)
    assert answers[0].status_code == 200
    assert gate.daemon.process.wait(10) == 0


def test_a_gateway_that_ends_serves_on_while_it_says_that_it_is_not_ready(gate):
    gate.merge({"server": {"limits": {"unready": "3s"}}})
    gate.reload()
    wait_for(lambda: "the configuration was read again" in gate.log_text(), "the reload", 10)
    began = time.monotonic()
    gate.daemon.signal(signal.SIGTERM)
    wait_for(lambda: requests.get(f"{gate.admin_url}/ready", timeout=5).status_code == 503, "ready to fail", 10)
    assert not refuses_connections(gate.port) or time.monotonic() - began > 3
    assert gate.daemon.process.wait(20) == 0
    assert time.monotonic() - began >= 3


def test_sighup_reads_the_file_again_and_keeps_the_old_one_on_error(gate, ui):
    gate.conf["clusters"].append({"name": "second", "uis": [{"name": "slow", "url": ui}]})
    gate.write_config()
    os.kill(gate.pid, signal.SIGHUP)
    gate.await_mounts(["/second/ui/slow/"], gate.token)
    gate.config.write_text("server: {listne: x}\n")
    os.kill(gate.pid, signal.SIGHUP)
    wait_for(lambda: "listne" in gate.log_text(), "the refusal in the log", 10)
    assert Client(gate, gate.token).get("/second/ui/slow/").status_code == 200


def run(*words):
    return subprocess.run([str(binary()), *map(str, words)], capture_output=True, text=True, timeout=20)


def test_the_command_line_answers_with_its_exit_codes(gate, tmp_path):
    assert run("--config", gate.config, "--check").returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text("server:\n  listne: 127.0.0.1:1\nclusters:\n  - {name: a, masters: [http://127.0.0.1:1]}\n")
    refused = run("--config", bad, "--check")
    assert refused.returncode == 1 and re.search(r"bad\.yaml:2:3: .*listne.*listen", refused.stderr)
    assert run("--nosuch").returncode == 2
    assert run().returncode == 2
    assert run("--version").stdout.startswith("sparkgate ")
    printed = run("--config", gate.config, "--print-config")
    assert printed.returncode == 0 and "public_url" in printed.stdout


def test_tokens_are_listed_without_secrets_and_revoked_within_a_second(gate):
    made = gate.create_token("short-lived", "user")
    listed = json.loads(run("token", "list", "--config", gate.config).stdout)
    assert made["id"] in json.dumps(listed) and made["access_token"] not in json.dumps(listed)
    client = Client(gate, made["access_token"])
    assert client.get("/local/ui/slow/").status_code == 200
    assert run("token", "revoke", made["id"], "--config", gate.config).returncode == 0
    began = time.monotonic()
    wait_for(lambda: client.get("/local/ui/slow/").status_code == 401, "the revocation", 5)
    assert time.monotonic() - began < 1.2

"""Another process takes over: by SIGUSR2 with all sockets, by systemd's socket activation; what fails leaves everything as it was."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest
import requests

from callers import asked, visiting, wrong
from conftest import Client
from echo_socket import CLOSE, EchoSocket, Socket
from gateway import Gateway, binary
from spark_cluster import HOST, free_port, wait_for
from test_process import count_listening
from upstream import Upstream

UI = "/local/ui/echo/"
CLIENTS, REPLACEMENTS = 32, 5


def entry(url):
    return [{"name": "local", "uis": [{"name": "echo", "url": url}]}]


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture
def gate(upstream):
    with Gateway(entry(upstream.url)) as running:
        running.token = running.create_token("handover", "admin")["access_token"]
        running.await_mounts([UI], running.token)
        yield running


def serving(gate):
    """The pids of those who took over, in their order."""
    return [int(pid) for pid in re.findall(r'"process (\d+) serves;', gate.log_text())]


def is_alive(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def replace(gate, pid):
    """SIGUSR2 to this one; gives the pid of the next."""
    before = len(serving(gate))
    os.kill(pid, signal.SIGUSR2)
    wait_for(lambda: len(serving(gate)) > before, "the next process to serve", 40)
    return serving(gate)[-1]


def session_field(gate):
    client = Client(gate)
    client.post("/_gate/login", data={"token": gate.token}, headers={"Origin": gate.origin})
    return ("Cookie", "; ".join(f"{one.name}={one.value}" for one in client.cookies))


def test_s200_five_replacements_under_load_fail_no_request(gate):
    fields = [("Authorization", f"Bearer {gate.token}"), session_field(gate)]
    pid, sockets = gate.pid, count_listening(gate.pid)
    with visiting(f"{HOST}:{gate.port}", UI, CLIENTS, fields, is_right=lambda status, body: status == 200 and b'"target"' in body) as visitors:
        for _ in range(REPLACEMENTS):
            old, pid = pid, replace(gate, pid)
            wait_for(lambda: not is_alive(old), "the old process to end", 40)
            before = asked(visitors)
            wait_for(lambda: asked(visitors) > before + 200, "more requests", 40)
    assert wrong(visitors) == []
    assert min(one.count for one in visitors) > REPLACEMENTS
    assert len(set(serving(gate))) == REPLACEMENTS
    assert count_listening(pid) == sockets  # none is left behind, and none is made


def test_s200_what_is_under_way_is_finished_by_the_old_process(gate):
    with requests.get(f"{gate.url}{UI}stream?bytes=200000000", headers={"Authorization": f"Bearer {gate.token}"}, stream=True, timeout=30) as answer:
        taken = len(answer.raw.read(65536))
        pid = replace(gate, gate.pid)
        assert gate.get_with_token(UI, gate.token) == 200
        assert is_alive(gate.pid) and is_alive(pid)
        while more := len(answer.raw.read(1 << 20)):
            taken += more
    assert taken == 200000000
    wait_for(lambda: not is_alive(gate.pid), "the old process to end", 20)
    assert gate.daemon.process.wait(5) == 0


def test_s200_the_admin_site_is_handed_over_too(gate):
    with requests.Session() as kept:
        assert kept.get(f"{gate.admin_url}/ready", timeout=5).status_code == 200
        pid = replace(gate, gate.pid)
        for _ in range(50):
            assert kept.get(f"{gate.admin_url}/ready", timeout=5).status_code == 200
            assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200
    wait_for(lambda: not is_alive(gate.pid), "the old process to end", 20)
    assert is_alive(pid)
    assert gate.create_token("after", "user")["access_token"]


def spoil(gate):
    gate.config.write_text("server: {listne: x}\n")
    return "it ended with status 1"


def other_address(gate):
    gate.merge({"server": {"listen": f"{HOST}:{free_port()}"}})
    gate.write_config()
    return "it ended with status 1"


@pytest.mark.parametrize("change, told", [(spoil, "listne"), (other_address, "an address changes only with a restart")])
def test_s200_a_successor_that_cannot_start_leaves_everything_as_it_was(gate, change, told):
    why = change(gate)
    os.kill(gate.pid, signal.SIGUSR2)
    wait_for(lambda: "this one goes on" in gate.log_text(), "the reason in the log", 20)
    assert why in gate.log_text() and told in gate.log_text()
    for _ in range(20):
        assert gate.get_with_token(UI, gate.token) == 200
    assert serving(gate) == [] and is_alive(gate.pid)


def test_s200_a_store_in_memory_is_not_handed_over(upstream):
    with Gateway(entry(upstream.url), settings={"store": "memory:"}) as gate:
        os.kill(gate.pid, signal.SIGUSR2)
        wait_for(lambda: "a store in memory ends with its process" in gate.log_text(), "the refusal", 10)
        assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200


def test_who_is_ended_while_another_process_starts_ends_it_too(gate):
    os.kill(gate.pid, signal.SIGUSR2)
    wait_for(lambda: '"another process starts"' in gate.log_text(), "the other process", 10)
    os.kill(gate.pid, signal.SIGTERM)
    assert gate.daemon.process.wait(40) == 0
    if serving(gate) == []:  # else it was quicker than we were
        with socket.socket() as refused:
            assert refused.connect_ex((HOST, gate.port)) != 0


@contextlib.contextmanager
def program_of_its_own(folder):
    """Gateways start from a copy of the program, which a test may put another in the place of."""
    program = folder / "sparkgate"
    shutil.copy2(binary(), program)
    before = os.environ.get("SPARKGATE")
    os.environ["SPARKGATE"] = str(program)
    try:
        yield program
    finally:
        os.environ.pop("SPARKGATE")
        if before:
            os.environ["SPARKGATE"] = before


def test_the_program_that_was_put_in_place_of_the_old_one_takes_over(upstream, tmp_path):
    with program_of_its_own(tmp_path) as program, Gateway(entry(upstream.url)) as gate:
        new = tmp_path / "new"
        shutil.copy2(program, new)
        inode = new.stat().st_ino
        new.replace(program)
        pid = replace(gate, gate.pid)
        assert os.stat(f"/proc/{pid}/exe").st_ino == inode


def test_a_program_that_cannot_be_run_is_named_with_its_reason(upstream, tmp_path):
    with program_of_its_own(tmp_path) as program, Gateway(entry(upstream.url)) as gate:
        program.unlink()
        os.kill(gate.pid, signal.SIGUSR2)
        wait_for(lambda: "the program cannot be run: No such file or directory" in gate.log_text(), "the reason", 10)
        assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200


def opened(gate, token):
    fields = {"Host": f"{HOST}:{gate.port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Authorization": f"Bearer {token}"}
    socket = Socket(gate, f"{UI}chat", fields.items())
    assert socket.status == 101
    return socket


def test_s201_a_websocket_is_told_that_the_service_restarts_and_may_come_back():
    with EchoSocket() as echo, Gateway(entry(echo.url)) as gate:
        token = gate.create_token("socket", "user")["access_token"]
        gate.await_mounts([f"{UI}page"], token)
        talking = opened(gate, token)
        talking.say(b"before")
        assert talking.hear() == (1, b"before")
        replace(gate, gate.pid)
        assert talking.hear() == (CLOSE, b"\x03\xf4")
        assert talking.is_over()
        again = opened(gate, token)
        again.say(b"after")
        assert again.hear() == (1, b"after")


def test_the_service_manager_is_told_which_process_serves(upstream, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with Gateway(entry(upstream.url)) as gate:
            pid = replace(gate, gate.pid)
            said = ""
            while "MAINPID=" not in said:
                said = manager.recv(4096).decode()
        assert f"MAINPID={pid}\n" in said


# --- sockets of systemd's ---


@contextlib.contextmanager
def started_with(gateway, sockets, names):
    """As systemd starts a service: the sockets are descriptors 3 and on."""
    gateway.write_config()

    def place():
        kept = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD_CLOEXEC, 100) for one in sockets]
        for i, fd in enumerate(kept):
            os.dup2(fd, 3 + i)

    script = f'LISTEN_PID=$$ LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names} exec "$0" --config "$1"'
    process = subprocess.Popen(["sh", "-c", script, str(binary()), str(gateway.config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=place, close_fds=False)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def activated(upstream):
    gateway = Gateway(entry(upstream.url))
    with socket.create_server((HOST, gateway.port)) as public, socket.create_server((HOST, gateway.admin_port)) as admin:
        try:
            yield gateway, public, admin
        finally:
            gateway.stop()


def test_who_connects_before_the_gateway_runs_is_served_by_it(upstream):
    with activated(upstream) as (gateway, public, admin), socket.create_connection((HOST, gateway.port), timeout=30) as early:
        early.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}:{gateway.port}\r\n\r\n".encode())
        with started_with(gateway, [public, admin], "public:admin"):
            assert early.recv(8) == b"HTTP/1.1"
            wait_for(lambda: requests.get(f"{gateway.admin_url}/ping", timeout=5).status_code == 200, "/ping", 20)
            for _ in range(20):
                assert requests.get(f"{gateway.url}/", timeout=5).status_code in (200, 401)


@pytest.mark.parametrize("names, told", [("public:sparkgate.socket", '"sparkgate.socket", expected public, admin, redirect or admin-redirect'),
                                         ("admin:public", "expected 127.0.0.1:"), ("admin:admin", "or one too many")])
def test_sockets_that_do_not_fit_are_refused(upstream, names, told):
    with activated(upstream) as (gateway, public, admin), started_with(gateway, [public, admin], names) as process:
        said = process.communicate(timeout=20)[1].decode()
        assert process.returncode == 1 and told in said, said

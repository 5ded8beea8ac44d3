"""The service manager keeps the listening sockets while the service is started again (S181): a played store of descriptors."""

import contextlib
import os
import signal
import socket
import time

import pytest
import requests

from gateway import Gateway
from spark_cluster import HOST, free_port, wait_for
from test_handover import entry, started_with
from test_process import count_listening
from upstream import Upstream


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


class Keeper:
    """A service manager that keeps what it is given, by its name."""

    def __init__(self):
        self.name, self.kept, self.told = f"@sparkgate-keeper/{os.getpid()}/{time.monotonic_ns()}", {}, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:])
        self.socket.settimeout(0)

    def hear(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                said, fds, *_ = socket.recv_fds(self.socket, 4096, 128)
                for fd in fds:
                    os.set_inheritable(fd, False)
                words = dict(line.split("=", 1) for line in said.decode().splitlines())
                self.told.append(words)
                if "FDSTOREREMOVE" in words:
                    self.close(self.kept.pop(words["FDNAME"], []))
                elif "FDSTORE" in words:
                    self.kept.setdefault(words["FDNAME"], []).extend(socket.socket(fileno=fd) for fd in fds)

    def is_told(self, word):
        self.hear()
        return any(word in words for words in self.told)

    @staticmethod
    def close(sockets):
        for one in sockets:
            one.close()

    def counts(self):
        return {name: len(sockets) for name, sockets in self.kept.items()}

    @contextlib.contextmanager
    def start(self, gate):
        """The next run: it is given all that is kept."""
        self.told.clear()
        pairs = [(name, one) for name, sockets in self.kept.items() for one in sockets]
        with started_with(gate, [one for _, one in pairs], ":".join(name for name, _ in pairs)) as process:
            wait_for(lambda: self.is_told("READY"), "the next run to serve", 20)
            yield process


@pytest.fixture
def keeper(monkeypatch):
    made = Keeper()
    monkeypatch.setenv("NOTIFY_SOCKET", made.name)
    yield made
    for sockets in made.kept.values():
        made.close(sockets)
    made.socket.close()


@pytest.fixture
def gate(upstream, keeper):
    with Gateway(entry(upstream.url)) as running:
        wait_for(lambda: keeper.is_told("READY"), "READY=1", 10)
        yield running


def ask(connection, gate):
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}:{gate.port}\r\n\r\n".encode())


def answers(gate):
    return requests.get(f"{gate.url}/", timeout=5).status_code in (200, 401) and requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200


def test_s181_who_connects_while_nobody_runs_is_served_by_the_next_run(gate, keeper):
    assert keeper.counts() == {"kept-public": 2, "kept-admin": 1}
    gate.daemon.stop()
    waiting = [socket.create_connection((HOST, gate.port), timeout=30) for _ in range(8)]
    for one in waiting:
        ask(one, gate)
    with keeper.start(gate) as process:
        assert [one.recv(8) for one in waiting] == [b"HTTP/1.1"] * 8
        assert count_listening(process.pid) == 3 and answers(gate)
    Keeper.close(waiting)


def test_s181_after_a_run_that_was_killed_too(gate, keeper):
    os.kill(gate.pid, signal.SIGKILL)
    with socket.create_connection((HOST, gate.port), timeout=30) as early:
        ask(early, gate)
        with keeper.start(gate):
            assert early.recv(8) == b"HTTP/1.1"


def test_s181_an_address_that_is_not_configured_any_more_is_closed(gate, keeper):
    gate.daemon.stop()
    old, gate.port = gate.port, free_port()
    gate.url = f"http://{HOST}:{gate.port}"
    gate.merge({"server": {"listen": f"{HOST}:{gate.port}", "public_url": f"{gate.url}/"}})
    with keeper.start(gate) as process:
        wait_for(lambda: keeper.counts() == {"kept-public": 2, "kept-admin": 1}, "the new sockets to be kept", 10)
        assert count_listening(process.pid) == 3 and answers(gate)
        with socket.socket() as refused:
            assert refused.connect_ex((HOST, old)) != 0


@pytest.mark.parametrize("threads", [1, 4])
def test_the_number_of_threads_is_the_configurations(gate, keeper, threads):
    gate.daemon.stop()
    gate.merge({"server": {"threads": threads}})
    with keeper.start(gate) as process:
        keeper.hear()
        assert keeper.counts() == {"kept-public": threads, "kept-admin": 1}
        assert count_listening(process.pid) == threads + 1
        assert all(answers(gate) for _ in range(20))


def test_a_socket_units_socket_is_not_kept_beside(gate, keeper):
    gate.daemon.stop()
    keeper.close(keeper.kept.pop("kept-public"))
    with socket.create_server((HOST, gate.port)) as public:
        keeper.kept = {"public": [public], **keeper.kept}
        with keeper.start(gate):
            keeper.hear()
            assert keeper.counts() == {"public": 1, "kept-admin": 1} and answers(gate)


def test_a_request_that_has_begun_at_the_admin_site_is_answered_by_a_gateway_that_ends(gate):
    with socket.create_connection((HOST, gate.admin_port), timeout=30) as begun:
        begun.sendall(b"GET /ready HTTP/1.1\r\n")
        assert requests.get(f"{gate.admin_url}/ping", timeout=5).status_code == 200  # so it was read
        gate.daemon.signal(signal.SIGTERM)
        wait_for(lambda: "finishing what is under way" in gate.log_text(), "the end to begin", 20)
        begun.sendall(f"Host: {HOST}:{gate.admin_port}\r\n\r\n".encode())
        assert begun.recv(12) == b"HTTP/1.1 503"
    assert gate.daemon.process.wait(20) == 0

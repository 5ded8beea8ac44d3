"""The gateway as a service: what its manager is told, and when its watchdog is not fed."""

import os
import select
import signal
import socket
import stat
import subprocess
import time

import pytest

from gateway import Gateway, binary
from spark_cluster import wait_for
from threads import hold, release, threads_of
from upstream import Upstream

WATCHDOG_S = 0.9


def entry(url):
    return [{"name": "local", "uis": [{"name": "echo", "url": url}]}]


class Manager:
    """A service manager's socket, and all that it was told so far."""

    def __init__(self, name):
        self.name, self.told = name, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def hear(self, seconds=0.0):
        """What comes now, and within so many seconds."""
        new, end = [], time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            new.append(self.socket.recv(4096).decode())
        self.told += new
        return new

    def has_heard(self, word):
        self.hear()
        return any(word in told.splitlines() for told in self.told)


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    return Manager(f"{tmp_path}/notify" if request.param == "path" else f"@sparkgate-test/{os.getpid()}/{time.monotonic_ns()}")


@pytest.fixture
def gate(upstream, manager, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", manager.name)
    monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_S * 1e6)))
    with Gateway(entry(upstream.url)) as running:
        yield running


def test_manager_hears_of_readiness_reload_and_end(gate, manager):
    wait_for(lambda: manager.has_heard("READY=1"), "READY=1", 10)
    manager.told.clear()
    gate.reload()
    wait_for(lambda: manager.has_heard("READY=1"), "READY=1 after the reload", 10)
    reloading = next(told for told in manager.told if "RELOADING=1" in told)
    assert 0 < time.monotonic() - int(reloading.split("MONOTONIC_USEC=")[1]) / 1e6 < 30
    gate.config.write_text("nonsense: 1\n")
    manager.told.clear()
    gate.daemon.signal(signal.SIGHUP)
    wait_for(lambda: manager.has_heard("READY=1"), "READY=1 after a reload that failed", 10)
    gate.daemon.signal(signal.SIGTERM)
    wait_for(lambda: manager.has_heard("STOPPING=1"), "STOPPING=1", 10)


def test_a_gateway_that_cannot_start_is_never_ready(upstream, manager, gate, monkeypatch):
    wait_for(lambda: manager.has_heard("READY=1"), "READY=1", 10)
    gate.daemon.stop()
    manager.hear()
    manager.told.clear()
    gate.config.write_text("nonsense: 1\n")
    assert subprocess.run([binary(), "--config", gate.config], capture_output=True).returncode == 1
    assert manager.hear(0.2) == []


def test_s54_watchdog_is_fed_while_every_thread_turns_and_not_while_one_stands_still(gate, manager):
    fed = manager.hear(2 * WATCHDOG_S).count("WATCHDOG=1")
    assert 3 <= fed <= 8
    tid = threads_of(gate.pid)[0]
    hold(tid)
    try:
        wait_for(lambda: manager.hear(2 * WATCHDOG_S) == [], "the watchdog to be hungry", 30)
    finally:
        release(tid)
    wait_for(lambda: "WATCHDOG=1" in manager.hear(0.5), "the watchdog to be fed again", 10)


def test_lines_have_priorities_where_the_journal_reads_them_and_only_there(upstream, tmp_path, monkeypatch):
    log = tmp_path / "gateway-1.log"  # what Gateway names it when there is one
    log.touch()
    where = log.stat()
    monkeypatch.setenv("JOURNAL_STREAM", f"{where.st_dev}:{where.st_ino}")
    with Gateway(entry(upstream.url), folder=tmp_path) as gate:
        gate.config.write_text("nonsense: 1\n")
        gate.daemon.signal(signal.SIGHUP)
        wait_for(lambda: '<3>{"ts"' in gate.log_text(), "an error's priority", 10)
        assert stat.S_ISREG(where.st_mode) and '<6>{"ts"' in gate.log_text()
        refused = subprocess.run([binary(), "--config", gate.config], capture_output=True, text=True)
        assert refused.stderr.startswith(f"{gate.config}:1:1: key ")

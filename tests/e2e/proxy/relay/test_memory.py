"""Memory is bounded whatever passes: a 1 GB answer to a client that hardly reads."""

import socket
import urllib.parse

import pytest

from conftest import BASE
from gateway import Gateway
from upstream import Upstream

GIGABYTE = 1 << 30
MORE_THAN_IDLE_KIB = 64 * 1024


class SlowReader:
    """A raw client with a small window: it reads when it is told to."""

    def __init__(self, gateway, path, token):
        parts = urllib.parse.urlsplit(gateway.origin)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.settimeout(30)
        self.socket.connect((parts.hostname, parts.port))
        self.socket.sendall(f"GET {gateway.base}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())

    def read(self, count):
        """Reads that many bytes, or up to the end; gives how many came."""
        got = 0
        while got < count:
            data = self.socket.recv(min(1 << 20, count - got))
            if not data:
                break
            got += len(data)
        return got


@pytest.fixture(scope="module")
def gate():
    with Upstream() as upstream:
        with Gateway([{"name": "other", "uis": [{"name": "big", "url": upstream.url}]}], BASE) as gateway:
            gateway.await_mounts(["/other/ui/big/"], gateway.create_token("ready")["access_token"])
            yield gateway


def test_a_gigabyte_to_a_slow_client_stays_under_64_mib_more_than_idle(gate):
    token = gate.create_token("slow")["access_token"]
    idle = gate.resident_kib()
    reader = SlowReader(gate, f"/other/ui/big/stream?bytes={GIGABYTE}", token)
    total, most = 0, 0
    while True:
        # a client that pauses: at each look the gateway has had all the time to fill its buffers
        got = reader.read(8 << 20)
        total += got
        most = max(most, gate.resident_kib())
        if got < 8 << 20:
            break
    assert total > GIGABYTE
    assert most - idle < MORE_THAN_IDLE_KIB, f"{(most - idle) / 1024:.0f} MiB more than idle"


def test_twenty_stalled_clients_are_bounded_too(gate):
    token = gate.create_token("stalled")["access_token"]
    idle = gate.resident_kib()
    readers = [SlowReader(gate, f"/other/ui/big/stream?bytes={GIGABYTE}", token) for _ in range(20)]
    for reader in readers:
        assert reader.read(100_000) == 100_000
    # the pause is proved by other traffic: the gateway still answers, and at once
    for _ in range(20):
        assert gate.get_with_token("/other/ui/big/", token) == 200
    assert gate.resident_kib() - idle < MORE_THAN_IDLE_KIB
    for reader in readers:
        reader.socket.close()
    assert gate.get_with_token("/other/ui/big/", token) == 200

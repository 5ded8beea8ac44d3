"""A redis-server of one's own on a free port of loopback, which can be stopped, killed, hung and started again, and a
Sentinel trio. Everything ends by its pid."""

import os
import pathlib
import signal
import socket
import tempfile
import time

from spark_cluster import HOST, Daemon, free_port, wait_for


def speak(port, *words, password=None, user="default", timeout=5):
    """One command, its reply as text lines (RESP as it came)."""
    with socket.create_connection((HOST, port), timeout=timeout) as link:
        for command in ([["AUTH", user, password]] if password else []) + [words]:
            link.sendall(b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in
                         (word if isinstance(word, bytes) else str(word).encode() for word in command)))
            reply = link.recv(1 << 20)
        return reply


class Redis:
    """with Redis() as redis: redis.url"""

    def __init__(self, *options, port=None):
        self.folder = tempfile.TemporaryDirectory(prefix="sparkgate-redis-")
        self.port, self.options, self.daemon = port or free_port(), options, None

    @property
    def url(self):
        return f"redis://{HOST}:{self.port}/0"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    def answers(self):
        try:
            return speak(self.port, "PING", timeout=1).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def start(self):
        folder = pathlib.Path(self.folder.name)
        command = ["redis-server", "--port", str(self.port), "--bind", HOST, "--save", "", "--dir", str(folder), *self.options]
        self.daemon = Daemon("redis", command, dict(os.environ), folder, folder / f"redis-{time.monotonic_ns()}.log")
        wait_for(self.answers, "redis-server", 20, self.daemon.check)
        return self

    def kill(self):
        """Without a word, and its memory is gone."""
        self.daemon.signal(signal.SIGKILL)
        self.daemon.stop()

    def stop(self):
        if self.daemon:
            self.daemon.signal(signal.SIGCONT)
            self.daemon.stop()

    def hang(self):
        self.daemon.signal(signal.SIGSTOP)

    def go_on(self):
        self.daemon.signal(signal.SIGCONT)

    def everything(self):
        """Every key and value, as bytes."""
        seen = speak(self.port, "KEYS", "*")
        keys = [line for line in seen.split(b"\r\n") if line and line[:1] not in b"*$"]
        return seen + b"".join(speak(self.port, "DUMP", key) for key in keys)


class Sentinels:
    """A master, its replica and three sentinels that agree within a second or two."""

    NAME = "gates"

    def __init__(self):
        self.master, self.daemons = Redis(), []
        self.replica = None
        self.ports = [free_port() for _ in range(3)]

    @property
    def url(self):
        return f"redis+sentinel://{','.join(f'{HOST}:{port}' for port in self.ports)}/{self.NAME}/0"

    def __enter__(self):
        self.master.start()
        self.replica = Redis("--replicaof", HOST, str(self.master.port)).start()
        wait_for(lambda: b"master_link_status:up" in speak(self.replica.port, "INFO", "replication"), "the replica", 20)
        folder = pathlib.Path(self.master.folder.name)
        for port in self.ports:
            conf = folder / f"sentinel-{port}.conf"
            conf.write_text(f"port {port}\nbind {HOST}\ndir {folder}\nsentinel monitor {self.NAME} {HOST} {self.master.port} 2\n"
                            f"sentinel down-after-milliseconds {self.NAME} 600\nsentinel failover-timeout {self.NAME} 3000\n")
            self.daemons.append(Daemon("sentinel", ["redis-server", str(conf), "--sentinel"], dict(os.environ), folder,
                                       folder / f"sentinel-{port}.log"))
        for port in self.ports:
            wait_for(lambda port=port: self.knows_all(port), f"sentinel {port}", 30)
        return self

    def knows_all(self, port):
        try:
            text = speak(port, "SENTINEL", "MASTER", self.NAME)
        except OSError:
            return False
        fields = [line for line in text.split(b"\r\n") if line[:1] not in b"$*"]
        row = dict(zip(fields[::2], fields[1::2]))
        return row.get(b"num-slaves") == b"1" and row.get(b"num-other-sentinels") == b"2"

    def __exit__(self, *_):
        for daemon in self.daemons:
            daemon.stop()
        for redis in (self.replica, self.master):
            redis.stop()
            redis.folder.cleanup()

    def fail_over(self):
        """Kills the master; returns when the replica is the new one."""
        self.master.kill()
        wait_for(lambda: b"role:master" in speak(self.replica.port, "INFO", "replication"), "the fail-over", 30)

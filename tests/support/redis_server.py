"""A Redis of the tests' own: on a free port or a Unix socket, with a password or an ACL user; and three Sentinels.

REDIS_SERVER names another program that speaks the same protocol: a valkey-server.
Nothing is kept on disk but what SAVE is asked for, unless `keeps` is true: then every write is. A stopped server can be started again on the same port.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from spark_cluster import HOST, Daemon, free_port, wait_for

PASSWORD = "a-redis-password-of-the-tests"
PROGRAM = os.environ.get("REDIS_SERVER") or "redis-server"
USER, USER_PASSWORD = "gate", "an-acl-password-of-the-tests"


def encode(words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def decode(stream):
    """One RESP2 answer: bytes, int, list or None; RuntimeError for an error."""
    line = stream.readline()
    if not line:
        raise OSError("Redis has closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RuntimeError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [decode(stream) for _ in range(int(rest))]
    return rest


class RedisServer:
    """with RedisServer() as redis: redis.url, redis.password. `replica_of`: another RedisServer."""

    def __init__(self, password=PASSWORD, acl=False, unix=False, replica_of=None, port=None, keeps=False, settings=()):
        self.settings = settings  # more words of its command line
        self.port, self.password, self.acl, self.unix = port or free_port(), password, acl, unix
        self.replica_of, self.keeps = replica_of, keeps
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-redis-"))
        self.socket = self.folder / "redis.sock"
        self.starts, self.daemon = 0, None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        """What `store:` is to say."""
        if self.unix:
            return f"redis+unix://{self.socket}"
        return f"redis://{USER + '@' if self.acl else ''}{HOST}:{self.port}/0"

    @property
    def secret(self):
        """What the gateway's password file is to hold."""
        return USER_PASSWORD if self.acl else self.password

    def command_line(self):
        words = [PROGRAM, "--port", str(self.port), "--bind", HOST, "--save", "",
                 "--appendonly", "yes" if self.keeps else "no", "--appendfsync", "always", "--dir", str(self.folder), "--requirepass", self.password, "--masterauth", self.password, "--repl-diskless-sync-delay", "0"]
        if self.unix:
            words += ["--unixsocket", str(self.socket), "--unixsocketperm", "600"]
        if self.acl:
            words += ["--user", USER, "on", f">{USER_PASSWORD}", "~*", "&*", "+@all"]
        if self.replica_of:
            words += ["--replicaof", f"{HOST} {self.replica_of.port}"]
        return [*words, *self.settings]

    def start(self):
        self.starts += 1
        log = self.folder / f"redis-{self.starts}.log"
        self.daemon = Daemon("redis-server", self.command_line(), dict(os.environ), self.folder, log)
        wait_for(self.answers, f"Redis on {self.port}", 20, self.daemon.check)
        return self

    def answers(self):
        try:
            return self.call("PING") == b"PONG"
        except (OSError, RuntimeError):
            return False

    def is_master(self):
        """Whether it has been promoted. Sentinel cuts every client of the one it promotes, so also one that asks just then."""
        try:
            return b"role:master" in self.call("INFO", "replication")
        except OSError:
            return False

    def call(self, *words):
        """One command on a connection of its own."""
        with socket.create_connection((HOST, self.port), 5) as link, link.makefile("rb") as stream:
            if self.password:
                link.sendall(encode(["AUTH", self.password]))
                decode(stream)
            link.sendall(encode(words))
            return decode(stream)

    def dump(self):
        """Everything it holds, as bytes: names, raw values as DUMP gives them, and the file that SAVE writes."""
        everything = b""
        for key in self.call("KEYS", "*"):
            everything += key + b"\0" + (self.call("DUMP", key) or b"")
        self.call("CONFIG", "SET", "rdbcompression", "no")
        self.call("SAVE")
        return everything + (self.folder / "dump.rdb").read_bytes()

    def monitor(self):
        """A list that every command from now on is added to, as bytes."""
        link = socket.create_connection((HOST, self.port), 5)
        stream, seen = link.makefile("rb"), []
        for words in (["AUTH", self.password], ["MONITOR"]):
            link.sendall(encode(words))
            decode(stream)
        link.settimeout(None)

        def read():
            with link, stream, contextlib.suppress(OSError):
                seen.extend(stream)
        threading.Thread(target=read, daemon=True).start()
        return seen

    def kill(self):
        """As a machine that is switched off."""
        self.daemon.signal(signal.SIGKILL)
        self.daemon.process.wait()

    def freeze(self):
        self.daemon.signal(signal.SIGSTOP)

    def thaw(self):
        self.daemon.signal(signal.SIGCONT)

    def stop(self):
        if self.daemon:
            self.thaw()
            self.daemon.stop()
            self.daemon = None


class RedisByTls(RedisServer):
    """`rediss://`: its certificate is for a name, not for its address, and its clients must show one of the same authority."""

    NAME = "redis.tests.example"

    def __init__(self):
        self.tls_port = free_port()
        super().__init__(acl=True)
        certificate, key = self.folder / "tls.pem", self.folder / "tls.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=tests",
                        "-addext", f"subjectAltName=DNS:{self.NAME}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        self.settings = ["--tls-port", str(self.tls_port), "--tls-auth-clients", "yes", "--tls-cert-file", str(certificate),
                         "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)]
        self.more = {"store_ca_file": str(certificate), "store_client_certificate": str(certificate), "store_client_key": str(key),
                     "store_server_name": self.NAME}

    @property
    def url(self):
        return f"rediss://{USER}@{HOST}:{self.tls_port}/0"


class Sentinels:
    """A master, a replica and three Sentinels that watch them: url is `redis+sentinel://…`."""

    NAME = "spark"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-sentinel-"))
        self.master = RedisServer()
        self.replica = RedisServer(replica_of=self.master)
        self.ports, self.daemons = [free_port() for _ in range(3)], []

    def __enter__(self):
        try:
            self.master.start()
            self.replica.start()
            self.start_sentinels()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in self.daemons:
            daemon.stop()
        for server in (self.replica, self.master):
            server.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_sentinels(self):
        for port in self.ports:
            conf = self.folder / f"{port}.conf"
            conf.write_text(
                f"port {port}\nbind {HOST}\ndir {self.folder}\nsentinel monitor {self.NAME} {HOST} {self.master.port} 2\n"
                f"sentinel auth-pass {self.NAME} {PASSWORD}\nsentinel down-after-milliseconds {self.NAME} 1000\n"
                f"sentinel failover-timeout {self.NAME} 5000\n")
            self.daemons.append(Daemon("redis-sentinel", [PROGRAM, str(conf), "--sentinel"], dict(os.environ),
                                       self.folder, self.folder / f"{port}.log"))
        wait_for(self.agree, "three Sentinels that know each other and the replica", 30)

    def agree(self):
        try:
            info = [self.ask(port, "SENTINEL", "MASTER", self.NAME) for port in self.ports]
        except (OSError, RuntimeError):
            return False
        facts = [dict(zip(row[::2], row[1::2])) for row in info]
        return all(row[b"num-other-sentinels"] == b"2" and row[b"num-slaves"] == b"1" for row in facts)

    def ask(self, port, *words):
        with socket.create_connection((HOST, port), 5) as link, link.makefile("rb") as stream:
            link.sendall(encode(words))
            return decode(stream)

    @property
    def url(self):
        return f"redis+sentinel://{','.join(f'{HOST}:{port}' for port in self.ports)}/{self.NAME}/0"

    @property
    def secret(self):
        return PASSWORD

"""Everything that runs: Redis with Sentinels, the provider, Spark, our UI, two gateways that share a store and one that has its own.

`one` speaks plain http as behind a terminator, `two` speaks TLS itself: both are the same site. `three` keeps SQLite on a small tmpfs.
"""

import collections
import contextlib
import glob
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "e2e")]

from echo_socket import EchoSocket  # noqa: E402
from gateway import Gateway, binary, cluster_entry  # noqa: E402
from oidc_provider import OidcProvider  # noqa: E402
from redis_server import Sentinels  # noqa: E402
from spark_cluster import HOST, Cluster, Daemon, free_port, is_up, wait_for  # noqa: E402
from tls_front import write_certificate  # noqa: E402

BASE = "/gate"
SENTINEL_MS = 5000  # of silence before Sentinels act: a busy machine is no fail-over
DISK = "12m"  # the third gateway's
ACCESS_LINES = 20000  # of a gateway's log that are kept
CLIENT = "soak"
FAKETIME = sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))
BAD_SIGNS = (b"Sanitizer", b"runtime error:", b"stack smashing", b"*** buffer overflow", b"Assertion")


class PipedDaemon(Daemon):
    """A process whose stderr is a pipe of ours, so that its reader can stop. Access lines are kept in a ring, all others in the log."""

    def __init__(self, name, command, env, cwd, log):
        self.name, self.log = name, log
        self.reading, self.access, self.bad = threading.Event(), collections.deque(maxlen=ACCESS_LINES), []
        self.reading.set()
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True)
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        with open(self.log, "ab", buffering=0) as log:
            rest = b""
            while data := os.read(self.process.stderr.fileno(), 65536):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    self.note(line, log)
                self.reading.wait()
            self.note(rest, log)

    def note(self, line, log):
        if any(sign in line for sign in BAD_SIGNS):
            self.bad.append(line.decode(errors="replace"))
        if b'"event":"access"' in line:
            self.access.append(line)
        elif line:
            log.write(line + b"\n")


class Gate(Gateway):
    """A gateway with a clock that can be moved and a stderr that can be stalled."""

    def __init__(self, name, clusters, folder, settings, public=None, tls=False):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(clusters, BASE, folder=folder)
        self.name, self.clock, self.pem, self.client_tls = name, folder / "clock", None, None
        if tls:
            self.use_tls()
        self.host = f"{HOST}:{(public or self).port}"
        self.origin = (public or self).origin
        self.url = self.origin + self.base
        self.merge({**settings, "server": {**self.conf["server"], "public_url": f"{self.url}/", **settings.get("server", {})}})

    def use_tls(self):
        self.pem, self.origin = self.folder / "gate.pem", f"https://{HOST}:{self.port}"
        self.renew()
        self.conf["server"]["tls"] = {"certificate": str(self.pem), "key": str(self.pem)}
        self.client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client_tls.check_hostname, self.client_tls.verify_mode = False, ssl.CERT_NONE

    def renew(self):
        """Moved into its place in one step, as Kubernetes and certbot do."""
        made = self.folder / "new"
        made.mkdir(exist_ok=True)
        path = write_certificate(made, [HOST])
        path.chmod(0o600)
        path.replace(self.pem)

    def start(self):
        self.write_config()
        self.set_clock(0)
        env = {**os.environ, "LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(self.clock), "DONT_FAKE_MONOTONIC": "1",
               "FAKETIME_CACHE_DURATION": "1", "NO_FAKE_STAT": "1",
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.daemon = PipedDaemon(self.name, [str(binary()), "--config", str(self.config)], env, self.folder, self.folder / "gateway.log")
        wait_for(lambda: is_up(f"{self.admin_url}/ping"), f"{self.admin_url}/ping", 30, self.daemon.check)
        return self

    def set_clock(self, seconds):
        part = self.clock.with_suffix(".part")
        part.write_text(f"{seconds:+d}\n")
        part.replace(self.clock)

    def stop(self):
        if self.daemon:
            self.daemon.reading.set()
            self.daemon.stop()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def keep_logs(self, folder):
        """What is worth reading afterwards; nothing of it is a secret."""
        target = folder / self.name
        target.mkdir(parents=True, exist_ok=True)
        if self.daemon and self.daemon.log.exists():
            (target / "gateway.log").write_bytes(self.daemon.log.read_bytes())
            (target / "access.log").write_bytes(b"\n".join(self.daemon.access) + b"\n")


class OwnUi:
    """ui.py, which can be killed and started again at its address."""

    def __init__(self, folder):
        self.port, self.folder, self.starts = free_port(), folder, 0
        self.url = f"http://{HOST}:{self.port}"

    def __enter__(self):
        return self.start()

    def start(self):
        self.starts += 1
        self.daemon = Daemon("ui.py", [sys.executable, str(HERE / "ui.py"), str(self.port)], dict(os.environ), HERE,
                             self.folder / f"ui-{self.starts % 5}.log")
        wait_for(lambda: is_up(f"{self.url}/echo/up"), "our UI", 20, self.daemon.check)
        return self

    def kill(self):
        self.daemon.signal(signal.SIGKILL)
        self.daemon.process.wait()

    def __exit__(self, *_):
        self.daemon.stop()


@contextlib.contextmanager
def small_disk(folder):
    """A tmpfs, unmounted whatever happens."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "soak", str(folder)], check=True)
    try:
        yield folder
    finally:
        if subprocess.run(["umount", str(folder)], check=False).returncode != 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def secret_file(folder, name, text):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
    file.chmod(0o600)
    return str(file)


class World:
    """with World(folder, say) as world: world.one, two, three, gates, sentinels, provider, spark, ui, sockets."""

    def __init__(self, folder, say, cluster=None):
        self.folder, self.say, self.cluster, self.stack = folder, say, cluster, contextlib.ExitStack()
        self.spark = self.three = None
        self.gates = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self):
        enter = self.stack.enter_context
        self.say("starting Redis, Sentinels, the provider and the UIs")
        self.disk = enter(small_disk(self.folder / "disk"))
        self.sentinels = enter(Sentinels())
        for port in self.sentinels.ports:
            self.sentinels.ask(port, "SENTINEL", "SET", Sentinels.NAME, "down-after-milliseconds", SENTINEL_MS)
        self.provider = enter(OidcProvider())
        self.ui = enter(OwnUi(self.folder))
        self.sockets = enter(EchoSocket())
        self.say("starting Spark")
        self.spark = json.loads(pathlib.Path(self.cluster).read_text()) if self.cluster else enter(Cluster("4.3", workers=1)).info()
        self.say("starting the gateways")
        self.make_gates()
        for gate in self.gates:
            enter(gate)
        self.await_all()

    def uis(self):
        return [{"name": "soak", "url": self.ui.url}, {"name": "talk", "url": self.sockets.url}]

    def make_gates(self):
        def entry():
            return {**cluster_entry(self.spark), "uis": self.uis()}
        self.two = Gate("two", [entry()], self.folder / "two", {}, tls=True)
        self.one = Gate("one", [entry()], self.folder / "one", {}, public=self.two)
        self.three = Gate("three", [{"name": "local", "uis": self.uis()}], self.folder / "three",
                          {"store": f"sqlite:{self.disk}/state.db"})
        self.gates, self.pair = [self.one, self.two, self.three], [self.one, self.two]
        secret = self.provider.add_client(CLIENT, self.pair, access_ttl=60)
        self.provider.add_service("robot")
        for gate in self.pair:
            gate.merge(self.shared_settings(gate.folder, secret))
        self.three.merge({"tokens": {"per_user": 100}, "session": {"idle": "12h", "max": "48h"}})

    def shared_settings(self, folder, secret):
        oidc = {"issuer": self.provider.issuer, "client_id": CLIENT, "scopes": ["openid", "profile", "groups"],
                "client_secret_file": secret_file(folder, "client-secret", secret)}
        return {
            "auth": {"oidc": oidc, "bearer": [{"issuer": self.provider.issuer, "audience": ["spark"]}],
                     "roles": {"claim": "groups", "admin": ["spark-admin"], "user": ["spark-user"]}},
            "store": self.sentinels.url, "store_password_file": secret_file(folder, "redis-password", self.sentinels.secret),
            "session": {"idle": "12h", "max": "48h"},
        }

    def await_all(self):
        mounts = {"one": self.mounts(), "two": self.mounts(), "three": ["/local/ui/soak/echo/up"]}
        for gate in self.gates:
            token = gate.create_token("waits", "admin")["access_token"]
            for path in mounts[gate.name]:
                self.await_mount(gate, path, token)

    def mounts(self):
        running = self.spark["apps"].get("running")
        return ["/local/ui/soak/echo/up", "/local/proxy/master/", "/local/shs/",
                *([f"/local/proxy/{running['id']}/jobs/"] if running else [])]

    def await_mount(self, gate, path, token):
        def there():
            command = ["curl", "-sk", "-o", os.devnull, "-w", "%{http_code}", "-H", f"Host: {gate.host}", "-H", "@-",
                       f"http{'s' if gate.pem else ''}://{HOST}:{gate.port}{gate.base}{path}"]
            return subprocess.run(command, input=f"Authorization: Bearer {token}", capture_output=True, text=True, timeout=30).stdout == "200"
        wait_for(there, f"{path} at {gate.name}", 90, gate.daemon.check)

    # -- what it looks like now, asked directly --------------------------------------------------------------------

    def redis_master(self):
        """(master, other) by their own word; OSError or RuntimeError while that is unclear."""
        servers = [self.sentinels.master, self.sentinels.replica]
        masters = [server for server in servers if server.daemon and server.is_master()]
        if len(masters) != 1:
            raise RuntimeError(f"{len(masters)} masters")
        return masters[0], next(server for server in servers if server is not masters[0])

    def named_master(self):
        """The port that the first Sentinel names; None if it says nothing."""
        try:
            return int(self.sentinels.ask(self.sentinels.ports[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", Sentinels.NAME)[1])
        except (OSError, RuntimeError, TypeError):
            return None

    def redis_is_whole(self):
        """One master, its replica follows, and the Sentinels say so."""
        try:
            master, other = self.redis_master()
            link = other.call("INFO", "replication")
        except (OSError, RuntimeError):
            return False
        return self.named_master() == master.port and b"master_link_status:up" in link and f"master_port:{master.port}".encode() in link

    def replicated(self):
        """Whether the replica has all that the master was told."""
        try:
            master, other = self.redis_master()
            offsets = [int(server.call("INFO", "replication").split(b"master_repl_offset:")[1].split(b"\r")[0]) for server in (master, other)]
        except (OSError, RuntimeError, IndexError):
            return False
        return offsets[0] <= offsets[1] + 200  # pings between the two questions

    def admin_token(self, gate, name="soak-root"):
        return gate.create_token(name, "admin", "--access-ttl", "20d")["access_token"]

    def describe(self):
        return json.dumps({gate.name: {"port": gate.port, "pid": gate.pid, "rss": gate.resident_kib(), "fds": gate.descriptors()}
                           for gate in self.gates})

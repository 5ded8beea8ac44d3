"""A Docker engine of the tests' own: Debian's dockerd with a socket and folders below build/, and the host put back
afterwards as it was. Needs root, and install.sh's packages.

No registry is asked: `debian:bookworm-slim`, which the Dockerfiles begin with, is made by debootstrap from the mirror
that apt uses. Layers stay in build/docker/data, so that a second run builds what changed.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

from spark_cluster import Daemon, wait_for
from spark_install import ensure_spark, full_version

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "docker"
BASE = "debian:bookworm-slim"
SUITE = "bookworm"
SLIM = ["doc", "groff", "info", "linda", "lintian", "locale", "man"]  # below /usr/share
DOCKER, COMPOSE = "/usr/bin/docker", "/usr/bin/docker-compose"  # Debian's, whatever else is in PATH
NET = pathlib.Path("/sys/class/net")
SETTINGS = ["net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"]
BUILT_IN = {"filter": ["INPUT", "FORWARD", "OUTPUT"], "nat": ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]}


def run(command, **options):
    """Its output as text; RuntimeError with what it said when it fails."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        said = (result.stdout + result.stderr)[-6000:]
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{said}")
    return result.stdout


class HostNetwork:
    """What a dockerd leaves behind on the host's network: bridges, rules of the firewall, forwarding."""

    def __init__(self):
        self.links = set(os.listdir(NET))
        self.settings = {path: path.read_text() for path in self.paths()}
        self.rules = {(tool, table): self.save(tool, table)
                      for tool in ("iptables", "ip6tables") for table in BUILT_IN}

    @staticmethod
    def paths():
        return [path for path in (pathlib.Path("/proc/sys") / name for name in SETTINGS) if path.exists()]

    @staticmethod
    def save(tool, table):
        """Rules without their counters and comments, or, where there are none, the empty table."""
        text = run([f"{tool}-save", "-t", table])
        lines = [re.sub(r"^(:.*) \[.*\]$", r"\1 [0:0]", line) for line in text.splitlines() if not line.startswith("#")]
        empty = [f"*{table}", *(f":{chain} ACCEPT [0:0]" for chain in BUILT_IN[table]), "COMMIT"]
        return "\n".join(lines or empty) + "\n"

    def restore(self):
        for name in set(os.listdir(NET)) - self.links:
            if name == "docker0" or name.startswith("br-"):
                run(["ip", "link", "delete", name])
        for (tool, table), rules in self.rules.items():
            run([f"{tool}-restore", "-T", table], input=rules)
        for path, value in self.settings.items():
            path.write_text(value)

    def changes(self):
        """What differs from the beginning, as sentences."""
        now = HostNetwork()
        return ([f"link {name}" for name in now.links ^ self.links if name == "docker0" or name.startswith("br-")] +
                [f"{tool} {table}:\n{now.rules[tool, table]}" for tool, table in self.rules
                 if now.rules[tool, table] != self.rules[tool, table]] +
                [f"{path}: {now.settings.get(path)}" for path, value in self.settings.items()
                 if now.settings.get(path) != value])


def mirror():
    """Where apt fetches Debian itself from."""
    lines = run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(ORIGIN) $(REPO_URI)",
                 "Created-By: Packages"]).splitlines()
    for line in lines:
        codename, component, origin, uri = line.split()[:4]
        if (codename, component, origin) == (SUITE, "main", "Debian"):
            return uri
    raise RuntimeError(f"apt knows no mirror of Debian {SUITE}")


class Engine:
    """`with Engine() as engine: engine.docker("ps")`."""

    data, options, base, network_of = FOLDER / "data", (), True, HostNetwork

    def __enter__(self):
        self.data.mkdir(parents=True, exist_ok=True)
        self.lock = open(f"{self.data}.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-docker-"))
        self.host = f"unix://{self.dir}/docker.sock"
        self.network = self.network_of()
        self.daemon = None
        try:
            self.start()
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def start(self):
        command = ["dockerd", "-H", self.host, "--data-root", self.data, "--exec-root", self.dir / "exec", *self.options,
                   "--pidfile", self.dir / "docker.pid"]
        env = dict(os.environ, PATH=f"/usr/sbin:/usr/bin:/sbin:/bin:{os.environ['PATH']}")
        self.daemon = Daemon("dockerd", [str(word) for word in command], env, self.dir, self.dir / "dockerd.log")
        wait_for(self.answers, "the Docker engine", 60, self.daemon.check)
        if self.base and not self.docker("images", "-q", BASE):
            self.make_base()

    def stop(self):
        if self.daemon:
            self.daemon.stop(60)
        self.unmount()
        self.network.restore()
        shutil.rmtree(self.dir, ignore_errors=True)
        self.lock.close()

    def unmount(self):
        """What an engine that was ended in a hurry has left mounted."""
        mounts = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith((f"{self.dir}/", f"{self.data}/")):
                subprocess.run(["umount", "--lazy", mount], capture_output=True)

    def answers(self):
        return subprocess.run([DOCKER, "-H", self.host, "version"], capture_output=True).returncode == 0

    def env(self, **more):
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return {**kept, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0", **more}

    def docker(self, *words, **options):
        return run([DOCKER, *words], env=self.env(), **options).strip()

    def compose(self, *words, files=None, env=None, **options):
        """docker-compose beside docker/compose.yaml, with `env` as its shell's variables."""
        chosen = [word for file in files or [] for word in ("-f", file)]
        return run([COMPOSE, *chosen, *words], env=self.env(**(env or {})), cwd=ROOT / "docker", **options).strip()

    def inspect(self, *names):
        return json.loads(self.docker("inspect", *names))

    def make_base(self):
        """Debian as the image of that name has it, with its settings: no service starts in a build, dpkg does not wait
        for the disk, what slim leaves out is left out."""
        with scratch_in_memory(self.dir / "debian") as root:
            run(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, root, mirror()],
                env=dict(os.environ, PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin"))
            policy = root / "usr/sbin/policy-rc.d"
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
            (root / "etc/dpkg/dpkg.cfg.d/docker-apt-speedup").write_text("force-unsafe-io\n")
            (root / "etc/dpkg/dpkg.cfg.d/docker").write_text("".join(f"path-exclude /usr/share/{name}/*\n" for name in SLIM))
            tar = ["tar", "-C", str(root), "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*",
                   "--exclude=./var/log/*", "--exclude=./dev/*", *(f"--exclude=./usr/share/{name}/*" for name in SLIM),
                   "-c", "."]
            with subprocess.Popen(tar, stdout=subprocess.PIPE) as made:
                self.docker("import", "-", BASE, stdin=made.stdout)
                made.stdout.close()


class Untouched:
    """The network of a host that an engine leaves alone; another engine may be changing it."""

    def restore(self):
        pass


class QuietEngine(Engine):
    """One that leaves the host's network alone: containers have the host's, or none."""

    data, base, network_of = FOLDER / "quiet-data", False, Untouched
    options = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")


@contextlib.contextmanager
def scratch_in_memory(folder):
    """dpkg waits for the disk after every file; memory has none."""
    folder.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=1g", "debian", folder])
    try:
        yield folder
    finally:
        run(["umount", "--lazy", folder])
        folder.rmdir()


@contextlib.contextmanager
def spark_wheel(version):
    """A folder with a wheel of the pyspark that is in the cache already, for pip's --find-links."""
    site = ensure_spark(version).parent
    with tempfile.TemporaryDirectory(prefix="sparkgate-wheel-") as folder:
        name = f"pyspark-{full_version(version)}"
        with zipfile.ZipFile(f"{folder}/{name}-py2.py3-none-any.whl", "w", zipfile.ZIP_STORED) as wheel:
            for top in ("pyspark", f"{name}.dist-info"):
                for path in sorted((site / top).rglob("*")):
                    if path.is_file():
                        wheel.write(path, path.relative_to(site))
        yield pathlib.Path(folder)

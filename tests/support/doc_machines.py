"""The machines of a page of docs/: network namespaces on one bridge, with the addresses that the page has, so that its files and
commands run as they are written. All see one copy of this machine's /etc, and empty folders of state; nothing stays. Needs root.
"""

import itertools
import pathlib
import re
import signal
import subprocess
import tempfile
import textwrap

from gateway import ROOT, binary
from spark_cluster import Daemon, wait_for

BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)
HEAD = re.compile(r"# (?:(/\S+) )?on ([\w ,:.]+)$")
EMPTY = ("/run", "/srv", "/opt", "/var/lib/redis", "/var/lib/sparkgate", "/var/lib/nginx", "/var/log")
WAIT = "\necho made\nexec sleep infinity"
PRIVATE = f"""
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
cp -a /etc /mnt/etc
mount --bind /mnt/etc /etc
for folder in {' '.join(EMPTY)}; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
mkdir -p /opt/bin /var/log/nginx /var/log/redis
chmod 755 /opt /srv
cp "$1" /opt/bin/sparkgate
chown redis: /var/lib/redis /var/log/redis
ip link set lo up
ip link add spark0 type bridge
ip addr add 10.0.0.20/24 dev spark0
ip link set spark0 up
{WAIT}"""


class Page:
    """The blocks of a page: its files by path, its commands by machine, in their order."""

    def __init__(self, name):
        self.files, self.commands = {}, []
        for language, code in BLOCK.findall((ROOT / "docs" / name).read_text()):
            first, _, rest = textwrap.dedent(code).partition("\n")
            head = HEAD.match(first)
            if head and head.group(1):
                self.files[head.group(1)] = rest
            elif head and language == "sh":
                self.commands.append((head.group(2), rest))

    def shell(self, words):
        """The one block of commands with these words."""
        [code] = [code for _, code in self.commands if words in code]
        return code


class Machines:
    """with Machines({"gate1": "10.0.0.11"}, names) as machines: machines.run("gate1", "ip addr"). `names`: {address: "host host"}.
    `here` is the bridge's own machine, at 10.0.0.20."""

    def __init__(self, addresses, names):
        self.addresses, self.names, self.pids, self.daemons, self.holders = addresses, names, {}, [], []
        self.numbers = itertools.count()
        self.folder = tempfile.TemporaryDirectory(prefix="sparkgate-machines-")

    def __enter__(self):
        try:
            return self.build()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.stop()
        for holder in reversed(self.holders):
            holder.kill()
            holder.wait()
        self.folder.cleanup()

    def hold(self, name, command):
        """A process that keeps the namespaces of `name`."""
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.holders.append(holder)
        assert holder.stdout.readline() == "made\n", f"{name}: no namespace"
        self.pids[name] = holder.pid

    def build(self):
        self.hold("here", ["unshare", "--net", "--mount", "sh", "-euc", PRIVATE, "sh", str(binary())])
        for name, address in self.addresses.items():
            self.hold(name, ["nsenter", "-t", str(self.pids["here"]), "-n", "-m", "unshare", "--net", "sh", "-euc", f"ip link set lo up{WAIT}"])
            self.run("here", f"ip link add {name} type veth peer name eth0 netns {self.pids[name]}; ip link set {name} master spark0 up")
            self.run(name, f"ip addr add {address}/24 dev eth0; ip link set eth0 up")
        for address, hosts in self.names.items():
            self.run("here", f"echo {address} {hosts} >> /etc/hosts")
        return self

    def inside(self, name, *command):
        return ["nsenter", "-t", str(self.pids[name]), "-n", "-m", "env", "PATH=/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin", *command]

    def run(self, name, code, check=True, timeout=60):
        """What a shell of root's says there, in the folder /srv."""
        done = subprocess.run(self.inside(name, "sh", "-euc", f"cd /srv\n{code}"), capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, (name, code, done.stdout, done.stderr)
        return done.stdout if check else done

    def write(self, path, text):
        """A file that a page shows."""
        self.run("here", f"mkdir -p {pathlib.Path(path).parent}; cat > {path} <<'END OF FILE'\n{text}END OF FILE")

    def start(self, name, command, until="true"):
        """A program that runs on; returns when the shell command `until` succeeds there."""
        log = pathlib.Path(self.folder.name) / f"{next(self.numbers)}.log"
        daemon = Daemon(f"{name}: {command}", self.inside(name, "sh", "-euc", f"cd /srv\nexec {command}"), None, "/", log, signal.SIGKILL)
        self.daemons.append(daemon)
        wait_for(lambda: self.run(name, until, check=False).returncode == 0, f"{name}: {until}", 30, daemon.check)
        return daemon

    def stop(self, daemon):
        daemon.stop()
        if daemon in self.daemons:
            self.daemons.remove(daemon)

"""A clean root (distro_root.py) as a machine that runs: its own systemd is process 1, in namespaces and a control group of its own.

    with Root("bookworm") as root, Machine(root) as machine:
        machine.run("systemctl", "start", "x.service")

Its network is its own loopback. It ends with the process that started it, and leaves nothing mounted.
"""

import os
import pathlib
import signal
import subprocess

from spark_cluster import die_with_parent, wait_for

PACKAGES = ["systemd", "systemd-sysv", "dbus"]
DEVICES = "null zero full random urandom tty"
BOOT = f"""set -e
root=$1 group=$2
echo $$ >"$group/cgroup.procs"
exec unshare --mount --pid --cgroup --net --ipc --uts --fork --kill-child sh -c '
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=755 dev "$root/dev"
for name in {DEVICES}; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
cd "$root"
mkdir -p .before
pivot_root . .before
umount -l /.before
rmdir /.before
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
' sh "$root"
"""


def control_groups():
    """Where the unified hierarchy of control groups is mounted."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind = line.split()[:3]
        if kind == "cgroup2":
            return pathlib.Path(where)
    raise RuntimeError("there is no cgroup2 mounted, which a systemd needs")


class Machine:
    def __init__(self, root):
        self.root = root
        self.group = control_groups() / f"sparkgate-test-{os.getpid()}-{root.path.name}"

    def __enter__(self):
        self.root.install(*PACKAGES)
        (self.root.path / "usr/sbin/policy-rc.d").unlink()
        self.group.mkdir()
        self.log = self.root.path.with_name(f"{self.root.path.name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["sh", "-c", BOOT, "sh", self.root.path, self.group], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, preexec_fn=lambda: die_with_parent(signal.SIGKILL))
        try:
            wait_for(self.is_up, "systemd to be up", 60, self.check)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        (self.group / "cgroup.kill").write_text("1")
        wait_for(lambda: "populated 0" in (self.group / "cgroup.events").read_text(), "the machine to be off", 20)
        for folder, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(folder)
        self.log.unlink()

    def check(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the machine went off:\n{self.log.read_text(errors='replace')[-3000:]}")

    def first_process(self):
        """Its process 1, as it is numbered outside."""
        ids = self.group / "init.scope" / "cgroup.procs"
        return ids.read_text().split()[0] if ids.exists() and ids.read_text() else None

    def is_up(self):
        return self.first_process() and self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def run(self, *words, check=True, user="root"):
        """The ended command, with its output as text; RuntimeError with what it said if it failed."""
        enter = ["nsenter", "-t", self.first_process(), "-m", "-p", "-n", "-u", "-i", "-C", "--"]
        become = [] if user == "root" else ["runuser", "-u", user, "--"]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        done = subprocess.run([*enter, *become, *map(str, words)], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout[-6000:]}")
        return done

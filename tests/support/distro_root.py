"""Other distributions' machines, as folders: a clean root by debootstrap, kept in the user's cache, and commands that run in it.

    with Root("trixie") as root:
        root.install("gcc", "make")
        root.run("make", cwd="/src")

Needs root, debootstrap, and the mirror that apt uses already; Ubuntu's is the folder beside Debian's there, or UBUNTU_MIRROR.
Each command has namespaces of its own for mounts and processes, so nothing stays mounted, and nothing runs on behind it.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from cache import ensure
from java_install import mirror

UBUNTU = {"noble"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# In memory, because dpkg waits for a disk after every file.
BOOTSTRAP = """set -e
folder=$1 out=$2 suite=$3 mirror=$4
shift 4
mount -t tmpfs -o size=2g,mode=755 root "$folder"
script=/usr/share/debootstrap/scripts/$suite # an older debootstrap does not know newer ones; all of Ubuntu's are the same
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/gutsy
debootstrap --variant=minbase --merged-usr --include=ca-certificates "$@" "$suite" "$folder" "$mirror" "$script"
tar -C "$folder" -cf "$out" --exclude='./var/cache/apt/archives/*.deb' --exclude='./dev/*' .
"""
ENTER = """set -e
root=$1 cwd=$2
shift 2
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$cwd" "$@"
"""


def mirror_of(suite):
    """The address of its packages."""
    if suite not in UBUNTU:
        return mirror()
    return os.environ.get("UBUNTU_MIRROR") or mirror().rstrip("/").removesuffix("/debian") + "/ubuntu"


def keyring_of(suite):
    """Debian's keys check Debian's packages; Ubuntu's keys are in a package of Debian 13's, which those check."""
    if suite not in UBUNTU:
        return []
    return ["--keyring", ensure("ubuntu-keyring", "unpacking Ubuntu's keys", unpack_ubuntu_keys) / "ubuntu-archive-keyring.gpg"]


def unpack_ubuntu_keys(target):
    with Root("trixie") as root, tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        root.run("apt-get", "-qq", "update")
        root.run("apt-get", "-qq", "download", "ubuntu-keyring", cwd="/tmp")
        package, = (root.path / "tmp").glob("ubuntu-keyring_*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        shutil.copytree(pathlib.Path(folder, "usr/share/keyrings"), target, dirs_exist_ok=True)
    (target / ".ready").touch()


def bootstrap(suite, target):
    """TARGET/root.tar."""
    target.mkdir(exist_ok=True)
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryDirectory(prefix="mounted-", dir=target) as folder:
        subprocess.run(["unshare", "--mount", "sh", "-c", BOOTSTRAP, "sh", folder, target / "root.tar", suite, mirror_of(suite),
                        *keyring_of(suite)], env=env, stdout=subprocess.DEVNULL, check=True)
    (target / ".ready").touch()


class Root:
    """A clean machine of that suite, gone at the end; below `parent`, if it is given."""

    def __init__(self, suite, parent=None):
        self.suite, self.parent = suite, parent

    def __enter__(self):
        made = ensure(f"root-{self.suite}", f"making a clean root of {self.suite}", lambda target: bootstrap(self.suite, target))
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"sparkgate-{self.suite}-", dir=self.parent))
        self.path.chmod(0o755)
        subprocess.run(["tar", "-C", self.path, "-xf", made / "root.tar"], check=True)
        shutil.copyfile("/etc/resolv.conf", self.path / "etc/resolv.conf")
        shutil.copyfile("/etc/hosts", self.path / "etc/hosts")
        components = "main universe" if self.suite in UBUNTU else "main"
        self.write("etc/apt/sources.list", f"deb {mirror_of(self.suite)} {self.suite} {components}\n")
        self.write("etc/dpkg/dpkg.cfg.d/fast", "force-unsafe-io\n")
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n").chmod(0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self, *words, cwd="/"):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", str(self.path), cwd, *map(str, words)]

    def run(self, *words, cwd="/", check=True, env=None, **options):
        """The ended command, with its output as text; RuntimeError with what it said if it failed."""
        variables = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        done = subprocess.run(self.command(*words, cwd=cwd), env=variables, text=True, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{(done.stdout or '')[-6000:]}")
        return done

    def install(self, *packages):
        self.run("apt-get", "-qq", "update")
        self.run("apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages)

    @contextlib.contextmanager
    def start(self, *words, cwd="/"):
        """A command that goes on, until the block ends."""
        process = subprocess.Popen(self.command(*words, cwd=cwd), env={"PATH": PATH, "LANG": "C.UTF-8"}, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()  # and so all that it has started: --kill-child
            process.wait()
            process.stdout.close()

"""sparkgate on other distributions, each in a clean root of its own: `make distros`, and the suite debian-13 of CI.

    distros.py [--only STEP...] [DISTRIBUTION...]      debian-12 debian-13 ubuntu-24.04; all of them if none is named

Steps are build, unit, integration, fuzz-replay, meta, package (made there, installed in another clean root, and served within a
minute) and demo (not in CI: it takes minutes). Prints what each suite counts, and a line "DISTRIBUTION: N passed, N failed,
N skipped". Needs root, and what distro_root.py needs. Standard library only.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import time

from distro_root import Root
from gateway import LINK, ROOT
from spark_cluster import wait_for
from spark_install import ensure_spark

SUITES = {"debian-12": "bookworm", "debian-13": "trixie", "ubuntu-24.04": "noble"}
STEPS = ["build", "unit", "integration", "fuzz-replay", "meta", "package", "demo"]
SERVED_S = 60
DEMO_S = 900
CONFIG = "/etc/sparkgate/sparkgate.yaml"


def copy_sources(target):
    """What is committed, and what is not yet."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in names.stdout.decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


class Distribution:
    def __init__(self, name, root):
        self.name, self.root, self.counts = name, root, {"passed": 0, "failed": 0, "skipped": 0}

    def say(self, text):
        print(f"{self.name}: {text}", flush=True)

    def shell(self, command, **options):
        return self.root.run("sh", "-c", command, cwd="/src", check=False, **options)

    def count(self, text, code):
        lines = re.findall(r"^[a-z0-9-]+: (\d+) passed, (\d+) failed, (\d+) skipped$", text, re.M)
        for line in lines or [("1", "0", "0") if code == 0 else ("0", "1", "0")]:
            for word, number in zip(self.counts, line):
                self.counts[word] += int(number)
        if code != 0 and lines and all(line[1] == "0" for line in lines):
            self.counts["failed"] += 1

    def step(self, name):
        began = time.monotonic()
        code, text = getattr(self, name.replace("-", "_"), lambda: self.make(name))()
        self.count(text, code)
        self.say(f"{name} {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s")
        if code != 0:
            print(text[-6000:], flush=True)

    def make(self, *words):
        done = self.shell(f"make --no-print-directory WERROR=-Werror {' '.join(words)}")
        return done.returncode, done.stdout

    def build(self):
        done = self.shell("sh tests/support/install.sh programs")
        if done.returncode != 0:
            return done.returncode, done.stdout
        self.say(self.shell("cc --version | head -n 1; for name in libevent openssl libjwt hiredis libcurl libnghttp2; do "
                            "echo $name $(pkg-config --modversion $name); done").stdout.replace("\n", ", ").rstrip(", "))
        return self.make("all", "programs")

    def package(self):
        code, text = self.make("deb")
        if code != 0:
            return code, text
        made = self.root.path / "src" / text.splitlines()[-1]
        with Root(self.root.suite) as fresh:
            shutil.copy(made, fresh.path / "srv" / made.name)
            began = time.monotonic()
            fresh.install(f"/srv/{made.name}")
            with fresh.start("runuser", "-u", "sparkgate", "--", "sparkgate", "--config", CONFIG) as gateway:
                try:
                    wait_for(lambda: fresh.run("sparkgate", "--config", CONFIG, "--ready", check=False).stdout == "ready\n", "the gateway", 30)
                except Exception as error:
                    gateway.kill()
                    return 1, f"{error}\n{gateway.stdout.read()}"
            took = time.monotonic() - began
            self.say(f"{made.name}: from nothing to ready in {took:.0f} s")
            return int(took > SERVED_S), f"{took:.0f} s, at most {SERVED_S}"

    def demo(self):
        """Until it has printed the link, with this machine's Spark, which is the same everywhere."""
        spark = ensure_spark("4.3").parent
        shutil.copytree(spark, self.root.path / "root/.cache/sparkgate" / spark.name, symlinks=True)
        with self.root.start("make", "--no-print-directory", "demo", cwd="/src") as demo:
            signal.signal(signal.SIGALRM, lambda *_: demo.kill())
            signal.alarm(DEMO_S)
            said = []
            for line in demo.stdout:
                said.append(line)
                if LINK.search(line):
                    return 0, ""
        return 1, "".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("distributions", nargs="*", metavar="DISTRIBUTION")
    args = parser.parse_intermixed_args()
    unknown = set(args.distributions) - SUITES.keys()
    if unknown:
        parser.error(f"no such distribution: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    failed = 0
    for name in args.distributions or SUITES:
        with Root(SUITES[name]) as root:
            distribution = Distribution(name, root)
            copy_sources(root.path / "src")
            root.install("make")
            for step in args.only:
                distribution.step(step)
            distribution.say(", ".join(f"{number} {word}" for word, number in distribution.counts.items()))
            failed += distribution.counts["failed"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

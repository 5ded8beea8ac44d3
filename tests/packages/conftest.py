"""Fixtures: the packages as `make deb` and `make rpm` make them, and one release more, whose configuration has a line more.

Nothing is skipped: what is missing fails. Needs root.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("tests/support", "tests/e2e", "conf/packages"):
    sys.path.insert(0, str(ROOT / folder))

PACKAGE = ROOT / "build" / "package"
ENV = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
CONFIGURATION = "etc/sparkgate/sparkgate.yaml"
NEW_LINE = "# a line of the next release\n"


def make(target, cwd=ROOT, **env):
    """The path that the target prints last."""
    done = subprocess.run(["make", "--no-print-directory", target], cwd=cwd, env={**ENV, **env}, text=True, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return cwd / done.stdout.splitlines()[-1]


def sources(target):
    """A copy of the checkout: what is committed, and what is not yet."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in names.stdout.decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture(scope="session")
def deb():
    return make("deb")


@pytest.fixture(scope="session")
def rpm(deb):
    return make("rpm")


@pytest.fixture(scope="session")
def next_release(deb, rpm, tmp_path_factory):
    """{"deb": path, "rpm": path} of the same program as release 2."""
    tree = sources(tmp_path_factory.mktemp("next"))
    with open(tree / "conf/packages/sparkgate.yaml", "a") as configuration:
        configuration.write(NEW_LINE)
    shutil.copytree(PACKAGE, tree / "build/package", ignore=shutil.ignore_patterns("stage", "rpmbuild", "*.deb", "*.rpm"))
    made = {}
    for kind in ("deb", "rpm"):
        done = subprocess.run([sys.executable, "conf/packages/package.py", kind, "build/package"], cwd=tree, text=True, check=True,
                              stdout=subprocess.PIPE, env={**ENV, "REVISION": "2", "SOURCE_DATE_EPOCH": "1800000000"})
        made[kind] = tree / done.stdout.strip()
    return made

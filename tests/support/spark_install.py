"""Spark from PyPI, kept in a cache outside the checkout so that every clone shares one copy.

`ensure_spark("4.3")` returns the SPARK_HOME of that version and downloads it at most once: a lock file keeps two
callers from installing at the same time, and a folder only gets its final name when it is complete.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cache import ensure

VERSIONS = {"4.3": "4.3.0", "3.5": "3.5.9"}  # what most tests run with
ALL_VERSIONS = {"2.4": "2.4.8", "3.0": "3.0.3", "3.1": "3.1.3", "3.2": "3.2.1", "3.3": "3.3.4", "3.4": "3.4.4", "4.0": "4.0.5",
                "4.1": "4.1.4", "4.2": "4.2.1", **VERSIONS}

OF_OLD_SETUP = "pypandoc==1.5\n"  # 2.4's setup.py calls what later ones have not


def full_version(version):
    """"4.3" or "4.3.0" -> "4.3.0"; KeyError for a version the tests do not know."""
    return ALL_VERSIONS[".".join(version.split(".")[:2])]


def minor(version):
    """"3.2.1" -> (3, 2), to compare with."""
    return tuple(int(part) for part in version.split(".")[:2])


def pip_command(scratch):
    """A pip that can be called: ours, or that of a throw-away venv (Debian's python3 comes without one)."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", f"{scratch}/venv"], check=True)
    return [f"{scratch}/venv/bin/python", "-m", "pip"]


def install(version, target):
    """Downloads pyspark==version into `target` by way of a scratch folder beside it; progress goes to stderr."""
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        limits = pathlib.Path(scratch, "limits.txt")
        limits.write_text(OF_OLD_SETUP)
        # no pip cache: the wheel would be a second copy of the 400 MB that stay in `target`
        command = pip_command(scratch) + [
            "install", "--no-deps", "--no-compile", "--no-cache-dir", "--disable-pip-version-check",
            "--root-user-action=ignore", "--target", f"{scratch}/site", f"pyspark=={version}"]
        subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "PIP_CONSTRAINT": str(limits)})
        pathlib.Path(scratch, "site", ".ready").touch()
        shutil.rmtree(target, ignore_errors=True)
        os.rename(f"{scratch}/site", target)


def ensure_spark(version):
    """SPARK_HOME of that version, downloaded first if it is not there (about 400 MB, a minute)."""
    version = full_version(version)
    return ensure(f"pyspark-{version}", f"downloading Spark {version}", lambda target: install(version, target)) / "pyspark"


if __name__ == "__main__":
    for wanted in sys.argv[1:] or VERSIONS:
        print(ensure_spark(wanted))

"""Keycloak from Maven Central, kept in the cache beside Spark: downloaded, unpacked and built at most once.

`ensure_keycloak()` returns the folder. Its build step (what Keycloak calls augmentation, two minutes) is done here, for
a database in memory, so that each later start takes seconds and finds nothing of the one before.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from cache import ensure

VERSION = "26.7.3"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
BUILD_OPTIONS = ["--db=dev-mem", "--cache=local", "--health-enabled=true"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def maven(*words):
    subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", *words], check=True, stdout=sys.stderr)


def download(folder):
    """Path of the zip, copied out of the local Maven repository."""
    maven("dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false")
    maven("-o", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}")
    return pathlib.Path(folder) / f"keycloak-quarkus-dist-{VERSION}.zip"


def install(target):
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        with zipfile.ZipFile(download(scratch)) as archive:
            archive.extractall(scratch)
        home = pathlib.Path(scratch) / f"keycloak-{VERSION}"
        (home / "bin" / "kc.sh").chmod(0o755)
        # the build writes absolute paths, so it is done where the folder stays
        shutil.rmtree(target, ignore_errors=True)
        os.rename(home, target)
    say("building Keycloak (about two minutes)")
    subprocess.run([str(target / "bin" / "kc.sh"), "build", *BUILD_OPTIONS], check=True, stdout=sys.stderr)
    (target / ".ready").touch()


def ensure_keycloak():
    """Its folder; downloaded first if it is not there (177 MB)."""
    return ensure(f"keycloak-{VERSION}", f"downloading Keycloak {VERSION}", install)


if __name__ == "__main__":
    print(ensure_keycloak())

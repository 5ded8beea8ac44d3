"""versitygw, an S3 server whose buckets are folders, built once from its Go module into the cache beside Spark.

`ensure_versitygw()` returns the program. Building takes some minutes of one processor; a lock file makes whoever needs it wait for that.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from cache import ensure

VERSION = "1.8.0"
MODULE = "github.com/versity/versitygw"


def go(*words, cwd):
    program = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if program is None:
        raise SystemExit("versitygw is built with Go 1.26 or newer, and there is no go in PATH")
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    subprocess.run([program, *words], cwd=cwd, env=env, check=True, stdout=sys.stderr)


def build(scratch):
    """By way of a module that imports the command: its own would ask for its path from the longest part on."""
    (scratch / "go.mod").write_text("module sparkgate.test/versitygw\n\ngo 1.26\n")
    (scratch / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{MODULE}/cmd/versitygw"\n')
    go("get", f"{MODULE}@v{VERSION}", cwd=scratch)
    go("build", "-p", "2", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", "out/", f"{MODULE}/cmd/versitygw", cwd=scratch)


def install(target):
    """By way of a folder beside it, which gets its final name when it is complete."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        scratch = pathlib.Path(folder)
        build(scratch)
        (scratch / "out" / ".ready").touch()
        shutil.rmtree(target, ignore_errors=True)
        os.rename(scratch / "out", target)
    print(f"versitygw {VERSION} is built: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def ensure_versitygw():
    return ensure(f"versitygw-{VERSION}", f"some minutes: building versitygw {VERSION}", install) / "versitygw"


if __name__ == "__main__":
    print(ensure_versitygw())

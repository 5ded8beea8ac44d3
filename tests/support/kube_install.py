"""kube-apiserver and kubectl, built once from Kubernetes' Go module into the cache beside Spark, and the CRDs the tests need.

`ensure_kubernetes()` returns the folder: bin/kube-apiserver, bin/kubectl and crd/*.yaml. Building takes a quarter of an hour of one
processor and 2 GB, so `make test-all` starts it in the background; a lock file makes whoever needs it wait for that.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cache import ensure

VERSION = "1.36.3"
GATEWAY_API = "sigs.k8s.io/gateway-api@v1.6.3"
SPARK_OPERATOR = "github.com/kubeflow/spark-operator/v2@v2.3.0"
CRDS = {GATEWAY_API: ["config/crd/standard/gateway.networking.k8s.io_gateways.yaml",
                      "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
        SPARK_OPERATOR: ["config/crd/bases/sparkoperator.k8s.io_sparkapplications.yaml",
                         "charts/spark-operator-chart/values.yaml"]}
PROGRAMS = ["kube-apiserver", "kubectl"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def go(*words, cwd, check=True):
    """Standard output of the go tool; what it says of its progress goes to stderr."""
    program = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if program is None:
        raise SystemExit("kube-apiserver is built with Go 1.26 or newer, and there is no go in PATH")
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    return subprocess.run([program, *words], cwd=cwd, env=env, check=check, stdout=subprocess.PIPE, text=True).stdout


def download(module, scratch):
    """Where the module cache keeps this module@version, and its go.mod."""
    found = json.loads(go("mod", "download", "-json", module, cwd=scratch, check=False))
    if "Error" in found:
        raise SystemExit(found["Error"])
    return pathlib.Path(found["Dir"]), pathlib.Path(found["GoMod"]).read_text()


def write_module(scratch):
    """A module whose only requirement is Kubernetes, with its parts (v0.0.0 in its own go.mod) at the version they came out with."""
    _, its_own = download(f"k8s.io/kubernetes@v{VERSION}", scratch)
    language = re.search(r"^go (\S+)$", its_own, re.M).group(1)
    parts = sorted(set(re.findall(r"^\s*(k8s\.io/\S+) v0\.0\.0(?:\s|$)", its_own, re.M)))
    lines = [f"replace {part} => {part} v0{VERSION.removeprefix('1')}" for part in parts]
    text = "\n".join(["module sparkgate.test/kubernetes", f"go {language}", f"require k8s.io/kubernetes v{VERSION}", *lines])
    (scratch / "go.mod").write_text(text + "\n")


def build(scratch):
    """One package at a time, for the compiler's memory."""
    major, minor, _ = VERSION.split(".")
    versions = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(["-s", "-w", *(f"-X k8s.io/component-base/version.{key}={value}" for key, value in versions.items())])
    write_module(scratch)
    go("build", "-p", "1", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", "out/bin/",
       *(f"k8s.io/kubernetes/cmd/{program}" for program in PROGRAMS), cwd=scratch)


def copy_crds(scratch):
    crds = scratch / "out" / "crd"
    crds.mkdir(parents=True)
    for module, files in CRDS.items():
        folder, _ = download(module, scratch)
        for file in files:
            shutil.copyfile(folder / file, crds / pathlib.Path(file).name)


def install(target):
    """By way of a folder beside it, which gets its final name when it is complete."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        scratch = pathlib.Path(folder)
        copy_crds(scratch)
        build(scratch)
        (scratch / "out" / ".ready").touch()
        shutil.rmtree(target, ignore_errors=True)
        os.rename(scratch / "out", target)
    say(f"kube-apiserver {VERSION} is built: {time.monotonic() - began:.0f} s")


def ensure_kubernetes():
    """The folder of this version, built first if it is not there; waits while another builds it."""
    return ensure(f"kubernetes-{VERSION}", f"a quarter of an hour: building kube-apiserver {VERSION}", install)


def give_way():
    """Runs when nobody else wants the processor, also where the kernel shares it out among sessions (sched_autogroup), and ends with
    what it started."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.nice(19)
    group = pathlib.Path("/proc/self/autogroup")
    if group.exists() and os.getsid(0) == os.getpid():
        group.write_text("19")
    signal.signal(signal.SIGTERM, end_all)


def end_all(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    raise SystemExit(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--when-idle"]:
        give_way()
    print(ensure_kubernetes())

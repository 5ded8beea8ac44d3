"""What is beside an API server in a whole cluster, Kubeflow's operator, Helm, h2spec: each built once from its Go module into the cache.

`ensure_program("kwok")` returns its folder: bin/kwok, and in files/ what the tests take of its module. All versions are in the table.
Scheduler and controller manager share most of the API server's build, so they are quick after it. As a program: builds what is named, else all.
"""

import dataclasses
import os
import pathlib
import shutil
import sys
import tempfile
import time

import kube_install
from cache import ensure
from kube_install import download, go, say

OWN_MAIN = 'package main\n\nimport (\n\t"os"\n\n\t"{package}"\n)\n\nfunc main() {{ etcdmain.Main(os.Args) }}\n'


@dataclasses.dataclass(frozen=True)
class Program:
    module: str
    version: str
    package: str  # below the module; none: its files are all that is wanted
    files: tuple = ()  # of the module, as patterns
    main: str = ""  # where the package is no program: ours, around it
    minutes: int = 5  # on two processors that nobody else uses


PROGRAMS = {
    "kube-scheduler": Program("k8s.io/kubernetes", f"v{kube_install.VERSION}", "/cmd/kube-scheduler", minutes=2),
    "kube-controller-manager": Program("k8s.io/kubernetes", f"v{kube_install.VERSION}", "/cmd/kube-controller-manager", minutes=4),
    "etcd": Program("go.etcd.io/etcd/server/v3", "v3.7.3", "/etcdmain", main=OWN_MAIN, minutes=1),
    "kwok": Program("sigs.k8s.io/kwok", "v0.8.0", "/cmd/kwok", ("kustomize/stage/**/*.yaml",), minutes=8),
    "spark-operator": Program("github.com/kubeflow/spark-operator/v2", "v2.5.0", "/cmd/operator",
                              ("config/crd/bases/*.yaml", "config/webhook/manifests.yaml", "config/rbac/*.yaml", "charts/spark-operator-chart/**/*.yaml"),
                              minutes=5),
    "helm-3": Program("helm.sh/helm/v3", "v3.22.0", "/cmd/helm", minutes=8),
    "helm-4": Program("helm.sh/helm/v4", "v4.3.2", "/cmd/helm", minutes=8),
    "kubeconform": Program("github.com/yannh/kubeconform", "v0.8.0", "/cmd/kubeconform", minutes=1),
    "h2spec": Program("github.com/summerwind/h2spec", "v2.2.1+incompatible", "/cmd/h2spec", minutes=1),
    "prometheus-operator": Program("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "",
                                   ("example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",)),
}


def write_module(program, scratch):
    """A module that requires this one; go.sum and what it requires itself are filled in by the go tool."""
    if program.module == "k8s.io/kubernetes":
        kube_install.write_module(scratch)
        return
    _, its_own = download(f"{program.module}@{program.version}", scratch)
    # one that is older than modules has none
    language = next((line for line in its_own.splitlines() if line.startswith("go ")), "go 1.17")
    (scratch / "go.mod").write_text(f"module sparkgate.test/program\n{language}\nrequire {program.module} {program.version}\n")
    package = program.module + program.package
    if program.main:
        (scratch / "main.go").write_text(program.main.format(package=package))
    go("get", f"{package}@{program.version}", cwd=scratch)


def copy_files(program, scratch):
    folder, _ = download(f"{program.module}@{program.version}", scratch)
    for pattern in program.files:
        for file in sorted(folder.glob(pattern)):
            target = scratch / "out" / "files" / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def build(name, program, scratch):
    """One package at a time, for the compiler's memory."""
    write_module(program, scratch)
    package = "." if program.main else program.module + program.package
    go("build", "-p", "1", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", f"out/bin/{name}", package, cwd=scratch)


def install(name, target):
    """By way of a folder beside it, which gets its final name when it is complete."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        scratch = pathlib.Path(folder)
        if PROGRAMS[name].package:
            build(name, PROGRAMS[name], scratch)
        copy_files(PROGRAMS[name], scratch)
        (scratch / "out" / ".ready").touch()
        shutil.rmtree(target, ignore_errors=True)
        os.rename(scratch / "out", target)
    say(f"{name} {PROGRAMS[name].version} is built: {time.monotonic() - began:.0f} s")


def ensure_program(name):
    """The folder of this program, built first if it is not there; waits while another builds it."""
    program = PROGRAMS[name]
    doing = f"{program.minutes} minutes: building {name} {program.version}"
    return ensure(f"{name}-{program.version.removeprefix('v')}", doing, lambda target: install(name, target))


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PROGRAMS:
        print(ensure_program(wanted))

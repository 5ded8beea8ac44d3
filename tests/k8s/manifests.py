"""The manifests of k8s/ as kustomize builds them, and a pod's files as a kubelet lays them out."""

import pathlib
import subprocess

import yaml

from kube_apiserver import DEBIAN
from kube_install import ensure_kubernetes

ROOT = pathlib.Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
FOLDERS = sorted(str(file.parent.relative_to(K8S)) for file in K8S.rglob("kustomization.yaml"))
GATEWAYS = [name for name in FOLDERS if name == "base" or name.startswith("overlays/") or name == "examples/redis"]
MOUNT = "/run/secrets/sparkgate"
SECRETS = {"oidc-client-secret": "a-client-secret-of-the-tests", "redis-password": "a-redis-password-of-the-tests",
           "session-key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}


def old_kubectl():
    """Debian's 1.20, which has kustomize 2.0."""
    return DEBIAN / "kubectl"


def new_kubectl():
    return ensure_kubernetes() / "bin" / "kubectl"


def render(name, program=None):
    """The YAML of k8s/<name>."""
    command = [str(program or old_kubectl()), "kustomize", str(K8S / name)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, f"{name}: {result.stderr}"
    return result.stdout


def documents(name, program=None):
    return [row for row in yaml.safe_load_all(render(name, program)) if row]


def the_one(rows, kind, name="sparkgate"):
    """The document of this kind and name; a generated one's name has a digest behind it."""
    found = [row for row in rows if row["kind"] == kind
             and (row["metadata"]["name"] == name or (kind == "ConfigMap" and row["metadata"]["name"].rpartition("-")[0] == name))]
    assert len(found) == 1, f"{kind} {name}: {[row['metadata']['name'] for row in found]}"
    return found[0]


def configuration(name):
    """The gateway's file, as text."""
    return the_one(documents(name), "ConfigMap")["data"]["sparkgate.yaml"]


def lay_out(folder, files, mode=0o440):
    """As a kubelet mounts them: links to links to files, which it replaces all at once."""
    real = folder / "..2026_11_21_12_00_00.1"
    real.mkdir(parents=True)
    (folder / "..data").symlink_to(real.name)
    for name, text in files.items():
        (real / name).write_text(text)
        (real / name).chmod(mode)
        (folder / name).symlink_to(f"..data/{name}")
    return folder


ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def apache_crd(kind):
    """A small definition of a kind of Apache's operator, whose own no registry has."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "properties": {"spec": ANYTHING, "status": ANYTHING}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.spark.apache.org"},
            "spec": {"group": "spark.apache.org", "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                                   "schema": {"openAPIV3Schema": schema}}]}}

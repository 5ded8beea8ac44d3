"""The chart of k8s/chart/ as both Helms render it, and what is compared with kustomize's manifests."""

import json
import os
import pathlib
import subprocess
import tempfile

import yaml

from kube_programs import ensure_program
from manifests import K8S, configuration

CHART = K8S / "chart"
HELMS = ["helm-3", "helm-4"]
ONE_HELM = HELMS[0]  # where both would say the same
KUBERNETES = "1.36.3"
ITS_OWN = {"app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart",  # labels
           "checksum/config", "helm.sh/resource-policy"}  # annotations


def run(helm, *words, values=None, kubeconfig=os.devnull, check=True):
    """One command of this Helm; `values` are its file of values. It sees no configuration of whoever runs the tests."""
    with tempfile.TemporaryDirectory(prefix="sparkgate-helm-") as home:
        places = {f"HELM_{what}_HOME": f"{home}/{what}" for what in ("CACHE", "CONFIG", "DATA")}
        env = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": str(kubeconfig), **places}
        command = [str(ensure_program(helm) / "bin" / helm), *words]
        if values is not None:
            file = pathlib.Path(home) / "values.yaml"
            file.write_text(json.dumps(values))
            command += ["-f", str(file)]
        result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert not check or result.returncode == 0, f"{words}: {result.stderr}"
    return result


def template(helm, values, release="sparkgate", namespace="sparkgate", check=True):
    return run(helm, "template", release, str(CHART), "-n", namespace, "--kube-version", KUBERNETES, values=values, check=check)


def rendered(helm, values, **options):
    return [row for row in yaml.safe_load_all(template(helm, values, **options).stdout) if row]


def clusters_of(name):
    """What this folder's configuration has in another way than the base's, as a value."""
    return {"clusters": yaml.safe_load(configuration(name))["clusters"]}


def same_as(name, **values):
    return {"config": clusters_of(name), **values}


# folder of k8s/: the values that make the same of the chart
SAME = {
    "base": lambda: {},
    "overlays/ingress": lambda: {"ingress": {"enabled": True}},
    "overlays/gateway-api": lambda: {"gatewayApi": {"enabled": True, "className": "example"}},
    "overlays/sidecar-history": lambda: same_as("overlays/sidecar-history", historySidecar={"enabled": True}),
    "overlays/spark-clusters": lambda: same_as("overlays/spark-clusters", rbac={"sparkClusters": True}),
    "overlays/operator": lambda: same_as("overlays/operator", driverFence={"enabled": True}),
    "overlays/resources": lambda: {"rbac": {"resources": True}},
    "overlays/pod-logs": lambda: same_as("overlays/pod-logs", rbac={"logs": True}, keepLogs={"enabled": True}),
    "overlays/launch": lambda: same_as("overlays/launch", rbac={"logs": True, "launch": True}, keepLogs={"enabled": True}),
}


def plain(value):
    """Without what Helm's labels and annotations add, maps that are empty then, and the order of what has names."""
    if isinstance(value, dict):
        made = {key: plain(item) for key, item in value.items() if key not in ITS_OWN}
        return {key: item for key, item in made.items() if not (key in ("annotations", "labels", "metadata") and not item)}
    if isinstance(value, list):
        rows = [plain(item) for item in value]
        return sorted(rows, key=lambda row: row["name"]) if rows and all(isinstance(row, dict) and "name" in row for row in rows) else rows
    return value


def comparable(rows):
    """(kind, namespace, name) -> the object; kustomize's ConfigMap has a digest in its name, in the Deployment too."""
    digests = {row["metadata"]["name"]: row["metadata"]["name"].rpartition("-")[0] for row in rows
               if row["kind"] == "ConfigMap" and row["metadata"]["name"] != "sparkgate"}
    text = json.dumps([plain(row) for row in rows])
    for name, base in digests.items():
        text = text.replace(f'"{name}"', f'"{base}"')
    found = {}
    for row in json.loads(text):
        if row["kind"] == "ConfigMap":
            row["metadata"].pop("labels", None)  # a generated one has none
            row["data"] = {key: yaml.safe_load(item) for key, item in row["data"].items()}
        found[row["kind"], row["metadata"].get("namespace"), row["metadata"]["name"]] = row
    return found

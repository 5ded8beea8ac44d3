"""A whole Kubernetes on loopback without containers: API server, etcd 3.7, controller manager, scheduler, and kwok as the kubelet of one node.

A pod that was given a node runs at once, with an address of loopback, and stays so until its status is written here: `end_pod`. A pod
annotated `played-by: hand` gets its node only; all of its status is written here. What is deleted is gone at once, whatever its grace.
Whatever a container is asked for its log, it is the file `pods_log`.
"""

import json
import os
import time

import yaml

from kube_apiserver import KubeApiServer
from kube_programs import ensure_program
from spark_cluster import HOST, Daemon, free_port, wait_for

MERGE = "application/merge-patch+json"
STAGES = ["node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml", "pod/fast/pod-ready.yaml",
          "pod/fast/pod-delete.yaml"]
BY_HAND = {"key": '.metadata.annotations["played-by"]', "operator": "DoesNotExist"}
NODE = {"metadata": {"name": "played", "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"kubernetes.io/hostname": "played"}}}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class KubeCluster(KubeApiServer):
    """Some 800 MB and half a minute to start."""

    flags = ["--kubelet-preferred-address-types=InternalIP"]

    def __init__(self):
        super().__init__()
        self.programs = {name: ensure_program(name) for name in ("etcd", "kube-controller-manager", "kube-scheduler", "kwok")}
        self.pods_log = self.folder / "pods.log"
        self.write_log("a line of a container")
        self.beside = []

    def etcd_program(self):
        return self.programs["etcd"] / "bin" / "etcd"

    def __enter__(self):
        super().__enter__()
        try:
            self.start_controllers()
            self.start_kubelet()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.beside):
            daemon.stop()
        super().__exit__()

    def run(self, name, *words):
        """A further program of the cluster."""
        program = self.programs[name] / "bin" / name
        daemon = Daemon(name, [str(program), *map(str, words)], dict(os.environ), self.folder, self.folder / f"{name}.log")
        self.beside.append(daemon)
        return daemon

    def start_controllers(self):
        config = self.kubeconfig
        common = ["--kubeconfig", config, "--authentication-kubeconfig", config, "--authorization-kubeconfig", config, "--leader-elect=false",
                  "--bind-address", HOST]
        manager = self.run("kube-controller-manager", *common, "--secure-port", free_port(), "--cert-dir", self.folder / "manager",
                           "--service-account-private-key-file", self.write_service_account_key(), "--root-ca-file", self.ca_file)
        self.run("kube-scheduler", *common, "--secure-port", free_port(), "--cert-dir", self.folder / "scheduler")
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        wait_for(lambda: self.request("GET", account)[0] == 200, "the controller manager", 120, manager.check)

    def start_kubelet(self):
        port = free_port()
        stages, stage_folder = self.folder / "kwok.yaml", self.programs["kwok"] / "files" / "kustomize" / "stage"
        rows = [yaml.safe_load((stage_folder / file).read_text()) for file in STAGES]
        next(row for row in rows if row["metadata"]["name"] == "pod-ready")["spec"]["selector"]["matchExpressions"].append(BY_HAND)
        logs = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": {"name": "all"},
                "spec": {"logs": [{"logsFile": str(self.pods_log)}]}}
        stages.write_text(yaml.safe_dump_all([*rows, logs]))
        self.must("POST", "/api/v1/nodes", NODE)
        kwok = self.run("kwok", "--kubeconfig", self.kubeconfig, "--manage-all-nodes=true", "--cidr", "127.3.0.0/16",
                        "--node-ip", HOST, "--node-name", "localhost",  # without a name it takes the address away again
                        "--node-port", port, "--server-address", f"{HOST}:{port}", "--tls-cert-file", self.tls_file,
                        "--tls-private-key-file", self.tls_file, "--config", stages)
        wait_for(self.is_node_ready, "the node", 120, kwok.check)

    def is_node_ready(self):
        node = self.must("GET", f"/api/v1/nodes/{NODE['metadata']['name']}")
        ready = any(row["type"] == "Ready" and row["status"] == "True" for row in node.get("status", {}).get("conditions", []))
        return ready and not node["spec"].get("taints")

    def check(self):
        for daemon in (self.etcd, self.daemon, *self.beside):
            daemon.check()

    # --- the kubelet's part, by hand ---

    def pods(self, namespace, selector=""):
        return self.must("GET", f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")["items"]

    def pod_status(self, namespace, name, status):
        self.must("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status}, content_type=MERGE)

    def write_log(self, line):
        """As a container runtime writes it."""
        with open(self.pods_log, "a", encoding="utf-8") as out:
            out.write(f"2026-11-30T10:00:00.000000000Z stdout F {line}\n")

    def run_pod(self, namespace, name, ip=HOST):
        """As a kubelet tells it when the container has started."""
        container = self.container_of(namespace, name)
        self.pod_status(namespace, name, {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "startTime": now(),
            "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now()} for kind in ("Initialized", "Ready", "ContainersReady")],
            "containerStatuses": [{**container, "ready": True, "started": True, "state": {"running": {"startedAt": now()}}}]})

    def hold_pod(self, namespace, name, reason, message):
        """The container waits, and why."""
        container = self.container_of(namespace, name)
        self.pod_status(namespace, name, {"phase": "Pending", "startTime": now(), "containerStatuses": [
            {**container, "ready": False, "started": False, "state": {"waiting": {"reason": reason, "message": message}}}]})

    def end_pod(self, namespace, name, code, reason):
        """The container has ended; gives the moment before it was told."""
        container = self.container_of(namespace, name)
        at = time.monotonic()
        self.pod_status(namespace, name, {"phase": "Succeeded" if code == 0 else "Failed", "containerStatuses": [{
            **container, "ready": False, "started": False, "state": {"terminated": {
                "exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now(), "containerID": "played://1"}}}]})
        return at

    def container_of(self, namespace, name):
        first = self.must("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")["spec"]["containers"][0]
        return {"name": first["name"], "image": first["image"], "imageID": "played", "restartCount": 0}

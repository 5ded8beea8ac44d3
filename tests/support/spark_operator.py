"""Kubeflow's Spark operator, its webhook and its definitions, on a KubeCluster: it submits with a real spark-submit of Spark 4.3.

What spark-submit does it does as the chart's account spark-operator-controller, with the rights that the chart gives.
"""

import base64
import os
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kube_programs import ensure_program
from spark_cluster import HOST, JAVA_OPTS, Daemon, free_port, is_up, wait_for
from spark_install import ensure_spark
from tls_front import write_certificate

HOME, ACCOUNT, APPS = "spark-operator", "spark-operator-controller", "spark"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
HOOKS = "/apis/admissionregistration.k8s.io/v1"
GROUP = "sparkoperator.k8s.io"
KINDS = {"sparkapplication": "v1beta2", "scheduledsparkapplication": "v1beta2", "sparkconnect": "v1alpha1"}
ALL = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
SUBMITTER = [{"apiGroups": [""], "resources": ["pods", "configmaps", "persistentvolumeclaims", "services"], "verbs": ALL},
             {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "update", "patch"]},
             {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ALL}]
DRIVER = [{"apiGroups": [""], "resources": ["pods", "configmaps", "persistentvolumeclaims", "services"], "verbs": ALL}]


def grant(kube, name, rules, namespace, account):
    """The account (of `namespace`) may do this in the applications' namespace."""
    path = f"{RBAC}/namespaces/{APPS}"
    kube.must("POST", f"{path}/roles", {"metadata": {"name": name}, "rules": rules})
    kube.must("POST", f"{path}/rolebindings", {
        "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]})


def hook(path, group, version, resource, operations, ca, port):
    return {"name": f"{path}.{GROUP}", "admissionReviewVersions": ["v1"], "sideEffects": "NoneOnDryRun", "failurePolicy": "Fail",
            "clientConfig": {"url": f"https://{HOST}:{port}/{path}", "caBundle": ca},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": APPS}},
            "rules": [{"apiGroups": [group], "apiVersions": [version], "resources": [resource], "operations": operations}]}


class SparkOperator:
    """with SparkOperator(kube): a hundred MB, and a JVM for each submission."""

    def __init__(self, kube):
        self.kube, self.home = kube, ensure_program("spark-operator")
        self.spark_home = ensure_spark("4.3")
        self.webhook_port, self.daemons = free_port(), []

    def __enter__(self):
        try:
            self.define()
            self.start_webhook()
            self.start_controller()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.stop()

    def define(self):
        """Definitions, namespaces and accounts, as the chart makes them."""
        files = sorted((self.home / "files" / "config" / "crd" / "bases").glob("*.yaml"))
        self.kube.kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
        for kind, version in KINDS.items():
            wait_for(lambda: self.kube.request("GET", f"/apis/{GROUP}/{version}/{kind}s")[0] == 200, kind, 60)  # noqa: B023
        self.kube.namespace(HOME)
        for namespace, account in ((HOME, ACCOUNT), (APPS, "spark")):
            self.kube.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": account}})
        grant(self.kube, ACCOUNT, SUBMITTER, HOME, ACCOUNT)
        grant(self.kube, "spark", DRIVER, APPS, "spark")

    def write_certificate(self):
        """As the webhook reads it from its Secret: the key in PKCS#1."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        folder = self.kube.folder / "webhook"
        folder.mkdir()
        certificate = re.search(r"-----BEGIN CERTIFICATE.*", write_certificate(folder, [HOST], key).read_text(), re.S).group(0).encode()
        plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        data = {name: base64.b64encode(text).decode() for name, text in (("ca.crt", certificate), ("tls.crt", certificate), ("tls.key", plain))}
        self.kube.must("POST", f"/api/v1/namespaces/{HOME}/secrets", {"metadata": {"name": "webhook-certs"}, "data": data})
        return data["ca.crt"]

    def run(self, name, *words, env=None):
        health = f"{HOST}:{free_port()}"
        command = [str(self.home / "bin" / "spark-operator"), *map(str, words), "--kubeconfig", str(self.kube.kubeconfig), "--namespaces", APPS,
                   "--leader-election=false", "--health-probe-bind-address", health]
        daemon = Daemon(name, command, {**os.environ, **(env or {})}, self.kube.folder, self.kube.folder / f"{name}.log")
        self.daemons.append(daemon)
        wait_for(lambda: is_up(f"http://{health}/readyz"), name, 120, daemon.check)
        return daemon

    def start_webhook(self):
        ca = self.write_certificate()
        for kind, verb in (("mutating", "mutate"), ("validating", "validate")):  # the webhook looks for them when it starts
            hooks = [hook(f"{verb}-{GROUP.replace('.', '-')}-{version}-{name}", GROUP, version, f"{name}s", ["CREATE", "UPDATE"], ca, self.webhook_port)
                     for name, version in KINDS.items()]
            if kind == "mutating":
                pods = hook("mutate--v1-pod", "", "v1", "pods", ["CREATE"], ca, self.webhook_port)
                hooks.append({**pods, "objectSelector": {"matchLabels": {f"{GROUP}/launched-by-spark-operator": "true"}}})
            self.kube.must("POST", f"{HOOKS}/{kind}webhookconfigurations", {"metadata": {"name": "spark-operator-webhook"}, "webhooks": hooks})
        self.run("operator-webhook", "webhook", "start", "--enable-cert-manager", "--webhook-port", self.webhook_port,
                 "--webhook-secret-name", "webhook-certs", "--webhook-secret-namespace", HOME, "--webhook-cert-dir", self.kube.folder / "webhook-files",
                 "--webhook-svc-name", "x", "--webhook-svc-namespace", HOME)

    def start_controller(self):
        submits_as = self.kube.write_kubeconfig("submitter", self.kube.token(HOME, ACCOUNT), APPS)
        env = {"KUBERNETES_SERVICE_HOST": HOST, "KUBERNETES_SERVICE_PORT": str(self.kube.port), "KUBECONFIG": str(submits_as),
               "SPARK_HOME": str(self.spark_home), "SPARK_LOCAL_IP": HOST, "SPARK_LAUNCHER_OPTS": JAVA_OPTS, "SPARK_SUBMIT_OPTS": JAVA_OPTS}
        self.run("operator-controller", "controller", "start", "--controller-threads", 4, env=env)

    def check(self):
        for daemon in self.daemons:
            daemon.check()

"""A real Kubernetes API server on loopback, with Debian's etcd behind it: no kubelet and no controllers, so what is created stays as it is.

with KubeApiServer() as kube: kube.request("GET", "/api/v1/namespaces"), kube.kubectl("apply", …), kube.token("spark", "default").
"""

import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kube_install import ensure_kubernetes
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for
from tls_front import write_certificate

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "build" / "kube" / "usr" / "bin"  # install.sh unpacks etcd and kubectl 1.20 there
ADMIN = "a-token-of-the-tests-for-the-administrator"
ISSUER = "https://kubernetes.default.svc.cluster.local"


class KubeApiServer:
    """About 300 MB and five seconds to start. `url`, `ca_file`, `kubeconfig` (the administrator's)."""

    flags = ["--disable-admission-plugins=ServiceAccount"]  # nobody makes default accounts

    def __init__(self):
        self.home = ensure_kubernetes()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-kube-"))
        self.port, self.etcd_port, self.peer_port = free_port(), free_port(), free_port()
        self.url = f"https://{HOST}:{self.port}"
        self.tls_file = write_certificate(self.folder, [HOST, "localhost"])
        self.ca_file = self.folder / "ca.crt"  # the certificate alone: Spark's client takes nothing else before it
        self.ca_file.write_text(re.search(r"-----BEGIN CERTIFICATE.*", self.tls_file.read_text(), re.S).group(0))
        self.trust = ssl.create_default_context(cafile=str(self.ca_file))
        self.kubeconfig = self.write_kubeconfig("admin", ADMIN)
        self.etcd = self.daemon = None

    def __enter__(self):
        try:
            self.start_etcd()
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.stop()
        if self.etcd:
            self.etcd.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def etcd_program(self):
        return DEBIAN / "etcd"

    def start_etcd(self):
        url, peer = f"http://{HOST}:{self.etcd_port}", f"http://{HOST}:{self.peer_port}"
        command = [str(self.etcd_program()), "--name=tests", f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync",
                   f"--listen-client-urls={url}", f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}",
                   f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=tests={peer}"]
        self.etcd = Daemon("etcd", command, dict(os.environ), self.folder, self.folder / "etcd.log")
        wait_for(lambda: is_up(f"{url}/health"), "etcd", 120, self.etcd.check)

    def write_service_account_key(self):
        file = self.folder / "service-accounts.pem"
        if not file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return file

    def start(self):
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f'{ADMIN},admin,1,"system:masters"\n')
        key = self.write_service_account_key()
        command = [str(self.home / "bin" / "kube-apiserver"), f"--etcd-servers=http://{HOST}:{self.etcd_port}",
                   f"--bind-address={HOST}", f"--secure-port={self.port}", f"--tls-cert-file={self.tls_file}",
                   f"--tls-private-key-file={self.tls_file}", f"--cert-dir={self.folder}", f"--token-auth-file={tokens}",
                   "--authorization-mode=RBAC", f"--service-account-issuer={ISSUER}", f"--api-audiences={ISSUER}",
                   f"--service-account-signing-key-file={key}", f"--service-account-key-file={key}",
                   "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none", *self.flags]
        self.daemon = Daemon("kube-apiserver", command, dict(os.environ), self.folder, self.folder / "apiserver.log",
                             orphaned=signal.SIGKILL)  # etcd is gone as well then, and SIGTERM would wait for it
        wait_for(self.is_ready, "kube-apiserver", 300, self.daemon.check)
        return self

    def is_ready(self):
        try:
            return self.request("GET", "/readyz")[0] == 200 and self.request("GET", "/api/v1/namespaces/default")[0] == 200
        except OSError:
            return False

    def stop(self):
        """Before etcd, without which it would wait."""
        if self.daemon:
            self.daemon.stop()
            self.daemon = None

    def write_kubeconfig(self, name, token, namespace="default"):
        """A kubeconfig with this token; JSON is YAML."""
        file = self.folder / f"{name}.kubeconfig"
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)}}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests", "namespace": namespace}}]}))
        file.chmod(0o600)
        return file

    def request(self, method, path, body=None, token=ADMIN, content_type="application/json"):
        """Status and decoded answer; the answer is text where it is not JSON."""
        data = None if body is None else json.dumps(body).encode()
        fields = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, data, {**fields, "Content-Type": content_type}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=180, context=self.trust) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def must(self, method, path, body=None, **options):
        """The answer of a request that has to succeed."""
        status, answer = self.request(method, path, body, **options)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def namespace(self, name, labels=None):
        self.must("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})

    def token(self, namespace, account, audience=None):
        """A ServiceAccount's token, as the kubelet asks for it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        spec = {"expirationSeconds": 3600, "audiences": [audience or ISSUER]}
        return self.must("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})["status"]["token"]

    def kubectl(self, *words, kubeconfig=None, given=None, program=None, check=True):
        """Runs kubectl of the server's own version, or `program`, with `given` on its standard input."""
        command = [str(program or self.home / "bin" / "kubectl"), "--kubeconfig", str(kubeconfig or self.kubeconfig),
                   "--cache-dir", str(self.folder / "discovery"), *words]
        result = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
        assert not check or result.returncode == 0, f"{words}: {result.stderr}"
        return result

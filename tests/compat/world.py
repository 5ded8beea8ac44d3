"""One cell's cluster and the gateway before it: a version of Spark in one of the modes that clusters run in."""

import contextlib
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "e2e")]

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: E402

from conftest import BASE, NAVIGATION, Client  # noqa: E402
from gateway import Gateway, cluster_entry, mounts_of  # noqa: E402
from spark_cluster import HOST, Cluster, free_port, wait_for  # noqa: E402
from tls_front import write_certificate  # noqa: E402

OLD_PROXY = "old.example"
PASSWORD = "of-a-throw-away-keystore"
MODES = {
    "plain": {},
    "reverseProxy": {"spark.ui.reverseProxy": "true"},
    "reverseProxyUrl": {"spark.ui.reverseProxy": "true", "spark.ui.reverseProxyUrl": f"http://{OLD_PROXY}/spark"},
    "proxyBase": {"spark.ui.proxyBase": "/someone/elses/prefix"},
    "https": {"spark.ssl.enabled": "true"},
}


def keystore_of(pem):
    """The same key and certificate as Java wants them; Java 8 reads this kind, too."""
    data = pem.read_bytes()
    key, certificate = serialization.load_pem_private_key(data, None), x509.load_pem_x509_certificate(data)
    kind = (serialization.PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .build(PASSWORD.encode()))
    path = pem.with_suffix(".p12")
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"spark", key, certificate, None, kind))
    return path


def tls_settings(store):
    return {"spark.ssl.keyStore": store, "spark.ssl.keyStoreType": "PKCS12", "spark.ssl.keyStorePassword": PASSWORD,
            "spark.ssl.keyPassword": PASSWORD, "spark.ssl.protocol": "TLSv1.2"}


class World:
    """`cluster`, `info`, `gateway`, `token` of an administrator; `pem` of all that speaks https, or None."""

    def __init__(self, version, mode):
        self.version, self.mode, self.stack = version, mode, contextlib.ExitStack()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stack.close()
            raise

    def __exit__(self, *_):
        self.stack.close()

    def start(self):
        conf, settings, port, self.pem = dict(MODES[self.mode]), {}, free_port(), None
        if self.mode == "https":
            folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="sparkgate-compat-"))
            self.pem = write_certificate(folder, [HOST])
            self.pem.chmod(0o600)
            conf.update(tls_settings(keystore_of(self.pem)))
            settings = {"server": {"public_url": f"https://{HOST}:{port}{BASE}/",
                                   "tls": {"certificate": str(self.pem), "key": str(self.pem)}}}
        self.cluster = self.stack.enter_context(Cluster(self.version, workers=1, conf=conf))
        self.info = self.cluster.info()
        entry = {**cluster_entry(self.info), **({"ca_file": str(self.pem)} if self.pem else {})}
        self.gateway = Gateway([entry], BASE, settings, port=port)
        if self.pem:
            self.gateway.origin = f"https://{HOST}:{port}"
            self.gateway.url = self.gateway.origin + self.gateway.base
        self.stack.enter_context(self.gateway)
        self.token = self.gateway.create_token("compat", "admin")["access_token"]
        self.await_mounts()
        return self

    def client(self):
        client = Client(self.gateway, self.token)
        client.headers.update(NAVIGATION)
        client.verify = str(self.pem) if self.pem else True
        return client

    def await_mounts(self):
        client = self.client()
        for mount in mounts_of(self.info):
            wait_for(lambda: client.get(f"{mount}/", follow=True).status_code == 200, f"{mount} through the gateway", 90,
                     self.gateway.daemon.check)

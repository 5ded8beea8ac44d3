"""h2spec, which asks a server of HTTP/2 about each rule of RFC 7540 and 7541."""

import subprocess

from gateway import HOST, Gateway
from kube_programs import ensure_program
from spark_cluster import free_port
from tls_front import write_certificate


def test_h2spec_passes_whole(tmp_path):
    """Over TLS, as its own authors run it: 145 tests of RFC 7540 and 7541."""
    pem = write_certificate(tmp_path, [HOST])
    pem.chmod(0o600)
    port = free_port()
    server = {"public_url": f"https://{HOST}:{port}/", "tls": {"certificate": str(pem), "key": str(pem)}}
    with Gateway([{"name": "local", "uis": [{"name": "plain", "url": "http://127.0.0.1:9"}]}], settings={"server": server}, port=port):
        said = subprocess.run([ensure_program("h2spec") / "bin" / "h2spec", "-t", "-k", "-h", HOST, "-p", str(port), "-o", "20"],
                              capture_output=True, text=True, timeout=300)
    assert "145 tests, 145 passed, 0 skipped, 0 failed" in said.stdout, said.stdout[-6000:]

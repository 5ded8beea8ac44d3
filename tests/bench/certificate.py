"""One certificate for all that speak TLS here: contenders, and the Redis behind one of them."""

import os
import subprocess

import peers
from machine import HOST


class Certificate:
    """P-256, signed by itself, made for this run; `both` is HAProxy's one file."""

    def __init__(self, folder):
        self.chain, self.key, self.both = (folder / name for name in ("tls.crt", "tls.key", "tls.pem"))
        if not self.both.exists():
            subprocess.run([peers.program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=bench", "-addext", f"subjectAltName=IP:{HOST}", "-keyout", self.key, "-out", self.chain],
                           check=True, capture_output=True)
            self.both.write_text(self.chain.read_text() + self.key.read_text())
            for path in (self.key, self.both):
                os.chmod(path, 0o600)

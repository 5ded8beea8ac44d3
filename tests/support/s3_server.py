"""A real S3 server of the tests' own, versitygw, on a free port of loopback: buckets are folders below `root`.

`with S3Server() as s3:` gives `s3.url`, the bucket's address, and files with its key; `s3.objects()` says what is there without asking it.
"""

import pathlib
import shutil
import subprocess
import tempfile

from spark_cluster import HOST, Daemon, free_port, wait_for
from versitygw_install import ensure_versitygw

REGION, BUCKET = "eu-west-9", "apps"
ACCESS, SECRET = "AKIDOFTHETESTS", "a-secret-key-of-the-tests/+="


class S3Server:
    def __init__(self, port=None):
        self.port, self.daemon = port or free_port(), None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-s3-"))
        self.root = self.folder / "root"
        (self.root / BUCKET).mkdir(parents=True)
        self.access_file, self.secret_file = self.folder / "access", self.folder / "secret"
        self.write_keys(ACCESS, SECRET)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def endpoint(self):
        return f"http://{HOST}:{self.port}"

    @property
    def url(self):
        return f"{self.endpoint}/{BUCKET}"

    def write_keys(self, access, secret):
        for file, text in ((self.access_file, access), (self.secret_file, secret)):
            file.write_text(text)
            file.chmod(0o600)

    def start(self):
        """Returns when it answers."""
        env = {"ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET, "HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        command = [str(ensure_versitygw()), "--port", f"{HOST}:{self.port}", "--region", REGION, "--keep-alive", "--quiet", "posix", str(self.root)]
        self.daemon = Daemon("versitygw", command, env, self.folder, self.folder / "versitygw.log")
        wait_for(lambda: self.curl("-f", self.url).returncode == 0, self.url, 30, self.daemon.check)
        return self

    def stop(self):
        if self.daemon:
            self.daemon.stop()
        self.daemon = None

    def curl(self, *words):
        """curl with the server's key: what a person has without a gateway. The key goes by standard input. curl 7.88 does not add the
        field without which S3 refuses a request."""
        sign = ["--aws-sigv4", f"aws:amz:{REGION}:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]
        return subprocess.run(["curl", "-sS", "-K", "-", *sign, *map(str, words)],
                              input=f'user = "{ACCESS}:{SECRET}"\n', text=True, capture_output=True, timeout=600)

    def objects(self):
        """{key: bytes} of all whole objects, as the file system has them."""
        bucket = self.root / BUCKET
        return {str(path.relative_to(bucket)): path.stat().st_size for path in bucket.rglob("*")
                if path.is_file() and not path.relative_to(bucket).parts[0].startswith(".sgw")}

    def conf(self):
        """`clusters[].launch.artifacts`."""
        return {"s3": self.url, "region": REGION, "access_key_file": str(self.access_file), "secret_key_file": str(self.secret_file),
                "spark_uri": f"s3a://{BUCKET}/"}

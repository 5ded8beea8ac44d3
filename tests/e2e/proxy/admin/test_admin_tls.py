"""https on the admin listener: its certificate, a new one, and clients that must show one; with openssl and curl."""

import json
import os
import socket
import subprocess
import time

import pytest

from gateway import Gateway, binary
from spark_cluster import HOST, Daemon, free_port, wait_for


def openssl(folder, *words, **more):
    return subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60, **more)


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def sign(folder, name, authority, usage, serial):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}")
    (folder / "ext").write_text(f"subjectAltName=IP:{HOST}\nextendedKeyUsage={usage}\n")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-days", "2",
            "-set_serial", str(serial), "-extfile", "ext", "-out", f"{name}.crt")
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """ca signs the server and ann; other signs eve."""
    folder = tmp_path_factory.mktemp("papers")
    make_authority(folder, "ca")
    make_authority(folder, "other")
    sign(folder, "server", "ca", "serverAuth,clientAuth", 2)
    sign(folder, "ann", "ca", "clientAuth", 3)
    sign(folder, "eve", "other", "clientAuth", 4)
    return folder


class SecureAdmin(Gateway):
    """A gateway whose admin listener speaks TLS; started without Gateway's plain look at /ping."""

    def __init__(self, folder, papers, client_ca=None):
        super().__init__([{"name": "other", "uis": [{"name": "x", "url": f"http://{HOST}:{free_port()}"}]}], folder=folder)
        self.papers = papers
        self.admin_url = f"https://{HOST}:{self.admin_port}"
        for end in ("crt", "key"):
            (folder / f"admin.{end}").write_bytes((papers / f"server.{end}").read_bytes())
        (folder / "admin.key").chmod(0o600)
        tls = {"certificate": str(folder / "admin.crt"), "key": str(folder / "admin.key")}
        if client_ca:
            tls["client_ca"] = str(client_ca)
        self.merge({"admin": {"public_url": f"{self.admin_url}/", "tls": tls}})

    def start(self):
        self.write_config()
        self.daemon = Daemon("sparkgate", [str(binary()), "--config", str(self.config)], dict(os.environ), self.folder,
                             self.folder / "gateway.log")
        try:
            wait_for(lambda: '"event":"start"' in self.log_text(), "the first log line", 20, self.daemon.check)
        except BaseException:
            self.stop()
            raise
        return self

    def curl(self, path, *more, client=None):
        """(exit code, status, body) of curl that trusts ca alone."""
        shown = ["--cert", f"{self.papers / client}.crt", "--key", f"{self.papers / client}.key"] if client else []
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", str(self.papers / "ca.crt"), "-o", "-", "-w", "\n%{http_code}",
                               *shown, *more, self.admin_url + path], capture_output=True, text=True, timeout=30)
        body, _, status = done.stdout.rpartition("\n")
        return done.returncode, int(status or 0), body

    def ready(self):
        return subprocess.run([str(binary()), "--config", str(self.config), "--ready"], capture_output=True, text=True, timeout=30)


@pytest.fixture
def secure(tmp_path, papers):
    with SecureAdmin(tmp_path, papers) as gateway:
        yield gateway


@pytest.fixture
def closed(tmp_path, papers):
    with SecureAdmin(tmp_path, papers, papers / "ca.crt") as gateway:
        yield gateway


def test_admin_listener_speaks_tls_and_nothing_else(secure):
    assert secure.curl("/ping")[:2] == (0, 200)
    plain = subprocess.run(["curl", "-sS", "--noproxy", "*", f"http://{HOST}:{secure.admin_port}/ping"], capture_output=True, text=True, timeout=30)
    assert "speaks https" in plain.stdout
    said = openssl(secure.folder, "s_client", "-connect", f"{HOST}:{secure.admin_port}", "-CAfile", str(secure.papers / "ca.crt"),
                   "-verify_return_error", input=b"").stdout.decode()
    assert "Verify return code: 0 (ok)" in said and "No client certificate CA names sent" in said
    old = subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{secure.admin_port}", "-tls1_1"], input=b"", capture_output=True, timeout=30)
    assert old.returncode != 0


def test_plain_port_leads_to_the_admin_site_and_takes_nothing_else(secure):
    port, place = free_port(), "/tokens?user=ann"
    secure.daemon.stop()
    secure.conf["admin"]["tls"]["redirect_listen"] = f"{HOST}:{port}"
    secure.start()

    def ask(*words):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "-i", *words, f"http://{HOST}:{port}{place}"], capture_output=True, text=True,
                              timeout=30)
        return done.stdout.splitlines()

    for words in ([], ["-H", "Host: elsewhere.example"]):
        said = ask(*words)
        assert said[0].startswith("HTTP/1.1 301 ") and f"Location: {secure.admin_url}{place}" in said
    assert ask("-d", "token=secret")[0].startswith("HTTP/1.1 400 ")


def test_admin_cookies_are_secure_over_tls(secure):
    token = json.loads(secure.command("token", "create", "--client-name", "t", "--token-type", "admin").stdout)["access_token"]
    code, status, head = secure.curl("/_gate/login", "-i", "--data-urlencode", f"token={token}", "-H", f"Origin: {secure.admin_url}",
                                     "-H", "Sec-Fetch-Site: same-origin")
    assert (code, status) == (0, 303), head
    cookie = next(line for line in head.splitlines() if line.lower().startswith("set-cookie:"))
    assert "__Host-sparkgate-admin" in cookie and "Secure" in cookie
    assert "strict-transport-security" not in head.lower()


def test_ready_asks_over_tls(secure):
    assert secure.ready().returncode == 0, secure.ready().stderr


def serial_of(gateway):
    pem = subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{gateway.admin_port}"], input=b"", capture_output=True, timeout=30).stdout
    return openssl(gateway.folder, "x509", "-noout", "-serial", input=pem).stdout.strip()


def test_new_certificate_is_read_without_a_reload_and_a_broken_one_is_not(secure, papers, tmp_path):
    before = serial_of(secure)
    sign(papers, "renewed", "ca", "serverAuth,clientAuth", 77)
    (secure.folder / "admin.key").write_bytes((papers / "renewed.key").read_bytes())  # a pair that does not fit, for a moment
    time.sleep(0.1)
    (secure.folder / "admin.crt").write_bytes((papers / "renewed.crt").read_bytes())
    wait_for(lambda: serial_of(secure) != before, "the new certificate", 15)
    after = serial_of(secure)
    (secure.folder / "admin.crt").write_text("nothing")
    wait_for(lambda: "the old certificate stays" in secure.log_text(), "the broken file to be told of", 15)
    assert serial_of(secure) == after and secure.curl("/ping")[1] == 200


def test_s195_client_without_a_certificate_of_the_authority_gets_no_answer(closed):
    for client in (None, "eve"):
        code, status, body = closed.curl("/ping", client=client)
        assert code in (35, 52, 55, 56, 58) and status == 0 and body == "", (client, code, status, body)
    assert closed.curl("/ping", client="ann")[:2] == (0, 200)
    assert closed.curl("/metrics", client="ann")[1] == 200
    said = subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{closed.admin_port}"], input=b"", capture_output=True, timeout=30)
    assert b"CN = ca" in said.stdout and b"CN = other" not in said.stdout  # which authorities it takes


def test_s195_clients_without_a_certificate_cost_nothing(closed):
    """As many as there may be connections, and the one with a certificate is served at once."""
    links = [socket.create_connection((HOST, closed.admin_port), timeout=5) for _ in range(100)]
    for link in links:
        link.sendall(b"\x16\x03\x01")
    began = time.monotonic()
    assert closed.curl("/ping", client="ann")[1] == 200
    assert time.monotonic() - began < 5
    for link in links:
        link.close()
    for _ in range(20):
        assert closed.curl("/ping")[1] == 0
    assert closed.curl("/ping", client="ann")[1] == 200


def test_s195_authorities_that_change_count_from_the_next_connection_on(tmp_path, papers):
    authority = tmp_path / "clients.crt"
    authority.write_bytes((papers / "ca.crt").read_bytes())
    with SecureAdmin(tmp_path, papers, authority) as gateway:
        assert gateway.curl("/ping", client="ann")[1] == 200
        authority.write_bytes((papers / "other.crt").read_bytes())
        wait_for(lambda: gateway.curl("/ping", client="eve")[1] == 200, "the other authority", 15)
        assert gateway.curl("/ping", client="ann")[1] == 0


def test_ready_shows_the_listeners_own_certificate_where_clients_need_one(closed):
    said = closed.ready()
    assert said.returncode == 0, said.stderr


def test_check_reads_the_authorities(tmp_path, papers):
    gateway = SecureAdmin(tmp_path, papers, tmp_path / "none.crt")
    gateway.write_config()
    said = subprocess.run([str(binary()), "--config", str(gateway.config), "--check"], capture_output=True, text=True, timeout=30)
    assert said.returncode == 1 and "admin.tls.client_ca" in said.stderr

"""https on the gateway's own listener: versions, resumption, certificates that are replaced, and clients that misbehave."""

import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests

from conftest import FRONTS
from fake_spark import HOST, App, FakeSpark
from gateway import Gateway, binary
from spark_cluster import free_port, wait_for
from tls_front import write_certificate

APP = "app-20260101000000-0001"


class BigApp(App):
    def page(self, request):
        return 200, "text/plain", "y" * 5000000, []


class Secure:
    """A gateway with a certificate for 127.0.0.1 and a short time for handshakes."""

    def __init__(self, folder, front="direct"):
        self.pem = pathlib.Path(folder) / "gate.pem"
        self.renew(folder)
        self.spark = FakeSpark()
        self.app = self.spark.add(BigApp(APP, "billing"))
        port = free_port()
        self.port, self.origin = port, f"https://{HOST}:{port}"
        server = {"public_url": f"{self.origin}/", "front": front, "limits": {"head_timeout": "1s"},
                  "tls": {"certificate": str(self.pem), "key": str(self.pem),
                          "redirect_listen": f"{HOST}:{free_port()}"}}
        self.plain = f"http://{server['tls']['redirect_listen']}"
        self.gateway = Gateway([self.spark.entry()], settings={"server": server}, port=port)

    def renew(self, folder):
        """Moved into its place in one step, as Kubernetes and certbot do."""
        made = pathlib.Path(folder) / "new"
        made.mkdir(exist_ok=True)
        path = write_certificate(made, [HOST])
        path.chmod(0o600)
        path.replace(self.pem)

    def context(self, **versions):
        context = ssl.create_default_context(cafile=self.pem)
        context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def connect(self, context, session=None):
        raw = socket.create_connection((HOST, self.port), timeout=10)
        return context.wrap_socket(raw, session=session)

    def certificate(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.connect(context) as link:
            return link.getpeercert(binary_form=True)


@pytest.fixture(params=FRONTS)
def secure(request, tmp_path):
    made = Secure(tmp_path, request.param)
    with made.spark, made.gateway:
        made.token = made.gateway.create_token(role="admin")["access_token"]
        yield made


def get(secure, path="/", session=requests, **more):
    return session.get(secure.origin + path, headers={"Authorization": f"Bearer {secure.token}"}, timeout=20,
                       verify=str(secure.pem), **more)


def head_of(link, path="/_gate/nothing"):
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{link.getpeername()[1]}\r\n\r\n".encode())
    return link.recv(65536)


def test_pages_come_whole_over_tls_and_say_so_for_ever_after(secure):
    wait_for(lambda: get(secure, f"/local/proxy/{APP}/jobs/").status_code == 200, "the application", 20)
    with requests.Session() as session:
        for _ in range(4):
            answer = get(secure, f"/local/proxy/{APP}/jobs/", session)
            assert answer.text == "y" * 5000000
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert get(secure, "/", session).status_code == 200


def test_curl_is_served_in_both_versions_and_no_older_one(secure):
    def curl(*words):
        command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--cacert", str(secure.pem), *words,
                   f"{secure.origin}/_gate/nothing"]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    for words in (["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"], ["--http1.0"], ["--http2"]):
        assert curl(*words).stdout == "401", words
    old = curl("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
    assert old.returncode == 35, old


def test_weak_ciphers_are_not_spoken(secure):
    context = secure.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        secure.connect(context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_session_is_resumed(secure, version):
    context = secure.context(minimum_version=version, maximum_version=version)
    with secure.connect(context) as link:
        assert b" 401 " in head_of(link)
        assert not link.session_reused
        session = link.session
    with secure.connect(context, session) as link:
        assert b" 401 " in head_of(link)
        assert link.session_reused


def test_handshake_that_does_not_end_is_cut_off(secure):
    with socket.create_connection((HOST, secure.port), timeout=10) as link:
        link.sendall(b"\x16\x03\x01")
        started = time.monotonic()
        assert link.recv(100) == b""
        assert time.monotonic() - started < 6


def test_plain_http_on_the_port_is_answered_in_plain_http(secure):
    with socket.create_connection((HOST, secure.port), timeout=10) as link:
        assert head_of(link).startswith(b"HTTP/1.1 400 ")


def test_plain_listener_leads_to_https_and_takes_nothing_else(secure):
    def ask(method, path, **more):
        return requests.request(method, secure.plain + path, allow_redirects=False, timeout=10, **more)

    for method in ("GET", "HEAD"):
        answer = ask(method, "/local/proxy/master/app/?appId=x&y=%20", headers={"Host": "elsewhere.example"})
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"{secure.origin}/local/proxy/master/app/?appId=x&y=%20"
        assert "Strict-Transport-Security" not in answer.headers
    assert ask("POST", "/").status_code == 400
    assert ask("POST", "/", data="token=secret").status_code >= 400
    with socket.create_connection(tuple(secure.plain[len("http://"):].split(":")), timeout=10) as link:
        link.sendall(b"GET @evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Location" not in link.recv(4096)


def test_renewed_certificate_is_used_without_a_lost_request(secure, tmp_path):
    before, failures, done = secure.certificate(), [], threading.Event()
    trusted = tmp_path / "any.pem"
    shutil.copy(secure.pem, trusted)

    def load():
        while not done.is_set():
            try:
                answer = requests.get(f"{secure.origin}/_gate/nothing", verify=False, timeout=10)
                if answer.status_code != 401:
                    failures.append(answer.status_code)
            except requests.RequestException as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    secure.renew(tmp_path)
    wait_for(lambda: secure.certificate() != before, "the new certificate", 15, secure.gateway.daemon.check)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_broken_pair_changes_nothing_and_the_log_says_so(secure):
    before = secure.certificate()
    secure.pem.write_text("-----BEGIN nothing")
    wait_for(lambda: "the old certificate stays" in secure.gateway.log_text(), "a line in the log", 15)
    assert secure.certificate() == before


def test_key_that_everybody_may_read_is_refused(tmp_path):
    secure = Secure(tmp_path)
    with secure.spark:
        secure.pem.chmod(0o644)
        secure.gateway.write_config()
        result = subprocess.run([str(binary()), "--config", str(secure.gateway.config), "--check"], capture_output=True,
                                text=True, timeout=20)
        assert result.returncode == 1
        assert "server.tls.key" in result.stderr


class Records:
    """A TLS client whose records are what the test says, to be sent together."""

    def __init__(self, secure):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = secure.context().wrap_bio(self.incoming, self.outgoing)
        self.link = socket.create_connection((HOST, secure.port), timeout=60)
        while True:
            try:
                self.tls.do_handshake()
                self.link.sendall(self.outgoing.read())
                break
            except ssl.SSLWantReadError:
                self.link.sendall(self.outgoing.read())
                self.incoming.write(self.link.recv(65536))

    def seal(self, pieces):
        """The bytes of a record for each of them."""
        for piece in pieces:
            self.tls.write(piece)
        return self.outgoing.read()


def test_s65_a_byte_a_record_delays_nobody_else(secure):
    records, count = Records(secure), 100000
    said = f"POST /_gate/login HTTP/1.1\r\nHost: {HOST}:{secure.port}\r\nContent-Length: {count}\r\nConnection: close\r\n\r\n".encode() + b"x" * count
    sealed = records.seal([bytes([byte]) for byte in said])
    over = threading.Event()

    def send():
        with contextlib.suppress(OSError):  # it may have had enough of them
            records.link.sendall(sealed)
            while records.link.recv(65536):
                pass
        over.set()

    seconds = []
    with requests.Session() as session:
        get(secure, "/_gate/nothing", session)
        sending = threading.Thread(target=send)
        sending.start()
        while not over.is_set() or not seconds:  # once at least, however soon it has had enough of them
            started = time.monotonic()
            get(secure, "/_gate/nothing", session)
            seconds.append(time.monotonic() - started)
    sending.join()
    print(len(seconds), sum(seconds), max(seconds, default=0))
    assert sorted(seconds)[int(len(seconds) * 0.9)] < 0.25, seconds

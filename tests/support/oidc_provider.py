"""oidc-provider (npm) on a free port, with the people and the controls that oidc_provider.js describes."""

import base64
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import tempfile
import urllib.parse
import urllib.request

from provider_people import Person
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "a-client-secret-of-the-tests-0123456789"


def node():
    """The Node that install.sh put beside the package because the machine's is too old, or the machine's."""
    return next((str(program) for program in (ROOT / "build" / "node").glob("node_modules/node-linux-*/bin/node")), "node")


def client_of(name, gateways, public=False, access_ttl=300, called=None):
    """Registration metadata of one client that all `gateways` are; `called`: the provider's name there."""
    callback = f"/_gate/callback/{called}" if called else "/_gate/callback"
    urls = [url for gateway in gateways for url in (gateway.url, gateway.admin_url)]
    client = {
        "client_id": name, "redirect_uris": [f"{url}{callback}" for url in urls], "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "id_token_signed_response_alg": "RS256",
        "post_logout_redirect_uris": [f"{url}/_gate/logout" for url in urls],
        "backchannel_logout_uri": f"{urls[0]}/_gate/logout", "backchannel_logout_session_required": True,
        "access_ttl": access_ttl,
    }
    if public:
        return {**client, "token_endpoint_auth_method": "none"}
    return {**client, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"}


class OidcProvider:
    """with OidcProvider() as provider: provider.issuer. `id_token_claims`: names and roles are in the ID token too.
    Ports share cookies: of two in one browser one has another `host`."""

    def __init__(self, id_token_claims=True, port=None, host=HOST):
        self.port = port or free_port()
        self.issuer = f"http://{host}:{self.port}"
        self.options = {"host": host, "port": self.port, "id_token_claims": id_token_claims}
        self.folder = tempfile.mkdtemp(prefix="sparkgate-provider-")
        self.starts, self.daemon, self.clients = 0, None, {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Sessions and keys are new at each start; the clients are told again."""
        self.starts += 1
        command = [node(), str(ROOT / "tests" / "support" / "oidc_provider.js"), json.dumps(self.options)]
        self.daemon = Daemon("oidc-provider", command, dict(os.environ), ROOT / "build" / "node",
                             pathlib.Path(self.folder) / f"{self.starts}.log")
        wait_for(lambda: is_up(f"{self.issuer}/.well-known/openid-configuration"), "oidc-provider", 30, self.daemon.check)
        for client in self.clients.values():
            self.control("client", **client)
        return self

    def stop(self):
        if self.daemon:
            self.daemon.stop()
            self.daemon = None

    def control(self, name, **values):
        request = urllib.request.Request(f"{self.issuer}/control/{name}", json.dumps(values).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def add_client(self, name, gateways, **options):
        """Tells it of a client; gives the client's secret, or None for a public one."""
        self.clients[name] = client_of(name, gateways, **options)
        self.control("client", **self.clients[name])
        return self.clients[name].get("client_secret")

    def add_service(self, name):
        """A program with a client of its own: it takes tokens by its secret, and may introspect."""
        self.clients[name] = {
            "client_id": name, "client_secret": SECRET, "grant_types": ["client_credentials"], "redirect_uris": [],
            "response_types": [], "token_endpoint_auth_method": "client_secret_basic"}
        self.control("client", **self.clients[name])
        return SECRET

    def counters(self):
        return self.control("counters")

    def refreshes(self):
        return self.counters()["grants"].get("refresh_token", 0)

    def set_roles(self, user, *roles):
        self.control("roles", user=user, roles=list(roles))

    # -- tokens without a gateway --------------------------------------------------------------------------------

    def token(self, fields, client):
        """The token endpoint's answer for a confidential client."""
        basic = base64.b64encode(f"{client}:{SECRET}".encode()).decode()
        request = urllib.request.Request(f"{self.issuer}/token", urllib.parse.urlencode(fields).encode(),
                                         {"Authorization": f"Basic {basic}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def service_token(self, client, kind="jwt"):
        return self.token({"grant_type": "client_credentials", "resource": f"urn:spark:{kind}", "scope": "spark"},
                          client)["access_token"]

    def user_token(self, user, client, kind="jwt"):
        """An access token of a person for the service; `client` is a confidential one of add_client()."""
        verifier, redirect = secrets.token_urlsafe(32), self.clients[client]["redirect_uris"][0]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "openid spark",
            "resource": f"urn:spark:{kind}", "code_challenge": challenge, "code_challenge_method": "S256"})
        answer = Person(user).sign_in(f"{self.issuer}/auth?{query}", lambda url: url.startswith(redirect))
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
        return self.token({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect,
                           "code_verifier": verifier, "resource": f"urn:spark:{kind}"}, client)["access_token"]

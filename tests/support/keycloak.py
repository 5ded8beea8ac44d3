"""Keycloak on a free port with the realm of keycloak-realm.json; clients are added while it runs, by its admin API.

Its defaults are kept: realm roles are in the access token only, so the gateway must read that.
"""

import json
import os
import pathlib
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from keycloak_install import ensure_keycloak
from spark_cluster import HOST, Daemon, free_port, is_up, wait_for

HERE = pathlib.Path(__file__).resolve().parent
ADMIN, PASSWORD = "keeper", "password-of-the-keeper"
SECRET = "a-keycloak-secret-of-the-tests-0123456789"
AUDIENCE = {
    "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
    "config": {"included.custom.audience": "spark", "access.token.claim": "true", "id.token.claim": "false"}}


def client_of(name, gateways, public=False, audience=False, access_ttl=None):
    """Representation of one client that all `gateways` are."""
    urls = [gateway.url for gateway in gateways]
    attributes = {
        "post.logout.redirect.uris": "##".join(f"{url}/_gate/logout" for url in urls),
        "pkce.code.challenge.method": "S256", "backchannel.logout.session.required": "true"}
    if urls:
        attributes["backchannel.logout.url"] = f"{urls[0]}/_gate/logout"
    if access_ttl:
        attributes["access.token.lifespan"] = str(access_ttl)
    return {
        "clientId": name, "enabled": True, "protocol": "openid-connect", "publicClient": public, "secret": SECRET,
        "redirectUris": [f"{url}/_gate/callback" for url in urls], "attributes": attributes, "frontchannelLogout": False,
        "standardFlowEnabled": True, "directAccessGrantsEnabled": audience,
        "protocolMappers": [AUDIENCE] if audience else []}


class Keycloak:
    """with Keycloak() as provider: provider.issuer. About 300 MB, and up to 40 s to start."""

    def __init__(self):
        self.port, self.management = free_port(), free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.issuer = f"{self.url}/realms/spark"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-keycloak-"))
        self.daemon = None

    def __enter__(self):
        try:
            return self.launch().wait()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def launch(self):
        """Returns at once; wait() before use."""
        env = {**os.environ, "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
               "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
        command = [str(ensure_keycloak() / "bin" / "kc.sh"), "start", "--optimized", "--http-enabled=true",
                   "--hostname-strict=false", f"--http-host={HOST}", f"--http-port={self.port}",
                   f"--http-management-port={self.management}"]
        self.daemon = Daemon("keycloak", command, env, self.folder, self.folder / "keycloak.log")
        return self

    def wait(self):
        wait_for(lambda: is_up(f"http://{HOST}:{self.management}/health/ready"), "Keycloak", 180, self.daemon.check)
        self.admin("POST", "/admin/realms", json.loads((HERE / "keycloak-realm.json").read_text()))
        return self

    def stop(self):
        if self.daemon:
            self.daemon.stop()
            self.daemon = None
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- its admin API -------------------------------------------------------------------------------------------

    def form(self, url, fields):
        with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
            return json.load(answer)

    def admin(self, method, path, body=None):
        """Calls the admin API; decoded JSON, or None when it says nothing."""
        token = self.form(f"{self.url}/realms/master/protocol/openid-connect/token", {
            "grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": PASSWORD})["access_token"]
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500]}") from error
        return json.loads(text) if text else None

    def add_client(self, name, gateways, **options):
        """Gives the client's secret, or None for a public one."""
        self.admin("POST", "/admin/realms/spark/clients", client_of(name, gateways, **options))
        return None if options.get("public") else SECRET

    def user_id(self, user):
        return self.admin("GET", f"/admin/realms/spark/users?username={user}&exact=true")[0]["id"]

    def set_roles(self, user, *roles):
        """Realm roles of ours; what else a person has stays."""
        path = f"/admin/realms/spark/users/{self.user_id(user)}/role-mappings/realm"
        ours = [role for role in self.admin("GET", "/admin/realms/spark/roles") if role["name"].startswith("spark-")]
        self.admin("DELETE", path, ours)
        self.admin("POST", path, [role for role in ours if role["name"] in roles])

    def end_sessions(self, user):
        """As an administrator does: back-channel logout goes to every client."""
        self.admin("POST", f"/admin/realms/spark/users/{self.user_id(user)}/logout")

    def rotate_keys(self):
        """A new RS256 key that goes before all others; the old ones stay published."""
        realm = self.admin("GET", "/admin/realms/spark")["id"]
        self.admin("POST", "/admin/realms/spark/components", {
            "name": "rotated", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm, "config": {"priority": ["1000"], "enabled": ["true"], "active": ["true"],
                                          "keySize": ["2048"], "algorithm": ["RS256"]}})

    def user_token(self, user, client):
        """An access token by password, of a client with `audience`."""
        return self.form(f"{self.issuer}/protocol/openid-connect/token", {
            "grant_type": "password", "client_id": client, "client_secret": SECRET, "username": user,
            "password": "password", "scope": "openid"})["access_token"]

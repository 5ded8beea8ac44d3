"""Who asks, as UIs behind the gateway are told it (S70): in a field of their own (`identity_header`), by the gateway alone."""

import contextlib

import pytest

from conftest import Client, signed_in
from echo_socket import EchoSocket, Socket
from gateway import Gateway
from other_uis import Trac
from sso import User, await_provider, settings_of

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
# what Grafana, Airflow, Superset, JupyterHub, NiFi, Trino, OpenSearch and the proxies before them take for who asks
IDENTITIES = ["X-WEBAUTH-USER", "X-WEBAUTH-GROUPS", "Remote-User", "Remote-Groups", "X-Remote-User", "X-Remote-Group",
              "X-Auth-Request-User", "X-Auth-Request-Access-Token", "X-Forwarded-User", "X-Forwarded-Preferred-Username",
              "X-Forwarded-Access-Token", "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Identity",
              "Cf-Access-Authenticated-User-Email", "X-Authentik-Username", "X-Pomerium-Claim-Email", "X-User", "X-Username",
              "X-Trino-User", "X-ProxiedEntitiesChain", "X-Proxy-User", "Impersonate-User", "X-Own-Name"]


# as they are, and as CGI and its kin read the same: some hyphens left, some not
SPELLINGS = {"as it is": str, "lower": str.lower, "upper": str.upper}
for mark in "_.~":
    SPELLINGS |= {f"all {mark}": lambda name, mark=mark: name.replace("-", mark),
                  f"first {mark}": lambda name, mark=mark: name.replace("-", mark, 1),
                  f"last {mark}": lambda name, mark=mark: mark.join(name.rsplit("-", 1))}


@pytest.fixture(scope="module")
def sockets():
    with EchoSocket() as running:
        yield running


@pytest.fixture(scope="module")
def wiki():
    with Trac(identity_header="X-WEBAUTH-USER") as running:
        yield running


@pytest.fixture(scope="module")
def gate(upstream, sockets, wiki, provider):
    uis = [{"name": "told", "url": upstream.url, "identity_header": "X-WEBAUTH-USER"}, {"name": "plain", "url": upstream.url},
           {"name": "own", "url": upstream.url, "identity_header": "X-Own-Name"},
           {"name": "socket", "url": sockets.url, "identity_header": "Remote-User"},
           {"name": "wiki", "url": wiki.url, "identity_header": "X-WEBAUTH-USER"}]
    gateway = Gateway([{"name": "local", "uis": uis}])
    secret = provider.add_client("identity-header", [gateway])
    gateway.merge(settings_of(gateway.folder, provider.issuer, "identity-header", secret))
    with gateway:
        await_provider(gateway)
        gateway.token = gateway.create_token("ann", "user")["access_token"]
        gateway.await_mounts([f"/local/ui/{ui['name']}/page" for ui in uis if ui["name"] != "wiki"] + ["/local/ui/wiki/"],
                             gateway.token)
        yield gateway


def fields_of(answer):
    """Name in lower case -> values."""
    assert answer.status_code == 200, answer.text
    fields = {}
    for name, value in answer.json()["fields"]:
        fields.setdefault(name, []).append(value)
    return fields


def test_s70_a_ui_is_told_who_asks_in_its_own_field_and_others_are_not(gate):
    client = Client(gate, gate.token)
    assert fields_of(client.get("/local/ui/told/"))["x-webauth-user"] == ["client:ann"]
    assert fields_of(client.get("/local/ui/own/"))["x-own-name"] == ["client:ann"]
    for ui in ("plain", "told", "own"):
        fields = fields_of(client.get(f"/local/ui/{ui}/"))
        assert ("x-webauth-user" in fields, "x-own-name" in fields) == (ui == "told", ui == "own")


def test_s70_it_is_the_name_in_the_access_log_for_people_as_well(gate):
    person = User("alice")
    person.enter(gate, "/local/ui/told/")
    assert fields_of(person.open(gate, "/local/ui/told/who"))["x-webauth-user"] == ["alice"]
    line = [line for line in gate.access_log() if line["path"] == "/local/ui/told/who"][-1]
    assert line["user"] == "alice"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_s70_what_a_client_says_of_itself_goes_to_no_ui_in_any_spelling(gate, spelling):
    forged = {SPELLINGS[spelling](name): "root" for name in IDENTITIES}
    for ui in ("told", "plain", "own"):
        fields = fields_of(Client(gate, gate.token).get(f"/local/ui/{ui}/", headers=forged))
        assert [name for name, values in fields.items() if "root" in values] == []
        assert [value for values in fields.values() for value in values].count("client:ann") == (ui != "plain")


def test_s70_a_client_that_takes_the_field_off_by_connection_takes_nothing(gate):
    headers = {"Connection": "keep-alive, X-WEBAUTH-USER", "X-WEBAUTH-USER": "root"}
    assert fields_of(Client(gate, gate.token).get("/local/ui/told/", headers=headers))["x-webauth-user"] == ["client:ann"]


def test_s70_a_socket_is_told_as_well(gate, sockets):
    fields = [("Host", f"127.0.0.1:{gate.port}"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", KEY),
              ("Sec-WebSocket-Version", "13"), ("Authorization", f"Bearer {gate.token}"), ("Remote-User", "root"),
              ("Remote_User", "root")]
    with contextlib.closing(Socket(gate, "/local/ui/socket/chat", fields)) as socket:
        assert socket.status == 101
    seen = sockets.server.handshakes[-1][1]
    assert seen["remote-user"] == "client:ann" and "root" not in seen.values() and "authorization" not in seen


def test_s70_trac_knows_who_was_let_in(gate):
    client = signed_in(gate, "user")
    page = client.get("/local/ui/wiki/", headers={"X-WEBAUTH-USER": "root", "X_WEBAUTH_USER": "root"})
    assert page.status_code == 200
    assert "client:session-user" in page.text and "root" not in page.text
    told = client.get("/local/ui/wiki/prefs")
    assert "client:session-user" in told.text

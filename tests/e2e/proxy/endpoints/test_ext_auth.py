"""The gateway as the authority behind an ingress (S-ext): nginx, HAProxy, Envoy and Caddy with the sample configurations, and
the requests that nginx, Traefik and Envoy send, one by one."""

import contextlib
import http.client
import json
import socket
import urllib.parse

import pytest

from conftest import NAVIGATION, Client, signed_in
from gateway import Gateway
from ingress import COMMANDS, NAMES, Ingress, ask
from spark_cluster import HOST
from sso import User, await_provider, secret_file
from upstream_socket import SocketUpstream


@pytest.fixture(scope="module", params=COMMANDS)
def ingress(request, upstream, provider):
    with contextlib.ExitStack() as stack:
        made = Ingress(stack, request.param, urllib.parse.urlsplit(upstream.url).port, provider)
        await_provider(made.gateway)
        yield made


@pytest.fixture(scope="module")
def asked(upstream):
    with contextlib.ExitStack() as stack:
        yield Ingress(stack, "nginx", urllib.parse.urlsplit(upstream.url).port)


@pytest.fixture()
def direct(asked):
    with contextlib.closing(http.client.HTTPConnection(HOST, asked.gateway.port, timeout=10)) as conn:
        yield conn


def seen_fields(answer):
    assert answer.status_code == 200, answer.text
    fields = {}
    for name, value in answer.json()["fields"]:
        assert name not in fields, f"{name} twice"
        fields[name] = value
    return fields


# --- real ones ---


def test_s_ext_an_ingress_sends_a_person_to_sign_in_and_back_to_the_very_url(ingress):
    client, target = Client(ingress.gateway), "/spark/jobs/?a=b%20c&d=%2F"
    away = client.get(target, headers=NAVIGATION)
    assert away.status_code == 302
    where = urllib.parse.urlsplit(away.headers["Location"])
    assert (where.netloc, where.path) == (ingress.authority, "/_gate/login")
    assert urllib.parse.parse_qs(where.query)["next"] == [target]
    assert client.get(away.headers["Location"], headers=NAVIGATION).status_code == 200
    back = client.post("/_gate/login", data={"token": ingress.user, "next": target},
                       headers={"Origin": ingress.gateway.origin})
    assert (back.status_code, back.headers["Location"]) == (303, target)
    assert client.get(target, headers=NAVIGATION).json()["target"] == target


def test_s_ext_a_person_signs_in_at_the_provider_and_is_back_with_a_name(ingress):
    person, target = User("alice"), "/spark/stages/?a=b%20c&d=%2F"
    page = person.enter(ingress.gateway, target)
    assert page.url == ingress.gateway.url + target
    fields = seen_fields(page)
    assert (fields["x-auth-request-user"], fields["x-auth-request-groups"]) == ("alice", "user")
    assert "cookie" not in fields
    person.post(ingress.gateway, "/_gate/logout")
    assert person.open(ingress.gateway, target).status_code == 302


def test_s_ext_an_ingress_tells_a_program_401_and_never_a_page(ingress):
    answer = Client(ingress.gateway).get("/spark/")
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"]


def test_s7_what_a_client_writes_into_identity_fields_never_passes(ingress):
    forged = {name: "root" for name in NAMES}
    forged |= {"x-auth-request-USER": "root", "X_Auth_Request_User": "root", "X-Forwarded-For": "203.0.113.66",
               "X-Original-URL": f"{ingress.gateway.origin}/_gate/static/gateway.css", "X-Original-Method": "OPTIONS"}
    assert Client(ingress.gateway).get("/spark/", headers=forged).status_code == 401
    fields = seen_fields(Client(ingress.gateway, ingress.user).get("/spark/", headers=forged))
    assert fields["x-auth-request-user"] == fields["x-forwarded-user"] == "client:ext-user"
    assert fields["x-auth-request-groups"] == fields["x-forwarded-groups"] == "user"
    assert "203.0.113.66" not in fields["x-forwarded-for"]
    assert not fields.get("x-auth-request-email") and "x_auth_request_user" not in fields
    assert "authorization" not in fields and "cookie" not in fields
    assert [name for name, value in fields.items() if value == "root"] == []


def test_s6_an_ambiguous_target_never_passes(ingress):
    for target in ("/a//b", "/a/../b", "/a/%2e%2e/b", "/a%2fb", "/a%5cb", "/a%23b", "//evil/"):
        with contextlib.closing(http.client.HTTPConnection(HOST, ingress.port)) as conn:
            conn.request("GET", target, headers={"Authorization": f"Bearer {ingress.admin}"})
            answer = conn.getresponse()
            if answer.status == 200:  # Traefik mends some of them before it asks, and forwards what it has asked about
                target = json.loads(answer.read())["target"]
                assert ingress.name == "traefik" and "//" not in target and ".." not in target and "%" not in target
            else:
                assert answer.status in (400, 403), target


def test_a_kill_behind_an_ingress_takes_an_administrator_and_the_same_origin(ingress):
    target = "/spark/jobs/job/kill/?id=1"
    assert Client(ingress.gateway, ingress.user).get(target).status_code == 403
    assert Client(ingress.gateway, ingress.admin).get(target).status_code == 200
    admin = signed_in(ingress.gateway, "admin")
    assert admin.get(target, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.get(target).status_code == 403
    assert admin.get(target, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_nobody_asks_through_an_ingress(ingress):
    assert Client(ingress.gateway, ingress.user).get("/_gate/auth/nginx").status_code == 404
    if ingress.name.endswith("nginx"):
        assert Client(ingress.gateway, ingress.user).get("/_sparkgate").status_code == 404


def upgrade(port, authority, *fields):
    """The status line of an upgrade, and what comes back of three bytes."""
    lines = [f"Host: {authority}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *fields]
    with socket.create_connection((HOST, port), timeout=10) as conn:
        conn.sendall(("GET /socket HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head and (data := conn.recv(65536)):
            head += data
        if b" 101 " not in head.split(b"\r\n")[0]:
            return int(head.split()[1]), b""
        conn.sendall(b"abc")
        back = b""
        while len(back) < 3 and (data := conn.recv(3 - len(back))):  # MSG_WAITALL does not wait where there is a timeout
            back += data
        return 101, back


@pytest.mark.parametrize("name", COMMANDS)
def test_s11_sockets_that_an_ingress_forwards_have_the_same_gate(name):
    with contextlib.ExitStack() as stack:
        made = Ingress(stack, name, stack.enter_context(SocketUpstream()).port)
        cookie = "Cookie: " + "; ".join(f"{c.name}={c.value}" for c in signed_in(made.gateway, "user").cookies)
        assert upgrade(made.port, made.authority)[0] == 401
        assert upgrade(made.port, made.authority, cookie)[0] == 403
        assert upgrade(made.port, made.authority, cookie, "Origin: http://evil.example")[0] == 403
        assert upgrade(made.port, made.authority, cookie, f"Origin: {made.gateway.origin}") == (101, b"abc")
        assert upgrade(made.port, made.authority, f"Authorization: Bearer {made.user}") == (101, b"abc")
        made.gateway.daemon.stop()  # who cannot ask lets nobody in
        assert upgrade(made.port, made.authority, f"Authorization: Bearer {made.user}")[0] in (403, 500, 502, 503)


# --- the requests of each, as they are sent ---

EVERYONE = ["nginx", "traefik", "envoy"]
PERSON = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")]


@pytest.mark.parametrize("kind", EVERYONE)
def test_s_ext_an_answer_names_the_person_in_less_than_4_kib_and_sets_no_cookie(asked, direct, kind):
    status, fields, content = ask(direct, asked, kind, token=asked.user)
    assert (status, content) == (200, b"")
    assert [fields[name] for name in NAMES] == ["client:ext-user", fields["X-Auth-Request-Preferred-Username"], "user", "",
                                                "client:ext-user", "user", ""]
    assert "Set-Cookie" not in fields and len(fields.as_bytes()) < 4096


@pytest.mark.parametrize("kind,status,field", [("nginx", 401, "X-Auth-Request-Redirect"), ("traefik", 302, "Location"),
                                               ("envoy", 302, "Location")])
def test_s_ext_a_person_is_led_to_sign_in_and_a_program_is_told(asked, direct, kind, status, field):
    got, fields, _ = ask(direct, asked, kind, target="/x?y=%2F", fields=PERSON)
    assert (got, fields[field]) == (status, f"{asked.gateway.origin}/_gate/login?next=%2Fx%3Fy%3D%252F")
    assert "Set-Cookie" not in fields
    for more in ([], [*PERSON, ("X-Requested-With", "XMLHttpRequest")]):
        got, fields, _ = ask(direct, asked, kind, fields=more)
        assert got == 401 and "Bearer" in fields["WWW-Authenticate"] and field not in fields


@pytest.mark.parametrize("kind", EVERYONE)
def test_a_long_address_still_fits_into_4_kib(asked, direct, kind):
    _, fields, _ = ask(direct, asked, kind, target="/x?" + "%20" * 2000, fields=PERSON)
    assert (fields["Location"] or fields["X-Auth-Request-Redirect"]).endswith("/login?next=%2Fx")
    assert len(fields.as_bytes()) < 4096


@pytest.mark.parametrize("kind", EVERYONE)
def test_rights_are_those_of_the_path_and_method_asked_about(asked, direct, kind):
    rows = [("GET", "/anything", 200, 200), ("GET", "/spark/stages/stage/kill/?id=1", 403, 200),
            ("POST", "/master/app/kill/", 403, 200), ("POST", "/workers/kill/", 403, 403),
            ("GET", "/local/ui/echo/", 200, 200), ("GET", "/local/ui/echo/jobs/job/kill/", 403, 200),
            ("GET", "/x?doAs=root", 403, 403), ("GET", "/x?DOAS=root", 403, 403)]
    for method, target, user, admin in rows:
        assert ask(direct, asked, kind, method, target, asked.user)[0] == user, (method, target)
        assert ask(direct, asked, kind, method, target, asked.admin)[0] == admin, (method, target)


@pytest.mark.parametrize("kind", EVERYONE)
def test_what_the_gateway_alone_serves_is_nobody_elses(asked, direct, kind):
    refused = 403 if kind == "nginx" else 404
    for target in ("/_gate/login", "/_gate/auth/nginx", "/local/proxy/app-unknown/jobs/job/kill/", "/local/apps/x"):
        assert ask(direct, asked, kind, target=target, token=asked.admin)[0] == refused, target
    assert ask(direct, asked, kind, target="/_gate/login", fields=PERSON)[0] == refused


@pytest.mark.parametrize("kind", EVERYONE)
def test_s67_what_an_ingress_should_have_dropped_is_refused(asked, direct, kind):
    rows = [("X_Forwarded-User", "root"), ("X.Auth.Request.User", "root"), ("x-webauth_user", "root"), ("Remote.User", "root"),
            ("REMOTE_USER", "root"), ("Cf-Access_Jwt-Assertion", "x"), ("X_Forwarded_For", "203.0.113.66"), ("Upgrade", "h2c"),
            ("Upgrade", "websocket, h2c"), ("Service-Worker", "script")]
    for row in rows:
        for fields in ([row], [row, row]):
            status, answer, _ = ask(direct, asked, kind, token=asked.admin, fields=fields)
            assert status == 403 and "X-Auth-Request-User" not in answer, fields
    for fields in ([("X-Webauth-User", "root")], [("X_Custom", "1")], [("Upgrade", "websocket")]):  # the ingress' own affair
        assert ask(direct, asked, kind, token=asked.admin, fields=fields)[0] == 200, fields


@pytest.mark.parametrize("kind", EVERYONE)
def test_s67_a_socket_is_known_by_each_of_its_fields_however_often(asked, direct, kind):
    cookie = ("Cookie", "; ".join(f"{c.name}={c.value}" for c in signed_in(asked.gateway, "user").cookies))
    evil, own = ("Origin", "http://evil.example"), ("Origin", asked.gateway.origin)
    for mark in ([("Upgrade", "websocket")], [("Sec-WebSocket-Key", "x")], [("Sec-WebSocket-Key", "x")] * 2, [("Sec-WebSocket-Key", "")]):
        assert ask(direct, asked, kind, fields=[cookie, evil, *mark])[0] == 403, mark
        assert ask(direct, asked, kind, fields=[cookie, own, *mark])[0] == 200, mark
        assert ask(direct, asked, kind, fields=[cookie, *mark])[0] == 403, mark


@pytest.mark.parametrize("kind", EVERYONE)
def test_s5_another_host_is_refused(asked, direct, kind):
    assert ask(direct, asked, kind, token=asked.admin, host="evil.example")[0] in (400, 403)


@pytest.mark.parametrize("kind", EVERYONE)
def test_s8_nobody_is_believed_unless_configured(upstream, kind):
    with Gateway([{"name": "local", "uis": [{"name": "echo", "url": upstream.url}]}]) as gateway:
        gateway.authority = f"{HOST}:{gateway.port}"
        token = gateway.create_token("t", "admin")["access_token"]
        with contextlib.closing(http.client.HTTPConnection(HOST, gateway.port)) as conn:
            status, fields, _ = ask(conn, gateway, kind, token=token)
            assert status == 403 and "X-Auth-Request-User" not in fields
        assert "server.trusted_proxies" in gateway.log_text()


@pytest.mark.parametrize("kind", EVERYONE)
def test_s_ext_a_session_is_found_in_any_cookie_field_but_never_behind_a_comma(asked, direct, kind):
    """What follows a comma may be a part of another host's cookie, which a __Host- name keeps out."""
    cookie, other = "; ".join(f"{c.name}={c.value}" for c in signed_in(asked.gateway, "user").cookies), ("Cookie", "theme=dark; a=b,c")
    for fields in ([("Cookie", cookie), other], [other, ("Cookie", cookie)], [other, ("Cookie", f"x=1; {cookie}")]):
        assert ask(direct, asked, kind, fields=fields)[0] == 200, fields
    assert ask(direct, asked, kind, fields=[("Cookie", f"theme=dark,{cookie}")])[0] == 401


def test_s100_a_gateway_that_cannot_tell_refuses_nobody(upstream, tmp_path):
    """nginx makes 500 of the 503, the others say it as it is."""
    asks = {"url": f"http://{HOST}:1/introspect", "prefix": "x_", "client_id": "gate", "client_secret_file": secret_file(tmp_path, "secret", "s")}
    issuer = {"issuer": f"http://{HOST}:1/", "audience": ["spark"], "introspection": asks}
    settings = {"auth": {"bearer": [issuer], "roles": {"claim": "groups", "user": ["u"]}}}
    with contextlib.ExitStack() as stack:
        made = Ingress(stack, "nginx", urllib.parse.urlsplit(upstream.url).port, settings=settings)
        with contextlib.closing(http.client.HTTPConnection(HOST, made.gateway.port, timeout=10)) as conn:
            for kind in EVERYONE:
                status, fields, _ = ask(conn, made, kind, token="x_opaque")
                assert status == 503 and int(fields["Retry-After"]) > 0, kind
        answer = Client(made.gateway, "x_opaque").get("/spark/")
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_the_access_log_shows_what_was_asked_about(asked, direct):
    ask(direct, asked, "traefik", "POST", "/spark/logged/?secret=1", asked.user)
    line = [line for line in asked.gateway.access_log() if line.get("path") == "/spark/logged/"][-1]
    assert (line["method"], line["host"], line["client"]) == ("POST", asked.authority, "203.0.113.9")
    assert "secret=1" not in json.dumps(line)

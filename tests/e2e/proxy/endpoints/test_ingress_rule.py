"""What every ingress of conf/ingress has to do with a request's fields (S67): the table there, row by row, on the real programs, by HTTP/1.1
and HTTP/2. What the guarded service gets tells."""

import contextlib
import json
import tempfile
import urllib.parse

import pytest

from conftest import Client
from h2_client import Stream, tls_to
from ingress import COMMANDS, SAMPLES, Ingress
from tls_front import write_certificate
from upstream_socket import SocketUpstream

ROWS = [line.split("\t") for line in (SAMPLES / "fields.tsv").read_text().splitlines() if line and not line.startswith("#")]
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MARKS, RARE_MARKS = "_.", "!$%&'+^|~#*`"


def names_of(*rules):
    """Every known name of the rows with these rules."""
    return [name for rule, field, known, _ in ROWS if rule in rules
            for name in (known.split(", ") if field.endswith("*") else [field])]


FORGED = names_of("answer", "own", "drop")
# as CGI and its kin read the same: some hyphens left, some not; what is rare goes round
SPELLINGS = {"as it is": str, "upper": str.upper, "rare": lambda name: name.replace("-", RARE_MARKS[len(name) % len(RARE_MARKS)])}
for mark in MARKS:
    SPELLINGS |= {f"all {mark}": lambda name, mark=mark: name.replace("-", mark),
                  f"first {mark}": lambda name, mark=mark: name.replace("-", mark, 1),
                  f"last {mark}": lambda name, mark=mark: mark.join(name.rsplit("-", 1))}


@pytest.fixture(scope="module", autouse=True)
def certificate():
    with tempfile.TemporaryDirectory(prefix="sparkgate-cert-") as folder:
        yield write_certificate(folder, ["localhost", "127.0.0.1"])


@pytest.fixture(scope="module", params=COMMANDS)
def ingress(request, upstream, certificate):
    with contextlib.ExitStack() as stack:
        yield Ingress(stack, request.param, urllib.parse.urlsplit(upstream.url).port, certificate=certificate)


@pytest.fixture(scope="module", params=COMMANDS)
def sockets(request, certificate):
    with contextlib.ExitStack() as stack:
        behind = stack.enter_context(SocketUpstream())
        made = Ingress(stack, request.param, behind.port, certificate=certificate)
        made.behind, made.cookie = behind, cookie_of(made)
        yield made


def cookie_of(ingress):
    client = Client(ingress.gateway)
    client.verify = False
    token = ingress.gateway.create_token("session", "user")["access_token"]
    assert client.post("/_gate/login", data={"token": token}, headers={"Origin": ingress.gateway.origin}).status_code == 303
    return "; ".join(f"{c.name}={c.value}" for c in client.cookies)


def by_http_1(ingress, fields, target="/spark/", method="GET", then=b""):
    """(status, content or what came back of `then`)."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in [("Host", ingress.authority), *fields])
    with tls_to(ingress.port, "http/1.1") as plug:
        plug.sendall(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data and (more := plug.recv(65536)):
            data += more
        head, _, content = data.partition(b"\r\n\r\n")
        status = int(head.split()[1]) if head else None
        if status == 101 and then:
            plug.sendall(then)
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while len(content) < (length[0] if length else len(then) if status == 101 else 0) and (more := plug.recv(65536)):
            content += more
        return status, content


def by_http_2(ingress, fields, target="/spark/", method="GET"):
    pseudo = [(":method", method), (":scheme", "https"), (":authority", ingress.authority), (":path", target)]
    with Stream(ingress.port, pseudo + [(name.lower(), value) for name, value in fields]) as stream:
        return stream.status, stream.read_all()


BOTH = {"1.1": by_http_1, "2": by_http_2}


def reached(answer):
    """Fields that the guarded service got, or None: it was not asked."""
    status, content = answer
    return [tuple(field) for field in json.loads(content)["fields"]] if status == 200 else None


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_s67_what_a_client_says_of_itself_never_passes_in_any_spelling(ingress, version, spelling):
    token = ("Authorization", f"Bearer {ingress.user}")
    for start in range(0, len(FORGED), 40):  # in parts: heads are limited
        forged = [(SPELLINGS[spelling](name), "root") for name in FORGED[start:start + 40]]
        answer = BOTH[version](ingress, [token, *forged, *forged])
        fields = reached(answer)
        assert fields is not None or answer[0] in (400, 403), answer  # refusing it is fine as well
        assert [name for name, value in fields or [] if "root" in value] == []
        if fields:
            assert dict(fields)["x-auth-request-user"] == "client:ext-user"


@pytest.mark.parametrize("version", BOTH)
def test_s67_what_it_drops_is_not_more_than_that(ingress, version):
    plain = [("X-Custom", "kept"), ("X-Forwardes", "kept"), ("X-XSRFToken", "kept"), ("X-Grafana-Org-Id", "kept"), ("Accept-Language", "kept")]
    fields = reached(BOTH[version](ingress, [("Authorization", f"Bearer {ingress.user}"), *plain]))
    assert sorted(name for name, value in fields if value == "kept") == sorted(name.lower() for name, _ in plain)
    assert {name for name, _ in fields} & {name.lower() for name in names_of("keep")} == set()


@pytest.mark.parametrize("version", BOTH)
def test_s67_a_session_is_known_in_whichever_cookie_field_it_stands(ingress, version):
    session, before, after = ("Cookie", cookie_of(ingress)), ("Cookie", "theme=dark"), ("Cookie", "a=b; c=d,e")
    for fields in ([session], [before, session], [session, after], [before, session, after]):
        seen = reached(BOTH[version](ingress, fields))
        assert seen is not None and "cookie" not in dict(seen), fields
    assert BOTH[version](ingress, [before, after])[0] == 401


@pytest.mark.parametrize("version", BOTH)
def test_s0_a_service_workers_script_is_refused_behind_every_ingress(ingress, version):
    token = ("Authorization", f"Bearer {ingress.user}")
    for script in ([("Service-Worker", "script")], [("service-worker", "script")] * 2):
        assert BOTH[version](ingress, [token, *script])[0] in (400, 403)
    assert BOTH[version](ingress, [token])[0] == 200


@pytest.mark.parametrize("version", BOTH)
def test_s67_what_the_gateway_decides_by_is_shown_to_it(ingress, version):
    """A kill takes the same origin: by each of the fields alone."""
    target, admin = "/spark/jobs/job/kill/?id=1", ingress_cookie(ingress)
    same = [("Origin", ingress.gateway.origin)], [("Referer", f"{ingress.gateway.origin}/x")], [("Sec-Fetch-Site", "same-origin")]
    for fields in same:
        assert BOTH[version](ingress, [("Cookie", admin), *fields], target)[0] == 200, fields
    other = [("Origin", "https://evil.example")], [("Referer", "https://evil.example/")], [("Sec-Fetch-Site", "cross-site")], []
    for fields in other:
        assert BOTH[version](ingress, [("Cookie", admin), *fields], target)[0] == 403, fields
    person = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    assert BOTH[version](ingress, person)[0] == 302
    assert BOTH[version](ingress, [*person, ("X-Requested-With", "XMLHttpRequest")])[0] == 401


def ingress_cookie(ingress):
    if not hasattr(ingress, "admin_cookie"):
        client = Client(ingress.gateway)
        client.verify = False
        answer = client.post("/_gate/login", data={"token": ingress.admin}, headers={"Origin": ingress.gateway.origin})
        assert answer.status_code == 303
        ingress.admin_cookie = "; ".join(f"{c.name}={c.value}" for c in client.cookies)
    return ingress.admin_cookie


# --- upgrades ---

SOCKET = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", KEY)]


def upgraded(ingress, fields):
    """Whether a tunnel to the guarded service opened."""
    return by_http_1(ingress, fields, "/socket", then=b"abc") == (101, b"abc")


def test_s11_a_socket_of_another_origin_does_not_open_whatever_it_leaves_out(sockets):
    cookie, own = ("Cookie", sockets.cookie), ("Origin", sockets.gateway.origin)
    assert upgraded(sockets, [*SOCKET, cookie, own])
    assert upgraded(sockets, [*SOCKET[:1], ("Upgrade", "WebSocket"), *SOCKET[2:], cookie, own])
    assert upgraded(sockets, [*SOCKET, ("Authorization", f"Bearer {sockets.user}")])
    assert {name for head in sockets.behind.asked for name, _ in head} & {"cookie", "authorization"} == set()
    evil = ("Origin", "https://evil.example")
    rows = [[*SOCKET, cookie], [*SOCKET, cookie, evil], [*SOCKET[:3], cookie, evil], [*SOCKET, SOCKET[3], cookie, evil],
            [*SOCKET, cookie, evil, own], [*SOCKET, cookie, ("Origin", "null")], SOCKET]
    for fields in rows:
        before = sockets.behind.upgrades
        assert by_http_1(sockets, fields, "/socket")[0] != 101, fields
        assert sockets.behind.upgrades == before, fields


@pytest.mark.parametrize("protocol", ["h2c", "H2C", "tls/1.0", "websocket2", "websocke", "h2c, websocket", "websocket, h2c", "spdy/3.1", "x"])
def test_s67_nothing_but_websockets_passes(sockets, protocol):
    token = ("Authorization", f"Bearer {sockets.user}")
    rows = [[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", protocol), ("HTTP2-Settings", "AAMAAABkAAQAAP__")],
            [("Connection", "Upgrade"), ("Upgrade", protocol), ("Sec-WebSocket-Key", KEY)],
            [("Connection", "Upgrade"), ("Upgrade", protocol), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", KEY)],
            [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Upgrade", protocol), ("Sec-WebSocket-Key", KEY)]]
    for fields in rows:
        sockets.behind.asked.clear()
        by_http_1(sockets, [token, *fields], "/socket")
        for head in sockets.behind.asked:
            assert [value for name, value in head if name == "upgrade" and value.lower() != "websocket"] == [], fields


@pytest.mark.parametrize("origin", ["https://evil.example", None, "null", "own"])
def test_s67_extended_connect_opens_no_socket_of_another_origin(sockets, origin):
    """RFC 8441: over HTTP/2 a WebSocket is a CONNECT with :protocol, and has no key."""
    said = [] if origin is None else [("origin", sockets.gateway.origin if origin == "own" else origin)]
    for protocol in ("websocket", "h2c", "connect-udp"):
        before = sockets.behind.upgrades
        pseudo = [(":method", "CONNECT"), (":protocol", protocol), (":scheme", "https"), (":authority", sockets.authority),
                  (":path", "/socket")]
        with Stream(sockets.port, [*pseudo, ("cookie", sockets.cookie), ("sec-websocket-version", "13"), *said], ends=False) as stream:
            if origin == "own" and protocol == "websocket" and stream.offers_connect:
                assert stream.status == 200 and stream.say(b"abc") == b"abc"
            else:
                assert stream.status is None or stream.status >= 400, (protocol, stream.status)
                assert sockets.behind.upgrades == before


def test_s67_a_field_of_http_1_upgrades_nothing_over_http_2(sockets):
    for protocol in ("websocket", "h2c"):
        before = sockets.behind.upgrades
        fields = [("authorization", f"Bearer {sockets.user}"), ("connection", "upgrade"), ("upgrade", protocol), ("sec-websocket-key", KEY),
                  ("sec-websocket-version", "13")]
        for some in (fields, fields[:1] + fields[2:]):
            pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", sockets.authority), (":path", "/socket")]
            with Stream(sockets.port, pseudo + some) as stream:
                assert stream.status not in (101, 200)
            assert sockets.behind.upgrades == before

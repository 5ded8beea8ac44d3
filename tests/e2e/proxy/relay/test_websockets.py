"""WebSockets of other UIs (S3, S11): who may open one, what becomes of everything else, and when one ends."""

import threading
import time

import pytest

from browser import chromium
from conftest import FRONTS, signed_in
from echo_socket import CLOSE, PING, EchoSocket, Socket, frame, proof
from gateway import Gateway
from redis_server import RedisServer
from signon import shared_store

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UI = "/local/ui/echo"


@pytest.fixture(scope="module")
def echo():
    with EchoSocket() as running:
        yield running


@pytest.fixture(scope="module", params=FRONTS)
def gate(request, echo):
    cluster = {"name": "local", "uis": [{"name": "echo", "url": echo.url}]}
    with Gateway([cluster], settings={"server": {"front": request.param}}) as running:
        token = running.create_token("waits", "user")["access_token"]
        running.await_mounts([f"{UI}/page"], token)
        yield running


def bearer(gate, name="socket"):
    return ("Authorization", f"Bearer {gate.create_token(name, 'user')['access_token']}")


def handshake(gate, *more, without=()):
    fields = [("Host", f"127.0.0.1:{gate.port}"), ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
              ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")]
    return [field for field in fields if field[0] not in without] + list(more)


def opened(gate, *more, path="/chat"):
    socket = Socket(gate, UI + path, handshake(gate, *more))
    assert socket.status == 101
    return socket


def cookie(client):
    return ("Cookie", "; ".join(f"{c.name}={c.value}" for c in client.cookies))


def test_s11_messages_go_both_ways_for_a_token(gate, echo):
    socket = opened(gate, bearer(gate))
    assert socket.fields["sec-websocket-accept"] == proof(KEY)
    for payload in (b"hello", b"x" * 70000, b""):
        socket.say(payload)
        assert socket.hear() == (1, payload)
    socket.say(b"\x03\xe8", CLOSE)
    assert socket.hear() == (CLOSE, b"\x03\xe8")
    assert socket.is_over()
    _, fields = echo.server.handshakes[-1]
    assert "authorization" not in fields and fields["origin"] == echo.url


def test_s11_megabytes_pass_while_neither_side_waits_for_the_other(gate):
    socket, total = opened(gate, bearer(gate)), 24
    payload = bytes(range(256)) * 4096
    sender = threading.Thread(target=lambda: [socket.say(payload, 2) for _ in range(total)])
    sender.start()
    before = gate.resident_kib()
    for _ in range(total):
        assert socket.hear() == (2, payload)
    sender.join()
    assert gate.resident_kib() - before < 8 * 1024
    socket.close()


def test_s11_a_client_that_reads_nothing_is_not_read_from_and_costs_little(gate):
    """The echo waits for its reader, the gateway for the echo, the client for the gateway; then all of it arrives."""
    socket, payload, sent = opened(gate, bearer(gate)), bytes(1 << 20), 0
    before = gate.resident_kib()
    socket.plug.settimeout(1)
    whole = memoryview(frame(payload, 2, b"\0\0\0\0") * 64)
    try:
        while sent < len(whole):
            sent += socket.plug.send(whole[sent:sent + 65536])
    except TimeoutError:
        pass
    assert sent < len(whole)
    assert gate.resident_kib() - before < 8 * 1024
    socket.plug.settimeout(30)
    rest = threading.Thread(target=socket.plug.sendall, args=(whole[sent:],))
    rest.start()
    for _ in range(64):
        assert socket.hear() == (2, payload)
    rest.join()
    socket.close()


def test_s33_a_store_that_is_away_for_a_moment_ends_no_socket(echo, tmp_path):
    """Nothing new is decided without it, and what was good goes on for 30 seconds."""
    cluster = {"name": "local", "uis": [{"name": "echo", "url": echo.url}]}
    with RedisServer() as redis, Gateway([cluster], settings=shared_store(redis, tmp_path)) as one:
        one.await_mounts([f"{UI}/page"], one.create_token("waits", "user")["access_token"])
        socket = opened(one, bearer(one))
        until = time.monotonic() + 4  # a dozen looks at whoever it is
        while time.monotonic() < until:
            redis.call("CLIENT", "KILL", "TYPE", "pubsub")
            redis.call("CLIENT", "KILL", "TYPE", "normal")
            socket.say(b"still here")
            assert socket.hear() == (1, b"still here")
            time.sleep(0.05)
        socket.say(b"and now")
        assert socket.hear() == (1, b"and now")
        socket.close()


def test_s11_nobody_opens_one_without_credentials(gate):
    assert Socket(gate, f"{UI}/chat", handshake(gate)).status == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}",
                                    "http://127.0.0.1:{port}.evil.example", ""])
def test_s11_a_page_of_another_origin_is_refused(gate, echo, origin):
    seen = len(echo.server.handshakes)
    fields = handshake(gate, cookie(signed_in(gate, "admin")), ("Origin", origin.format(port=gate.port)))
    assert Socket(gate, f"{UI}/chat", fields).status == 403
    assert len(echo.server.handshakes) == seen


def test_s11_a_session_must_say_its_origin_and_a_token_need_not(gate):
    session = cookie(signed_in(gate, "user"))
    assert Socket(gate, f"{UI}/chat", handshake(gate, session)).status == 403
    opened(gate, session, ("Origin", gate.origin)).close()
    assert Socket(gate, f"{UI}/chat", handshake(gate, bearer(gate), ("Origin", "http://evil.example"))).status == 403


@pytest.mark.parametrize("change", [
    {"more": [("Content-Length", "0")]}, {"without": ["Connection"]}, {"without": ["Sec-WebSocket-Key"]},
    {"more": [("Upgrade", "h2c")]}, {"without": ["Upgrade"], "more": [("Upgrade", "h2c")]},
    {"method": "POST"}, {"version": "1.0"}])
def test_s3_what_is_no_websocket_loses_its_upgrade_and_is_an_ordinary_request(gate, echo, change):
    fields = handshake(gate, bearer(gate), *change.get("more", []), without=change.get("without", ()))
    socket = Socket(gate, f"{UI}/chat", fields, change.get("method", "GET"), change.get("version", "1.1"))
    assert socket.status == 200
    assert "upgrade" not in echo.server.handshakes[-1][1]
    socket.close()


def test_s3_an_answer_that_proves_another_key_is_no_upgrade(gate):
    assert Socket(gate, f"{UI}/wrong", handshake(gate, bearer(gate))).status == 502


def test_s3_a_ui_that_declines_answers_like_any_page(gate):
    socket = Socket(gate, f"{UI}/plain", handshake(gate, bearer(gate)))
    assert socket.status == 200 and socket.stream.read(13).endswith(b"no upgrade")


def ends_within_a_second(socket, end):
    socket.say(b"still here")
    assert socket.hear() == (1, b"still here")
    end()
    began = time.monotonic()
    assert socket.is_over()
    assert time.monotonic() - began < 1.5  # a second, and what this machine needs to notice


def test_s11_a_tunnel_ends_with_its_token(gate):
    token = gate.create_token("revoked", "user")
    socket = opened(gate, ("Authorization", f"Bearer {token['access_token']}"))
    ends_within_a_second(socket, lambda: gate.command("token", "revoke", token["id"]))


def test_s11_a_tunnel_ends_with_its_session(gate):
    client = signed_in(gate, "user")
    socket = opened(gate, cookie(client), ("Origin", gate.origin))
    ends_within_a_second(socket, lambda: client.post("/_gate/logout", headers={"Origin": gate.origin}))


def test_s11_a_ui_that_is_left_is_told(gate, echo):
    echo.server.ended.clear()
    opened(gate, bearer(gate)).close()
    assert echo.server.ended.wait(5)


def test_s11_a_token_narrowed_to_something_else_opens_none(gate):
    token = gate.create_token("narrow", "user", "--scope", "cluster:other")["access_token"]
    assert Socket(gate, f"{UI}/chat", handshake(gate, ("Authorization", f"Bearer {token}"))).status == 404


@pytest.fixture(scope="module")
def hasty(echo):
    """Sessions and tunnels that end soon when nothing happens."""
    cluster = {"name": "local", "uis": [{"name": "echo", "url": echo.url}]}
    settings = {"session": {"idle": "3s"}, "server": {"limits": {"tunnel_idle": "1s"}}}
    with Gateway([cluster], settings=settings) as running:
        running.await_mounts([f"{UI}/page"], running.create_token("waits", "user")["access_token"])
        yield running


def lasts(socket, seconds, say):
    """How long the tunnel was there, while something is said four times a second."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            say()
            socket.hear()
        except (OSError, EOFError):
            break
        time.sleep(0.25)
    return time.monotonic() - began


def test_s11_pings_keep_no_session_alive(hasty):
    """A browser answers a UI's pings while nobody is there."""
    client = signed_in(hasty, "user")
    socket = opened(hasty, cookie(client), ("Origin", hasty.origin))
    assert 1.5 < lasts(socket, 10, lambda: socket.say(b"still here?", PING)) < 6
    assert client.get(f"{UI}/page").status_code == 401


def test_s11_what_a_page_says_is_a_use_of_its_session(hasty):
    client = signed_in(hasty, "user")
    socket = opened(hasty, cookie(client), ("Origin", hasty.origin))
    assert lasts(socket, 6, lambda: socket.say(b"a key was pressed")) >= 6
    assert client.get(f"{UI}/page").status_code == 200
    socket.close()


def test_a_tunnel_on_which_nothing_is_said_is_closed(hasty):
    socket = opened(hasty, bearer(hasty))
    began = time.monotonic()
    assert socket.is_over()
    assert 0.7 < time.monotonic() - began < 4


def test_a_tunnel_to_a_ui_that_is_named_no_more_ends(echo):
    with Gateway([{"name": "local", "uis": [{"name": "echo", "url": echo.url}]}]) as own:
        own.await_mounts([f"{UI}/page"], own.create_token("waits", "user")["access_token"])
        socket = opened(own, bearer(own))
        own.conf["clusters"] = [{"name": "local", "uis": [{"name": "other", "url": echo.url}]}]
        own.reload()
        assert socket.is_over()


def test_s201_a_drain_ends_tunnels_at_once_and_says_so(echo):
    with Gateway([{"name": "local", "uis": [{"name": "echo", "url": echo.url}]}]) as own:
        own.await_mounts([f"{UI}/page"], own.create_token("waits", "user")["access_token"])
        socket = opened(own, bearer(own))
        began = time.monotonic()
        own.daemon.stop()
        assert socket.hear() == (CLOSE, b"\x03\xe9")  # 1001: going away
        assert socket.is_over()
        assert time.monotonic() - began < 5


def test_a_page_in_a_browser_talks_to_its_own_ui(gate, playwright):
    token = gate.create_token("browser", "user")["access_token"]
    with chromium(playwright) as context:
        page = context.new_page()
        page.goto(f"{gate.url}{UI}/page", wait_until="networkidle")
        page.locator("[name=token]").fill(token)
        page.locator("form button").first.click()
        page.wait_for_url(f"{gate.url}{UI}/page")
        heard = page.evaluate("""() => new Promise((resolve, reject) => {
            const socket = new WebSocket(location.href.replace("http", "ws").replace("/page", "/chat"));
            socket.onopen = () => socket.send("from a page");
            socket.onmessage = event => resolve(event.data);
            socket.onerror = () => reject(new Error("refused"));
        })""")
        assert heard == "from a page"

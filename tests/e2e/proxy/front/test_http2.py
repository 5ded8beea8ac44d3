"""HTTP/2: the same requests, answers and rights as on HTTP/1.1, side by side on one connection."""

import hashlib
import json
import os
import subprocess

import hyperframe.frame as frames
import pytest
import requests

from browser import chromium
from echo_socket import CLOSE, EchoSocket, frame
from gateway import HOST, Gateway
from h2_wire import CHAT, LAB, UI, Wire, gateway_of_uis
from spark_cluster import free_port, wait_for
from tls_front import write_certificate
from upstream import Upstream

MIB = 1 << 20


@pytest.fixture(scope="module")
def gate():
    with gateway_of_uis({}, "4GiB") as gateway:
        yield gateway


@pytest.fixture
def wire(gate):
    with Wire(gate, gate.token) as made:
        yield made


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http2")
    pem = write_certificate(folder, [HOST])
    pem.chmod(0o600)
    port = free_port()
    server = {"public_url": f"https://{HOST}:{port}/", "tls": {"certificate": str(pem), "key": str(pem)}}
    with Upstream() as plain, EchoSocket() as echo:
        uis = [{"name": "plain", "url": plain.url}, {"name": "echo", "url": echo.url}]
        with Gateway([{"name": "local", "uis": uis}], settings={"server": server}, port=port) as gateway:
            gateway.pem, gateway.secure = pem, f"https://{HOST}:{port}"
            gateway.token = gateway.create_token("http2")["access_token"]
            wait_for(lambda: requests.get(f"{gateway.secure}{UI}/", verify=str(pem), headers={"Authorization": f"Bearer {gateway.token}"},
                                          timeout=10).status_code == 200, "the UI", 30)
            yield gateway


def seen(stream):
    """What reached the UI."""
    assert stream.status == 200, stream
    told = json.loads(stream.content)
    return told, {name: value for name, value in told["fields"]}


# --- requests and answers ---

def test_a_request_reaches_its_ui_as_one_of_http_1_does(gate, wire):
    told, fields = seen(wire.get(f"{UI}/some/page?a=1&b=%2F", ("accept", "text/html"), ("user-agent", "tests"), ("x-own", "mine")))
    over_1 = requests.get(f"{gate.url}{UI}/some/page?a=1&b=%2F", timeout=20,
                          headers={"Authorization": f"Bearer {gate.token}", "Accept": "text/html", "X-Own": "mine", "User-Agent": "tests",
                                   "Accept-Encoding": None, "Connection": None}).json()
    assert told["method"] == "GET" and told["target"].endswith("/some/page?a=1&b=%2F")
    assert sorted(map(tuple, told["fields"])) == sorted(map(tuple, over_1["fields"]))
    assert "authorization" not in fields and fields["x-own"] == "mine"


def test_fields_of_the_answer_are_small_and_of_no_connection(wire):
    answer = wire.get(f"{UI}/stream?bytes=1000")
    names = [name for name, _ in answer.heads[-1]]
    assert all(name == name.lower() for name in names)
    assert not {"connection", "transfer-encoding", "keep-alive", "upgrade", "alt-svc"} & set(names)
    assert int(answer.fields["content-length"]) == len(answer.content) == 1000


def test_thirty_two_requests_side_by_side_get_their_own_answers(wire):
    asked = {wire.ask(f"{UI}/page/{i}"): i for i in range(32)}
    for stream, i in asked.items():
        assert json.loads(wire.answer(stream).content)["target"].endswith(f"/page/{i}")


def test_head_has_the_fields_and_no_content(wire):
    answer = wire.answer(wire.ask("/_gate/static/gateway.css", "HEAD"))
    assert answer.status in (200, 404) and answer.content == b"" and answer.ended


def test_a_stranger_gets_401_and_a_person_the_way_to_sign_in(gate):
    with Wire(gate) as wire:
        assert wire.get(f"{UI}/page").status == 401
        page = wire.get(f"{UI}/page", ("accept", "text/html"), ("sec-fetch-mode", "navigate"))
        assert page.status == 302 and "/_gate/login" in page.fields["location"]


def test_what_is_not_there_and_methods_that_nobody_serves(wire):
    assert wire.get("/nothing/here").status == 404
    refused = wire.answer(wire.ask(f"{UI}/page", "TRACE"))
    assert refused.status == 405 and "GET" in refused.fields["allow"]
    assert wire.get(f"{UI}/page").status == 200  # the connection goes on


def test_what_is_for_another_host_is_to_be_asked_on_another_connection(wire):
    """A browser takes one connection for all hosts of a certificate at an address; 421 tells it that this one is served elsewhere."""
    stream = next(wire.ids)
    wire.send_head(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "tokens.example.com"), (":path", f"{UI}/page")], "END_STREAM")
    assert wire.answer(stream).status == 421


def test_a_head_over_the_limit_gets_431_and_the_connection_goes_on(wire):
    assert wire.get(f"{UI}/page", ("x-long", "a" * 17000)).status == 431
    assert wire.get(f"{UI}/page", *[(f"x-{i}", "b") for i in range(101)]).status == 431
    assert wire.get(f"{UI}/page").status == 200


def test_megabytes_come_whole_through_a_small_window(gate):
    with Wire(gate, gate.token, window=16384) as wire:
        stream = wire.ask(f"{UI}/stream?bytes={8 * MIB}")
        taken = 0
        while not wire.streams[stream].is_over:
            assert wire.read_some()
            come = len(wire.streams[stream].content) - taken
            if come:
                taken += come
                wire.send(frames.WindowUpdateFrame(stream, window_increment=come))
        assert wire.streams[stream].content == b"x" * (8 * MIB)


def test_an_answer_that_nobody_takes_costs_a_bounded_queue_and_stops_no_other(gate):
    with Wire(gate, gate.token, window=0) as wire:
        before = gate.resident_kib()
        for _ in range(8):
            wire.ask(f"{UI}/stream?bytes={64 * MIB}")
        assert wire.read(lambda: sum(bool(s.heads) for s in wire.streams.values()) == 8)
        other = wire.ask(f"{UI}/page")
        wire.send(frames.WindowUpdateFrame(other, window_increment=65535))
        assert wire.answer(other).status == 200
        assert gate.resident_kib() - before < 16 * 1024


def test_who_takes_a_request_back_leaves_the_others_alone(wire):
    stream = wire.ask(f"{LAB}/stall", "POST", ("content-length", "0"))
    wire.send(frames.RstStreamFrame(stream, error_code=8))
    assert wire.get(f"{UI}/page").status == 200


# --- content ---

def test_uploads_of_known_and_unknown_length_arrive_whole(wire):
    data = bytes(range(256)) * 4096
    for more in ([("content-length", str(len(data) * 4))], []):
        stream = wire.ask(f"{LAB}/take", "POST", ("content-type", "application/octet-stream"), *more, ends=False)
        left, window = memoryview(data * 4), 65535
        sent = 0
        while sent < len(left):
            allowed = min(65535 + wire.updates[0], window + wire.updates[stream]) - sent
            if allowed <= 0:
                assert wire.read_some()
                continue
            piece = left[sent:sent + min(16384, allowed)]
            wire.say(stream, bytes(piece), ends=sent + len(piece) == len(left))
            sent += len(piece)
        told = json.loads(wire.answer(stream).content)
        assert told == {"bytes": len(left), "sha256": hashlib.sha256(left).hexdigest()}
        wire.updates.clear()
        wire.__exit__()
        wire.__init__(wire.gate, wire.token)


def test_a_form_that_comes_faster_than_it_is_asked_for_arrives_whole(gate, wire):
    """A whole window of it stands there when somebody asks."""
    assert wire.read(lambda: wire.settings)
    form, window = b"a=" + b"x" * 200_000, 65535
    kind = ("content-type", "application/x-www-form-urlencoded")
    with wire.at_once():
        stream = wire.ask(f"{LAB}/take", "POST", kind, ("origin", gate.origin), ("content-length", str(len(form))), ends=False)
        for at in range(0, window, 16384):
            wire.say(stream, form[at:min(at + 16384, window)])
    sent = window
    while sent < len(form):
        assert wire.read(lambda: min(wire.updates[0], wire.updates[stream]) + window > sent or wire.streams[stream].is_over)  # noqa: B023
        assert not wire.streams[stream].is_over
        piece = form[sent:min(sent + 16384, min(wire.updates[0], wire.updates[stream]) + window)]
        sent += len(piece)
        wire.say(stream, piece, ends=sent == len(form))
    assert json.loads(wire.answer(stream).content)["bytes"] == len(form)


def test_s55_content_that_nobody_asked_for_gets_no_window(gate):
    """Of a stranger nothing is read: neither window opens again, and what came is within them."""
    with Wire(gate) as wire:
        stream = wire.ask(f"{LAB}/take", "POST", ("content-length", str(MIB)), ends=False)
        wire.say(stream, b"x" * 16384)
        assert wire.answer(stream).status == 401
        assert wire.updates[stream] == 0


def test_expect_100_continue_is_answered_when_the_content_is_wanted(wire):
    stream = wire.ask(f"{LAB}/take", "POST", ("content-length", "5"), ("expect", "100-continue"), ends=False)
    assert wire.read(lambda: wire.streams[stream].heads)
    assert wire.streams[stream].status == 100
    wire.say(stream, b"hello", ends=True)
    answer = wire.answer(stream)
    assert answer.status == 200 and json.loads(answer.content)["bytes"] == 5


def test_trailers_end_a_request_and_are_read_by_nobody(gate, wire):
    stream = wire.ask(f"{UI}/form", "POST", ("content-type", "text/plain"), ends=False)
    wire.say(stream, b"content")
    wire.send_head(stream, [("x-trailer", "1"), ("x-own", "2")], "END_STREAM")
    told, fields = seen(wire.answer(stream))
    assert told["body"] == "content" and not {"x-trailer", "x-own"} & set(fields)


def test_content_over_the_limit_gets_413(wire):
    stream = wire.ask(f"{UI}/form", "POST", ("content-length", str(2 * MIB)), ends=False)
    assert wire.answer(stream).status == 413
    assert wire.get(f"{UI}/page").status == 200


def test_a_form_signs_in_over_http_2(gate):
    with Wire(gate) as wire:
        form = f"token={gate.token}".encode()
        stream = wire.ask("/_gate/login", "POST", ("origin", gate.origin), ("content-type", "application/x-www-form-urlencoded"), ends=False)
        wire.say(stream, form, ends=True)
        answer = wire.answer(stream)
        assert answer.status == 303
        name, value = answer.fields["set-cookie"].split(";")[0].split("=", 1)
        assert wire.get(f"{UI}/page", ("cookie", "a=b"), ("cookie", f"{name}={value}"), ("cookie", "c=d")).status == 200


# --- what the log and the metrics say ---

def test_access_lines_and_metrics_say_which_version(gate, wire):
    assert wire.get(f"{UI}/told/of").status == 200
    requests.get(f"{gate.url}{UI}/told/of", headers={"Authorization": f"Bearer {gate.token}"}, timeout=20)

    def versions():
        return {line.get("http") for line in gate.access_log() if line.get("path") == f"{UI}/told/of"}
    wait_for(lambda: versions() == {"1.1", "2"}, "both lines", 10)
    def shown():
        text = requests.get(f"{gate.admin_url}/metrics", timeout=10).text
        return all(f"sparkgate_{line}" in text for line in ("http2_connections 1\n", "http2_streams 0\n", "http2_resets_total "))
    wait_for(shown, "its connection", 10)


# --- WebSockets (RFC 8441) ---

def open_chat(wire, path, *more):
    pseudo = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", wire.scheme), (":authority", f"127.0.0.1:{wire.gate.port}"),
              (":path", CHAT + path), ("authorization", f"Bearer {wire.token}"), ("sec-websocket-version", "13")]
    stream = next(wire.ids)
    wire.send_head(stream, [*pseudo, *more])
    return stream


def test_a_websocket_is_a_stream_that_says_200(gate, wire):
    assert wire.read(lambda: wire.settings) and wire.settings[8] == 1
    stream = open_chat(wire, "/chat")
    assert wire.read(lambda: wire.streams[stream].heads)
    assert wire.streams[stream].status == 200
    assert not {"upgrade", "connection", "sec-websocket-accept"} & set(wire.streams[stream].fields)
    for payload in (b"hello", b"x" * 60000):
        before = len(wire.streams[stream].content)
        whole = frame(payload, 1, b"\0\0\0\0")
        for at in range(0, len(whole), 16384):
            wire.say(stream, whole[at:at + 16384])
        assert wire.read(lambda: len(wire.streams[stream].content) >= before + len(frame(payload)))
        assert wire.streams[stream].content[before:] == frame(payload)
        assert wire.get(f"{UI}/page").status == 200  # beside it
    wire.say(stream, frame(b"\x03\xe8", CLOSE, b"\0\0\0\0"))
    assert wire.answer(stream).content.endswith(frame(b"\x03\xe8", CLOSE))


def test_whoever_leaves_a_websocket_ends_it_at_the_ui(gate, wire):
    stream = open_chat(wire, "/chat")
    assert wire.read(lambda: wire.streams[stream].heads)
    wire.say(stream, ends=True)
    assert wire.read(lambda: wire.streams[stream].is_over)
    exchanges = lambda: int(float(next(line for line in requests.get(f"{gate.admin_url}/metrics", timeout=10).text.splitlines()  # noqa: E731
                                       if line.startswith("sparkgate_exchanges ")).split()[1]))
    wait_for(lambda: exchanges() == 0, "its end", 10)


def test_who_asks_for_a_tunnel_where_there_is_none_is_not_told_that_it_is_open(wire):
    """A UI that answers 200, a page of Spark's kind, and no UI."""
    for path in ("/plain", "/page"):
        assert wire.answer(open_chat(wire, path)).status >= 300
    stream = next(wire.ids)
    wire.send_head(stream, [(":method", "CONNECT"), (":authority", "other:443")])
    assert wire.answer(stream).status in (400, 405) or wire.streams[stream].reset is not None
    stream = next(wire.ids)
    wire.send_head(stream, [(":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "http"),
                            (":authority", f"127.0.0.1:{wire.gate.port}"), (":path", f"{CHAT}/chat")])
    assert wire.answer(stream).status == 405


def test_a_page_of_ours_for_a_tunnel_announces_nothing_that_does_not_come(gate, wire):
    stream = next(wire.ids)
    wire.send_head(stream, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/_gate/login"),
                            (":authority", f"{HOST}:{gate.port}"), ("sec-websocket-version", "13"), ("origin", gate.origin)])
    answer = wire.answer(stream)
    assert answer.status == 501 and answer.ended and answer.content == b"" and "content-length" not in answer.fields


# --- over TLS, with clients of others ---

def curl(secure, *words, path=f"{UI}/page"):
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_version} %{http_code}", "--cacert", str(secure.pem),
               "-H", f"Authorization: Bearer {secure.token}", *words, secure.secure + path]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_curl_agrees_on_either_version(secure):
    assert curl(secure, "--http2") == "2 200"
    assert curl(secure, "--http1.1") == "1.1 200"
    assert curl(secure, "--http2", "-d", "a=b") == "2 200"


def test_curl_begins_with_http_2_in_the_clear(gate):
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_version} %{http_code}", "--http2-prior-knowledge",
               "-H", f"Authorization: Bearer {gate.token}", f"{gate.url}{UI}/stream?bytes={MIB}"]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout == "2 200"


def test_nghttps_client_and_h2load_are_served(secure):
    answer = subprocess.run(["nghttp", "-ns", "-H", f"authorization: Bearer {secure.token}", f"{secure.secure}{UI}/page"],
                            capture_output=True, text=True, timeout=30, check=True)
    assert " 200 " in answer.stdout
    load = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "32", "-H", f"authorization: Bearer {secure.token}",
                           f"{secure.secure}/_gate/nothing"], capture_output=True, text=True, timeout=60, check=True)
    assert "2000 done, 0 succeeded, 2000 failed, 0 errored" in load.stdout or "0 errored, 0 timeout" in load.stdout


def test_chromium_speaks_http_2_and_its_websockets_work(secure, playwright):
    with chromium(playwright, reachable=None, ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(f"{secure.secure}/_gate/login")
        page.locator("input[name=token]").fill(secure.token)
        page.locator("form button").first.click()
        page.wait_for_url(f"{secure.secure}/")
        page.goto(f"{secure.secure}{UI}/page")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        said = page.evaluate("""url => new Promise((resolve, reject) => {
            const socket = new WebSocket(url);
            socket.onopen = () => socket.send('hello');
            socket.onmessage = event => { resolve(event.data); socket.close(); };
            socket.onerror = () => reject('refused');
        })""", f"{secure.secure.replace('https', 'wss')}{CHAT}/chat")
        assert said == "hello"


def test_http_2_can_be_switched_off(tmp_path):
    pem = write_certificate(tmp_path, [HOST])
    pem.chmod(0o600)
    port = free_port()
    server = {"public_url": f"https://{HOST}:{port}/", "tls": {"certificate": str(pem), "key": str(pem)}, "http2": False}
    with Gateway([{"name": "local", "uis": [{"name": "plain", "url": "http://127.0.0.1:9"}]}], settings={"server": server}, port=port) as gateway:
        gateway.pem, gateway.secure, gateway.token = pem, f"https://{HOST}:{port}", "none"
        assert curl(gateway, "--http2", path="/_gate/nothing") == "1.1 401"


def test_in_the_clear_nobody_is_understood_unless_it_is_switched_on():
    with Gateway([{"name": "local", "uis": [{"name": "plain", "url": "http://127.0.0.1:9"}]}]) as gateway, Wire(gateway) as wire:
        data = wire.plug.recv(65536)
        assert data.startswith(b"HTTP/1.1 405 ")

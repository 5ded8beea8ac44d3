"""Content of requests: nothing of it before it is known who sends it and that they may; then as it comes (S47, S55-S58)."""

import hashlib
import json
import socket
import time
import urllib.parse

import pytest
import requests

from conftest import FRONTS
from gateway import HOST, Gateway
from sink import Sink
from spark_cluster import free_port, wait_for
from tls_front import write_certificate

MIB = 1 << 20
BIG = 256 * MIB
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def sink():
    with Sink() as server:
        yield server


@pytest.fixture(scope="module", params=FRONTS)
def gate(request, sink):
    uis = [{"name": "lab", "url": sink.url, "limits": {"body": "4GiB"}}, {"name": "small", "url": sink.url}]
    with Gateway([{"name": "other", "uis": uis}], "/gw", {"server": {"front": request.param, "limits": {"memory": "1MiB"}}}) as gateway:
        gateway.token = gateway.create_token("uploads")["access_token"]
        gateway.await_mounts(["/other/ui/lab/", "/other/ui/small/"], gateway.token)
        yield gateway


def connect(gate, path, fields, token=None, method="POST"):
    """A raw client that has sent a request's head."""
    parts = urllib.parse.urlsplit(gate.origin)
    client = socket.create_connection((parts.hostname, parts.port), timeout=30)
    fields = {"Host": parts.netloc, **({"Authorization": f"Bearer {token}"} if token else {}), **fields}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    client.sendall(f"{method} {gate.base}{path} HTTP/1.1\r\n{head}\r\n".encode())
    return client


def read_all(client):
    got = b""
    while data := client.recv(65536):
        got += data
    client.close()
    return got


def send(gate, path, data, **fields):
    return requests.post(gate.url + path, data=data, timeout=60, allow_redirects=False,
                         headers={"Authorization": f"Bearer {gate.token}", **fields})


def exchanges(gate):
    text = requests.get(gate.admin_url + "/metrics", timeout=10).text
    return int(float([line for line in text.splitlines() if line.startswith("sparkgate_exchanges ")][0].split()[1]))


def pieces(total):
    block = bytes(range(256)) * 4096
    for _ in range(total // len(block)):
        yield block


# --- nothing before it is clear who it is ---

@pytest.mark.parametrize("path", ["/other/ui/lab/take", "/other/ui/nothing/here", "/_gate/login", "/_gate/oauth/token"])
def test_s55_two_hundred_unfinished_posts_of_strangers_hold_less_than_2_mib(gate, path):
    idle = gate.resident_kib()
    clients = []
    for _ in range(200):
        client = connect(gate, path, {"Content-Length": MIB - 1, "Content-Type": FORM})
        client.setblocking(False)
        try:
            client.send(b"a" * 200000)
        except OSError:
            pass  # it has been answered and closed
        clients.append(client)
    most = max(gate.resident_kib() for _ in range(20) if not time.sleep(0.05))
    for client in clients:
        client.close()
    assert most - idle < 2048, f"{most - idle} KiB more than idle"


def test_s55_a_stranger_is_not_told_to_go_on(gate, sink):
    before = len(sink.heads)
    client = connect(gate, "/other/ui/lab/take", {"Content-Length": BIG, "Expect": "100-continue"})
    assert read_all(client).startswith(b"HTTP/1.1 401 ")
    assert len(sink.heads) == before


def test_s55_who_may_send_is_told_to_go_on(gate):
    client = connect(gate, "/other/ui/lab/take", {"Content-Length": 3, "Expect": "100-continue", "Connection": "close"},
                     gate.token)
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"abc")
    assert b'"bytes": 3' in read_all(client)


def test_s55_too_much_is_refused_before_it_is_sent(gate):
    client = connect(gate, "/other/ui/small/take", {"Content-Length": 2 * MIB, "Expect": "100-continue"}, gate.token)
    assert read_all(client).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "POST", "GET"])
def test_s55_content_where_none_is_taken_ends_nothing(gate, method):
    for path in ("/", "/other/", "/_gate/login", "/_gate/logout", "/_gate/callback", "/_gate/enter", "/_gate/hand-over", "/_gate/jwks.json",
                 "/_gate/oauth/token", "/_gate/oauth/revoke", "/_gate/oauth/introspect", "/_gate/static/gateway.css", "/other/apps/x", "/other"):
        answer = requests.request(method, gate.url + path, data="a=b", timeout=10, allow_redirects=False, headers={"Content-Type": FORM})
        assert answer.status_code < 500, path
    assert requests.get(gate.admin_url + "/ping", timeout=10).text == "pong\n"


def test_s55_a_client_that_leaves_while_it_is_asked_who_it_is_ends_nothing(gate):
    for number in range(40):
        client = socket.create_connection((HOST, gate.admin_port), timeout=10)
        content = json.dumps({"client_name": f"left-{number}"})
        client.sendall(f"POST /api/v1/tokens HTTP/1.1\r\nHost: {HOST}:{gate.admin_port}\r\nAuthorization: Bearer {gate.token}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        client.close()
    assert requests.get(gate.admin_url + "/ping", timeout=10).text == "pong\n"


# --- as it comes ---

def test_s56_a_large_upload_streams_with_bounded_memory(gate):
    expected = hashlib.sha256()
    for piece in pieces(BIG):
        expected.update(piece)
    client = connect(gate, "/other/ui/lab/take", {"Content-Length": BIG, "Connection": "close"}, gate.token)
    idle, most = gate.resident_kib(), 0
    for at, piece in enumerate(pieces(BIG)):
        client.sendall(piece)
        if at % 16 == 0:
            most = max(most, gate.resident_kib())
    answer = read_all(client).decode()
    said = json.loads(answer[answer.index("{"):answer.index("}") + 1])
    assert (said["bytes"], said["sha256"]) == (BIG, expected.hexdigest())
    assert most - idle < 8192, f"{most - idle} KiB more than idle"


def test_s57_a_byte_a_chunk_holds_no_more_than_what_is_in_them(gate):
    idle = gate.resident_kib()
    client = connect(gate, "/other/ui/lab/take", {"Transfer-Encoding": "chunked", "Connection": "close"}, gate.token)
    client.sendall(b"1\r\nx\r\n" * 60000)
    time.sleep(0.5)
    most = gate.resident_kib()
    client.sendall(b"0\r\n\r\n")
    assert b'"bytes": 60000' in read_all(client)
    assert most - idle < 4096, f"{most - idle} KiB more than idle"


def test_s56_an_upload_over_tls_streams_too(sink, tmp_path):
    pem = write_certificate(tmp_path, [HOST])
    pem.chmod(0o600)
    port = free_port()
    origin = f"https://{HOST}:{port}"
    server = {"public_url": f"{origin}/", "tls": {"certificate": str(pem), "key": str(pem)}}
    cluster = {"name": "other", "uis": [{"name": "lab", "url": sink.url, "limits": {"body": "4GiB"}}]}
    with Gateway([cluster], settings={"server": server}, port=port) as gateway:
        headers = {"Authorization": f"Bearer {gateway.create_token('uploads')['access_token']}"}

        def take(**content):
            return requests.post(f"{origin}/other/ui/lab/take", headers=headers, verify=str(pem), timeout=60, **content)
        wait_for(lambda: take(data=b"abc").status_code == 200, "the UI", 20)
        idle = gateway.resident_kib()
        assert take(data=pieces(64 * MIB)).json()["bytes"] == 64 * MIB
        assert take(data=b"a" * (16 * MIB)).json()["bytes"] == 16 * MIB
        assert gateway.peak_kib() - idle < 8192


def test_s56_content_without_a_length_streams_too_and_what_is_short_gets_one(gate, sink):
    long, short = send(gate, "/other/ui/lab/take", pieces(8 * MIB)), send(gate, "/other/ui/lab/take", iter([b"ab", b"c"]))
    assert (long.json()["bytes"], short.json()["bytes"]) == (8 * MIB, 3)
    (_, of_long), (_, of_short) = sink.heads[-2:]
    assert of_long["transfer-encoding"] == "chunked" and "content-length" not in of_long
    assert of_short["content-length"] == "3" and "transfer-encoding" not in of_short


def test_s56_without_a_limit_of_its_own_a_ui_has_the_servers(gate):
    assert send(gate, "/other/ui/small/take", b"a" * MIB).status_code == 200
    assert send(gate, "/other/ui/small/take", b"a" * (MIB + 1)).status_code == 413
    assert send(gate, "/other/ui/small/take", iter([b"a" * MIB, b"b"])).status_code == 413


def test_s56_an_upload_that_breaks_off_breaks_off_at_the_ui(gate, sink):
    sink.broken.clear()
    client = connect(gate, "/other/ui/lab/take", {"Content-Length": BIG}, gate.token)
    client.sendall(b"a" * MIB)
    client.close()
    assert sink.broken.wait(10)
    wait_for(lambda: exchanges(gate) == 0, "the exchange's end", 10)


def test_s56_a_ui_that_refuses_early_is_heard(gate):
    client = connect(gate, "/other/ui/lab/refuse", {"Content-Length": BIG}, gate.token)
    try:
        client.sendall(b"a" * MIB)
    except OSError:
        pass
    answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.endswith(b"too much")


def test_s57_content_over_the_budget_of_the_process_gets_503_for_now(gate, sink):
    """1 MiB is four uploads of 256 KiB each."""
    stalled, before = [], len(sink.heads)
    for _ in range(4):
        client = connect(gate, "/other/ui/lab/stall", {"Content-Length": BIG}, gate.token)
        client.sendall(b"a" * 1000)
        stalled.append(client)
    wait_for(lambda: len(sink.heads) >= before + 4, "all four at the UI", 10)  # or what follows takes the room of one
    wait_for(lambda: send(gate, "/other/ui/lab/take", b"abc").status_code == 503, "the budget to be full", 10)
    refused = send(gate, "/other/ui/lab/take", b"abc")
    assert (refused.status_code, refused.headers["Retry-After"], refused.json()["reason"]) == (503, "1", "memory")
    assert requests.get(gate.url + "/other/ui/lab/take", timeout=10,
                        headers={"Authorization": f"Bearer {gate.token}"}).status_code == 200
    for client in stalled:
        client.close()
    wait_for(lambda: send(gate, "/other/ui/lab/take", b"abc").status_code == 200, "room again", 10)


# --- forms ---

@pytest.mark.parametrize("fields", [
    {"Content-Type": f"{FORM}; charset=utf-16"}, {"Content-Type": f'{FORM};a=b; Charset="UTF-16LE"'},
    {"Content-Type": f"{FORM}; charset = cp037"}, {"Content-Type": FORM, "Content-Encoding": "gzip"}])
def test_s47_a_form_that_a_server_reads_otherwise_is_refused(gate, sink, fields):
    before = len(sink.heads)
    answer = send(gate, "/other/ui/lab/take", "doAs=root".encode("utf-16"), **fields)
    assert (answer.status_code, answer.json()["reason"]) == (415, "content_type")
    assert len(sink.heads) == before


def test_s47_a_form_with_two_types_is_refused(gate, sink):
    before = len(sink.heads)
    parts = urllib.parse.urlsplit(gate.origin)
    client = socket.create_connection((parts.hostname, parts.port), timeout=10)
    client.sendall(f"POST {gate.base}/other/ui/lab/take HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer "
                   f"{gate.token}\r\nContent-Type: text/plain\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n"
                   "Connection: close\r\n\r\ndoAs=root".encode())
    assert read_all(client).startswith(b"HTTP/1.1 400 ")
    assert len(sink.heads) == before


@pytest.mark.parametrize("form", ["doAs=root", "a=1&DOAS=root", "do%41s=root", "do%u0041s=root", "a=1;doAs=root"])
def test_t45_do_as_in_a_form_is_refused_and_other_forms_pass(gate, sink, form):
    before = len(sink.heads)
    assert send(gate, "/other/ui/lab/take", form, **{"Content-Type": FORM}).status_code == 403
    assert send(gate, "/other/ui/lab/take", iter([form.encode()]), **{"Content-Type": FORM}).status_code == 403
    assert len(sink.heads) == before
    assert send(gate, "/other/ui/lab/take", "id=1", **{"Content-Type": f"{FORM}; charset=UTF-8"}).status_code == 200


# --- turns ---

def test_s58_connections_that_pipeline_do_not_make_others_wait(gate):
    """What waits behind one answer of each of the others' connections, not behind all that they have sent."""
    request = (f"GET {gate.base}/_gate/jwks.json HTTP/1.1\r\nHost: {urllib.parse.urlsplit(gate.origin).netloc}\r\n\r\n")
    clients = [connect(gate, "/_gate/jwks.json", {}, method="GET") for _ in range(16)]
    for client in clients:
        client.setblocking(False)
    took, idle, most = [], gate.resident_kib(), 0
    until = time.monotonic() + 2
    with requests.Session() as other:
        while time.monotonic() < until:
            for client in clients:
                try:
                    client.send(request.encode() * 500)
                except BlockingIOError:
                    pass
                try:
                    client.recv(1 << 20)
                except BlockingIOError:
                    pass
            began = time.monotonic()
            assert other.get(gate.url + "/_gate/jwks.json", timeout=10).status_code == 200
            took.append(time.monotonic() - began)
            most = max(most, gate.resident_kib())
    for client in clients:
        client.close()
    took.sort()
    assert most - idle < 4096, f"{most - idle} KiB more than idle"
    assert took[len(took) * 9 // 10] < 0.25, f"p90 {took[len(took) * 9 // 10]:.3f} s"

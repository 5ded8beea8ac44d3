"""The whole gateway under bad input, over raw sockets: a 4xx, the end of the connection, and still serving."""

import http.server
import socket
import threading

import pytest

from conftest import COOKIE, Client
from gateway import Gateway


class Echo(http.server.BaseHTTPRequestHandler):
    """A UI that answers with the request it got, and counts."""

    protocol_version = "HTTP/1.1"
    seen = []

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        Echo.seen.append((self.command, self.path, dict(self.headers)))
        body = (self.command + " " + self.path + "\n" + str(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in HOSTILE:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


HOSTILE = [("Service-Worker-Allowed", "/"), ("Clear-Site-Data", '"*"'), ("Access-Control-Allow-Origin", "*"),
           ("Set-Cookie", "sparkgate=stolen; Path=/"), ("Set-Cookie", "__Host-sparkgate=stolen; Path=/"),
           ("Set-Cookie", "mine=1; Path=/; Domain=example.com"), ("Strict-Transport-Security", "max-age=1"),
           ("Content-Security-Policy", "script-src 'self'")]


@pytest.fixture(scope="module")
def gate():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with Gateway([{"name": "local", "uis": [{"name": "echo", "url": url}]}]) as running:
        running.token = running.create_token("abuse", "user")["access_token"]
        running.await_mounts(["/local/ui/echo/"], running.token)
        yield running
    server.shutdown()


@pytest.fixture()
def client(gate):
    return Client(gate, gate.token)


def raw(gate, data):
    """Everything the gateway answers until it ends the connection."""
    got = b""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as conn:
        try:
            conn.sendall(data)
        except OSError:
            pass  # it may have had enough
        while chunk := conn.recv(65536):
            got += chunk
    return got


def head(gate, line="GET /local/ui/echo/ HTTP/1.1", *fields, host=True):
    lines = [line] + ([f"Host: 127.0.0.1:{gate.port}"] if host else []) + [f"Authorization: Bearer {gate.token}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


POST = "POST /local/ui/echo/ HTTP/1.1"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
ROWS = {
    "content-length and transfer-encoding": lambda g: head(g, POST, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "unknown transfer-encoding": lambda g: head(g, POST, "Transfer-Encoding: xchunked"),
    "space before the colon": lambda g: head(g, POST, "Content-Length : 3") + b"abc",
    "two lengths": lambda g: head(g, POST, "Content-Length: 3", "Content-Length: 4") + b"abcd",
    "signed length": lambda g: head(g, POST, "Content-Length: +3") + b"abc",
    "HEAD with content": lambda g: head(g, "HEAD /local/ui/echo/ HTTP/1.1", "Content-Length: 36"),
    "folded line": lambda g: head(g, "GET / HTTP/1.1", "X: a\r\n b"),
    "bare LF": lambda g: head(g).replace(b"\r\n", b"\n"),
    "NUL in a value": lambda g: head(g, "GET / HTTP/1.1", "X: a\0b"),
    "no Host": lambda g: head(g, host=False),
    "two Hosts": lambda g: head(g, "GET / HTTP/1.1", "Host: other"),
    "another Host": lambda g: b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "absolute URI": lambda g: head(g, "GET http://evil.example/ HTTP/1.1"),
    "double slash": lambda g: head(g, "GET //evil.example/ HTTP/1.1"),
    "space in the URI": lambda g: head(g, "GET /a b HTTP/1.1"),
    "unknown method": lambda g: head(g, "BREW / HTTP/1.1"),
    "TRACE": lambda g: head(g, "TRACE / HTTP/1.1"),
    "chunk size 0x3": lambda g: head(g, POST, "Transfer-Encoding: chunked") + b"0x3\r\nabc\r\n0\r\n\r\n",
    "chunk extension": lambda g: head(g, POST, "Transfer-Encoding: chunked") + b"3;a=b\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.2": lambda g: head(g, "GET / HTTP/1.2"),
    "9 MB bearer": lambda g: head(g, "GET / HTTP/1.1", "X-Token: " + "a" * (9 << 20)),
    "128 KiB header": lambda g: head(g, "GET / HTTP/1.1", "X: " + "a" * (128 << 10)),
    "10,000 headers": lambda g: head(g, "GET / HTTP/1.1", *["A: b"] * 10000),
    "body over the limit": lambda g: head(g, POST, "Content-Length: 9000000") + b"a" * 9000000,
}


@pytest.mark.parametrize("row", ROWS)
def test_guard_row_gets_4xx_and_the_end(gate, client, row):
    Echo.seen.clear()
    got = raw(gate, ROWS[row](gate) + SMUGGLED)
    assert got.startswith(b"HTTP/1.1 4"), got[:200]
    assert got.count(b"HTTP/1.1 ") == 1, got
    assert Echo.seen == []
    assert client.get("/local/ui/echo/").status_code == 200  # still serving


@pytest.mark.parametrize("path", ["/local/ui/echo/%2e%2e/", "/local/ui/echo/../", "/local/ui/echo/a%2fb", "/local/ui/echo/a%5cb",
                                  "/local/ui/echo/a\\b", "/local/ui/echo/a#b", "/local/ui/echo/%00", "/local/ui/echo//a", "/local/ui/echo/%zz"])
def test_s6_paths_that_read_two_ways_are_refused(gate, path):
    assert raw(gate, head(gate, f"GET {path} HTTP/1.1", "Connection: close")).startswith(b"HTTP/1.1 400")


def test_s7_s9_forged_identity_never_reaches_the_ui(client):
    forged = {"X-Forwarded-User": "root", "X_Forwarded_User": "root", "X-Forwarded-Context": "');alert(1);//", "X-Real-IP": "1.1.1.1",
              "X-Auth-Request-User": "root", "Forwarded": "for=1.1.1.1", "Connection": "keep-alive, X-Mine", "X-Mine": "hop"}
    text = client.get("/local/ui/echo/", headers=forged).text
    assert "root" not in text and "alert" not in text and "1.1.1.1" not in text and "hop" not in text
    assert "X-Forwarded" not in text
    assert client.gateway.token not in text and "Authorization" not in text


def test_s0_hostile_fields_never_reach_the_browser(client):
    answer = client.get("/local/ui/echo/")
    for name in ("Service-Worker-Allowed", "Clear-Site-Data", "Access-Control-Allow-Origin", "Strict-Transport-Security"):
        assert name not in answer.headers
    assert "stolen" not in answer.headers["Set-Cookie"]
    assert "mine=1" in answer.headers["Set-Cookie"] and "/local/ui/echo/" in answer.headers["Set-Cookie"]
    assert "Domain" not in answer.headers["Set-Cookie"]
    assert answer.headers["Content-Security-Policy"] == "script-src 'self'"  # T54: kept whole


def test_path_and_query_bytes_go_upstream_unchanged(client):
    odd = "/local/ui/echo/a%20b;c=d?x=%2F&y=a+b&z=%25zz&&=&q=ä".encode().decode("latin-1").encode("ascii", "ignore").decode()
    client.get(odd)
    assert client.get("/local/ui/echo/a%20b;c=d?x=%2F&y=a+b&z=%25").text.startswith("GET /a%20b;c=d?x=%2F&y=a+b&z=%25\n")


def test_s12_no_user_agent_opens_a_door(gate):
    for agent in ("kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0"):
        assert Client(gate).get("/local/ui/echo/", headers={"User-Agent": agent}).status_code == 401
    assert Client(gate).get("/ping").status_code == 401
    assert Client(gate).get("/metrics").status_code == 401


def test_s39_bearer_errors_follow_rfc_6750(gate):
    client, url = Client(gate), "/local/ui/echo/"
    bare = client.get(url)
    assert (bare.status_code, bare.headers["WWW-Authenticate"]) == (401, 'Bearer realm="sparkgate"')
    bad = client.get(url, headers={"Authorization": "Bearer nonsense"})
    assert bad.status_code == 401 and 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    assert client.get(f"{url}?access_token={gate.token}").status_code in (400, 401)
    assert client.get(url, headers={"Authorization": f"bearer {gate.token}"}).status_code == 200
    assert client.get(url, headers={"Authorization": f"Bearer  {gate.token}"}).status_code in (400, 401)
    twice = raw(gate, head(gate, "GET /local/ui/echo/ HTTP/1.1", f"Authorization: Bearer {gate.token}", "Connection: close"))
    assert twice.startswith(b"HTTP/1.1 400")


def test_s40_no_secret_in_any_log_line(gate, client):
    canary = "canary-5b1f"
    client.get(f"/local/ui/echo/?token={canary}&password={canary}")
    Client(gate).get("/local/ui/echo/", headers={"Authorization": f"Bearer {canary}", "Cookie": f"{COOKIE}={canary}"})
    Client(gate).post("/_gate/login", data={"token": canary}, headers={"Origin": gate.origin})
    assert client.get("/local/ui/echo/").status_code == 200
    log = gate.log_text()
    assert canary not in log and gate.token not in log
    assert '"event":"access"' in log


def exchange(gate, first, then):
    """Sends `first`, waits for an answer to it, sends `then`, and gives everything that came."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as conn:
        conn.sendall(first)
        got = conn.recv(65536)
        conn.sendall(then)
        while chunk := conn.recv(65536):
            got += chunk
    return got


def test_a_client_that_waits_for_100_continue_gets_it(gate):
    got = exchange(gate, head(gate, "PUT /local/ui/echo/up HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", "Connection: close"),
                   b"hello")
    assert got.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 200 " in got and b"PUT /up" in got and b"Content-Length: 5" in got


def test_a_chunked_upload_arrives_whole(gate, client):
    answer = client.put("/local/ui/echo/up", data=iter([b"abc", b"defg"]))
    assert answer.status_code == 200 and "Content-Length: 7" in answer.text

"""Static files (T50): what is kept, for whom, and for how long."""

import gzip
import random
import re
import socket
import threading
import time
import urllib.request

import pytest
import requests
import zstandard

from conftest import BASE, NAVIGATION, Client
from fake_spark import App, FakeSpark
from gateway import Gateway
from spark_cluster import wait_for

NEVER = ("Cache-Control", "no-cache, no-store, must-revalidate")  # Spark says so of everything
SCRIPT = "".join(f"function f{n}() {{ return uiRoot + 'page {n}'; }}\n" for n in range(2000))
MODIFIED = "Wed, 01 Oct 2025 10:00:00 GMT"


class Scripts(App):
    """A driver's UI with static files; `files` may be changed while it runs."""

    def __init__(self, app, files=None):
        super().__init__(app, app)
        self.files = {"/static/a.js": (200, "text/javascript", SCRIPT, [NEVER, ("Last-Modified", MODIFIED)]), **(files or {})}

    def page(self, request):
        return self.files.get(request.parts.path) or super().page(request)

    def asked(self, path="/static/a.js"):
        """Requests for the file so far, as dicts of their fields."""
        return [dict(fields) for _, target, fields in self.seen if target == path]


class Slow(Scripts):
    """Gives its script when it is told to."""

    def __init__(self, app, files=None):
        super().__init__(app, files)
        self.may_go_on = threading.Event()

    def page(self, request):
        if request.parts.path == "/static/a.js":
            assert self.may_go_on.wait(30)
        return super().page(request)


@pytest.fixture
def spark():
    with FakeSpark() as running:
        yield running


def serve(spark, *apps, settings=None, threads=1):
    """A gateway of one thread before these applications, so that what one request left another finds."""
    for app in apps:
        spark.add(app)
    return Gateway([spark.entry()], BASE, {"server": {"threads": threads, **(settings or {})}})


def mount(app):
    return f"/local/proxy/{app.id}"


def enter(gateway, spark):
    token = gateway.create_token("visitor")["access_token"]
    gateway.await_mounts([f"{mount(app)}/" for app in spark.apps], token)
    client = Client(gateway, token)
    client.headers["Accept-Encoding"] = "gzip"
    return client


def test_t50_file_is_asked_for_once_and_kept_for_an_hour(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        first, second = (client.get(f"{mount(app)}/static/a.js") for _ in range(2))
        assert first.text == second.text == SCRIPT
        assert len(app.asked()) == 1
        for answer in first, second:
            assert answer.headers["Cache-Control"] == "private, max-age=3600"
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Content-Type"] == "text/javascript"
            assert answer.headers["Last-Modified"] == MODIFIED
            assert int(answer.headers["Content-Length"]) < len(SCRIPT) / 4
            assert "Transfer-Encoding" not in answer.headers
        assert first.headers["ETag"] == second.headers["ETag"]
        lines = [line for line in gateway.access_log() if line["path"].endswith("a.js")]
        assert [(line["status"], line["cache"]) for line in lines] == [(200, "fill"), (200, "hit")]
        metrics = urllib.request.urlopen(f"{gateway.admin_url}/metrics", timeout=10).read().decode()
        assert 'sparkgate_static_files_total{cache="hit"} 1\n' in metrics
        assert 'sparkgate_static_files_total{cache="fill"} 1\n' in metrics


def ask_at_once(gateway, client, path, count):
    """Sockets that have sent a request for it."""
    peers = [socket.create_connection(("127.0.0.1", gateway.port), timeout=30) for _ in range(count)]
    for peer in peers:
        peer.sendall(f"GET {gateway.base}{path} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nConnection: close\r\n"
                     f"Authorization: {client.headers['Authorization']}\r\n\r\n".encode())
    return peers


def answer_of(peer):
    with peer:
        return b"".join(iter(lambda: peer.recv(65536), b""))


def under_way(gateway):
    return int(re.search(r"^sparkgate_exchanges (\d+)$", requests.get(f"{gateway.admin_url}/metrics", timeout=10).text, re.M)[1])


def test_t50_first_requests_at_once_ask_once(spark):
    app = Slow("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        peers = ask_at_once(gateway, client, f"{mount(app)}/static/a.js", 50)
        wait_for(lambda: under_way(gateway) == 50, "all wait")
        app.may_go_on.set()
        assert all(answer_of(peer).endswith(SCRIPT.encode()) for peer in peers)
        assert len(app.asked()) == 1
        uses = [line["cache"] for line in gateway.access_log() if line["path"].endswith("a.js")]
        assert sorted(uses) == ["fill"] + 49 * ["hit"]


def test_t50_who_waits_for_anothers_request_gets_the_file_although_that_one_left(spark):
    app = Slow("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        first, = ask_at_once(gateway, client, f"{mount(app)}/static/a.js", 1)
        wait_for(lambda: under_way(gateway) == 1, "one asks")
        others = ask_at_once(gateway, client, f"{mount(app)}/static/a.js", 3)
        wait_for(lambda: under_way(gateway) == 4, "three wait")
        others.pop().close()
        wait_for(lambda: under_way(gateway) == 3, "one of them has left")
        first.close()
        app.may_go_on.set()
        assert all(answer_of(peer).endswith(SCRIPT.encode()) for peer in others)


def test_t50_who_waits_for_what_is_not_to_be_kept_gets_an_answer_of_its_own(spark):
    app = Slow("app-1", {"/static/a.js": (200, "text/javascript", SCRIPT, [("Set-Cookie", "a=1")])})
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        peers = ask_at_once(gateway, client, f"{mount(app)}/static/a.js", 5)
        wait_for(lambda: under_way(gateway) == 5, "all wait")
        app.may_go_on.set()
        assert all(answer_of(peer).endswith(SCRIPT.encode()) for peer in peers)
        assert len(app.asked()) == 6


def test_t50_who_has_it_is_told_so(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        path = f"{mount(app)}/static/a.js"
        first = client.get(path)
        tag = first.headers["ETag"]
        for fields in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-None-Match": "*"},
                       {"If-Modified-Since": MODIFIED}, {"If-None-Match": tag, "If-Modified-Since": "never"}):
            answer = client.get(path, headers=fields)
            assert (answer.status_code, answer.content) == (304, b""), fields
            assert answer.headers["ETag"] == tag and "Date" in answer.headers and "Content-Encoding" not in answer.headers
            assert answer.headers["Cache-Control"] == "private, max-age=3600"
        for fields in ({"If-None-Match": '"other"'}, {"If-None-Match": '"other"', "If-Modified-Since": MODIFIED},
                       {"If-Modified-Since": "Wed, 01 Oct 2025 10:00:01 GMT"}):
            assert client.get(path, headers=fields).status_code == 200, fields
        assert len(app.asked()) == 1
        assert client.get(path, headers={"If-None-Match": tag, "Cache-Control": "no-cache"}).status_code == 304
        assert len(app.asked()) == 2  # reloaded by force: Spark itself was asked
        assert not any("if-" in name for asked in app.asked() for name in asked)


def test_each_client_gets_the_coding_it_can_read(spark):
    app = Scripts("app-1", {"/static/logo.png": (200, "image/png", bytes(range(256)) * 16, [NEVER])})
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        path, tags = f"{mount(app)}/static/a.js", {}
        for accepted, coding in (("gzip", "gzip"), ("gzip;q=0", None), ("identity", None), ("br, gzip;q=0.2", "gzip"),
                                 ("gzip;q=0.0, *", None), ("*", "gzip"), (None, None), ("gzip, deflate, br, zstd", "zstd"),
                                 ("zstd;q=0.5, gzip", "gzip"), ("zstd", "zstd")):
            answer = client.get(path, headers={"Accept-Encoding": accepted})
            assert answer.headers.get("Content-Encoding") == coding, accepted
            content = zstandard.decompress(answer.content) if coding == "zstd" else answer.content
            assert content == SCRIPT.encode() and answer.headers["Vary"] == "Accept-Encoding"
            tags.setdefault(coding, set()).add(answer.headers["ETag"])
        assert [len(found) for found in tags.values()] == [1, 1, 1] and len(set.union(*tags.values())) == 3
        assert len(app.asked()) == 3  # once for each representation
        noise = bytes(range(256))
        assert client.get(f"{mount(app)}/static/logo.png").content == noise * 16


def test_s196_no_page_and_no_answer_of_our_own_is_packed(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        client.headers["Accept-Encoding"] = "zstd, gzip, deflate"
        for path in ("/", "/local/", "/_gate/login", "/_gate/whoami", "/local/proxy/nothing/"):
            answer = client.get(path, headers=NAVIGATION)
            assert len(answer.content) > 100 and "Content-Encoding" not in answer.headers, path
        admin = gateway.create_token("chief", "admin")["access_token"]
        answer = requests.get(f"{gateway.admin_url}/api/v1/tokens", timeout=10,
                              headers={"Authorization": f"Bearer {admin}", "Accept-Encoding": "zstd, gzip"})
        assert answer.status_code == 200 and len(answer.content) > 100 and "Content-Encoding" not in answer.headers


def test_small_and_incompressible_files_are_kept_as_they_are(spark):
    noise = random.Random(1).randbytes(5000)
    app = Scripts("app-1", {"/static/x.woff2": (200, "font/woff2", noise, []), "/static/empty.css": (200, "text/css", "", [])})
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        for name, content in (("x.woff2", noise), ("empty.css", b"")):
            for _ in range(2):
                answer = client.get(f"{mount(app)}/static/{name}")
                assert (answer.status_code, answer.content) == (200, content)
                assert "Content-Encoding" not in answer.headers
            assert len(app.asked(f"/static/{name}")) == 1


def test_head_and_http_1_0_are_answered_from_the_cache(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        path = f"{mount(app)}/static/a.js"
        whole = client.get(path)
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]
        assert head.headers["ETag"] == whole.headers["ETag"]
        for keep, said in (("", b"Connection: close"), ("Connection: keep-alive\r\n", b"Connection: keep-alive")):
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as old:
                old.sendall(f"GET {BASE}{path} HTTP/1.0\r\nHost: 127.0.0.1:{gateway.port}\r\n{keep}"
                            f"Accept-Encoding: gzip\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n".encode())
                answer = b""
                while len(answer.partition(b"\r\n\r\n")[2]) < int(whole.headers["Content-Length"]):
                    answer += old.recv(65536)
                fields, _, content = answer.partition(b"\r\n\r\n")
                assert said in fields and b"chunked" not in fields
                assert gzip.decompress(content) == SCRIPT.encode()
        assert len(app.asked()) == 1


def test_what_is_not_a_whole_static_file_goes_to_spark_every_time(spark):
    cookie, type_, big = [("Set-Cookie", "a=1")], "text/javascript", "x" * (2 * 1024 * 1024 + 1)
    app = Scripts("app-1", {
        "/api/v1/a.js": (200, type_, SCRIPT, []), "/static/mine.js": (200, type_, SCRIPT, cookie),
        "/static/vary.js": (200, type_, SCRIPT, [("Vary", "Cookie")]), "/static/data.json": (200, "application/json", "{}", []),
        "/static/page.html": (200, "text/html", "<p>", []), "/static/gone.js": (404, type_, "no", []),
        "/static/packed.js": (200, type_, gzip.compress(b"x"), [("Content-Encoding", "gzip")]),
        "/static/big.js": (200, type_, big, [])})
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        for path, (status, _, body, _) in app.files.items():
            for _ in range(2 if path != "/static/a.js" else 0):
                answer = client.get(mount(app) + path)
                assert answer.status_code == status, path
                assert "max-age" not in answer.headers.get("Cache-Control", "")
                assert path in ("/static/packed.js", "/static/page.html") or answer.text == body
            assert path == "/static/a.js" or len(app.asked(path)) in (2, 3), path
        assert client.get(f"{mount(app)}/static/a.js?v=1").headers["Cache-Control"] == NEVER[1]
        client.get(f"{mount(app)}/static/a.js")
        assert client.get(f"{mount(app)}/static/a.js", headers={"Range": "bytes=0-9"}).headers["Cache-Control"] == NEVER[1]
        assert app.asked()[-1]["range"] == "bytes=0-9"


def test_t50_file_of_spark_3_5_is_kept_for_all_programs(spark):
    """Jetty 9 says that it packs for some browsers and not for others."""
    app = Scripts("app-1", {"/static/a.js": (200, "text/javascript", SCRIPT, [NEVER, ("Vary", "Accept-Encoding, User-Agent")])})
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        answers = [client.get(f"{mount(app)}/static/a.js", headers={"User-Agent": name}) for name in ("one", "other")]
        assert {answer.headers["Vary"] for answer in answers} == {"Accept-Encoding"}
        assert len(app.asked()) == 1


def test_s0_poisoned_script_reaches_no_other_ui(spark):
    evil, good = Scripts("app-evil"), Scripts("app-good")
    evil.files["/static/a.js"] = (200, "text/javascript", "steal()", [NEVER])
    with serve(spark, evil, good) as gateway:
        client = enter(gateway, spark)
        for _ in range(2):
            assert client.get(f"{mount(evil)}/static/a.js").text == "steal()"
            assert client.get(f"{mount(good)}/static/a.js").text == SCRIPT
            # the master answers everything with its page (T49)
            assert "steal" not in client.get("/local/proxy/master/static/a.js").text


def test_s0_nothing_of_one_client_is_in_what_all_are_given(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        client.get(f"{mount(app)}/static/a.js", headers={
            "Cookie": "ui=poison", "X-Poison": "1", "Origin": "http://evil", "User-Agent": "poison", "Accept-Language": "xx"})
        assert set(app.asked()[0]) == {"host", "x-forwarded-context", "accept-encoding"}
        assert app.asked()[0]["accept-encoding"] == "identity"


def test_s0_rights_are_checked_on_every_hit(spark):
    app, other = Scripts("app-1"), Scripts("app-2")
    with serve(spark, app, other) as gateway:
        client, path = enter(gateway, spark), f"{mount(app)}/static/a.js"
        assert client.get(path).status_code == 200
        assert Client(gateway).get(path).status_code == 401
        assert Client(gateway).get(path, headers={"If-None-Match": "*"}).status_code == 401
        narrowed = gateway.create_token("narrowed", "user", "--scope", "app:app-2")["access_token"]
        assert Client(gateway, narrowed).get(path).status_code == 404  # S44: for whom it is hidden it is not there
        short = gateway.create_token("short")
        assert Client(gateway, short["access_token"]).get(path).status_code == 200
        gateway.command("token", "revoke", short["id"])
        wait_for(lambda: Client(gateway, short["access_token"]).get(path).status_code == 401, "the revocation", 5)
        assert len(app.asked()) == 1


def test_t17_mended_script_is_kept_as_mended_for_its_mount(spark):
    hard = 'fetch("/static/sql/spark-sql-viz.css"); fetch(uiRoot + "/static/x.css");'
    apps = [Scripts(name, {"/static/sql/spark-sql-viz.js": (200, "text/javascript", hard, [])}) for name in ("app-1", "app-2")]
    with serve(spark, *apps) as gateway:
        client = enter(gateway, spark)
        for app in apps:
            texts = {client.get(f"{mount(app)}/static/sql/spark-sql-viz.js").text for _ in range(2)}
            mended = f'fetch("{BASE}{mount(app)}/static/sql/spark-sql-viz.css"); fetch(uiRoot + "/static/x.css");'
            assert texts == {mended}
            assert len(app.asked("/static/sql/spark-sql-viz.js")) == 1


def test_s0_application_that_ended_leaves_nothing_behind(spark):
    app = Scripts("app-1")
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        assert client.get(f"{mount(app)}/static/a.js").status_code == 200
        spark.apps.remove(app)
        app.stop()
        wait_for(lambda: client.get(f"{mount(app)}/static/a.js").status_code == 404, "the end of the application", 20)


def test_cache_can_be_turned_off(spark):
    app = Scripts("app-1")
    with serve(spark, app, settings={"limits": {"static_files": "0B"}}) as gateway:
        client = enter(gateway, spark)
        for _ in range(2):
            answer = client.get(f"{mount(app)}/static/a.js")
            assert answer.headers["Cache-Control"] == NEVER[1] and answer.text == SCRIPT
        assert len(app.asked()) == 2


def test_client_that_leaves_while_a_file_is_fetched_breaks_nothing(spark):
    app = Scripts("app-1")
    slow = app.page
    app.page = lambda request: (time.sleep(0.5) if request.path == "/static/a.js" else None, slow(request))[1]
    with serve(spark, app) as gateway:
        client = enter(gateway, spark)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as hasty:
            hasty.sendall(f"GET {BASE}{mount(app)}/static/a.js HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n"
                          f"Authorization: {client.headers['Authorization']}\r\n\r\n".encode())
            wait_for(app.asked, "the request at the UI", 10)
        assert client.get(f"{mount(app)}/static/a.js").text == SCRIPT

"""UIs under `uis:`: a program that is told its prefix (JupyterLab), one that knows none (Trac), HDFS, and a page made of
every link that there is. Crawled, and used in Chromium; who may not look opens no kernel's WebSocket (S3, S11)."""

import contextlib
import http.server
import json
import re
import threading

import pytest

from browser import Notebook, chromium
from conftest import BASE, Client, signed_in
from crawler import Crawler, shape
from echo_socket import Socket
from gateway import Gateway
from name_node import NameNode
from other_uis import JupyterLab, Trac

LAB, WIKI, MADE, HDFS = "/local/ui/lab", "/local/ui/wiki", "/local/ui/made", "/local/ui/hdfs"
PIXEL = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdac\xfc\xcf\xc0P\xf7\1\0\4\x82"
         b"\1\x80\xe2\x1bQ\xde\0\0\0\0IEND\xaeB`\x82")
MADE_PAGE = b"""<!doctype html><html><head><title>made</title><base href="/deep/">
<link rel=stylesheet href="/sheet.css"><link rel=icon href="/icon.png"><link rel=preload as=image imagesrcset="/pre.png 1x">
<style>@import "/imported.css"; #b { background: url(/inline.png) }</style></head>
<body background="/body.png"><p id=a>a<p id=b>b<p id=c style="background: url(&quot;/attribute.png&quot;)">c
<img src="relative.png"><img srcset="/one.png 1x, /two.png 2x"><video poster="/poster.png"></video>
<a id=next href="/turn">next</a><form action="/form" method=post><input name=x value=1><button>send</button></form>
<script src="/script.js"></script></body></html>"""
SHEET = b"""@import url("/second.css"); #a { background: url(/sheet.png) } /* url(/comment.png) */
@font-face { font-family: f; src: url(/font.woff2) } #a { font-family: f }"""


class Made(http.server.BaseHTTPRequestHandler):
    """Every kind of link, all beginning with "/". /turn goes on by Refresh, then by <meta>, then by Location."""

    protocol_version = "HTTP/1.1"
    PAGES = {
        "/": ("text/html", MADE_PAGE, {"Set-Cookie": "made=1; Path=/; Domain=127.0.0.1", "Link": "</hint.css>; rel=preload; as=style"}),
        "/sheet.css": ("text/css", SHEET, {}), "/second.css": ("text/css", b"body { color: rgb(1, 2, 3) }", {}),
        "/imported.css": ("text/css", b"p { margin: 7px }", {}), "/hint.css": ("text/css", b"p { padding: 0 }", {}),
        "/script.js": ("text/javascript", b"document.title += ' by script'", {}),
        "/turn": ("text/html", b"<title>turn</title>", {"Refresh": "0; url=/turn-again"}),
        "/turn-again": ("text/html", b"<title>turn</title><meta http-equiv=refresh content='0; URL=/moved'>", {}),
        "/end": ("text/html", b"<title>end</title>", {}),
    }

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path == "/moved":
            self.answer(302, "text/plain", b"", {"Location": f"http://127.0.0.1:{self.server.server_address[1]}/end"})
        elif self.path in self.PAGES:
            self.answer(200, *self.PAGES[self.path])
        elif re.fullmatch(r"(/deep)?/[a-z]+\.(png|woff2)", self.path):
            self.answer(200, "image/png", PIXEL, {})
        else:
            self.answer(404, "text/plain", b"no such thing", {})

    def do_POST(self):
        self.server.asked.append((self.path, dict(self.headers)))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(303, "text/plain", b"", {"Location": "/end"})

    def answer(self, status, kind, content, fields):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def made_ui():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Made)
    server.asked, server.url = [], f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def lab():
    with JupyterLab(f"{BASE}{LAB}/") as running:
        yield running


@pytest.fixture(scope="module")
def wiki():
    with Trac() as running:
        yield running


@pytest.fixture(scope="module")
def made():
    with made_ui() as running:
        yield running


@pytest.fixture(scope="module")
def hdfs():
    with NameNode() as running:
        yield running


@pytest.fixture(scope="module")
def gate(lab, wiki, made, hdfs):
    uis = [{"name": name, "url": ui.url} for name, ui in [("lab", lab), ("wiki", wiki), ("made", made), ("hdfs", hdfs)]]
    with Gateway([{"name": "local", "uis": uis}], BASE) as running:
        token = running.create_token("waits", "user")["access_token"]
        running.await_mounts([f"{LAB}/api", f"{WIKI}/", f"{MADE}/"], token)
        yield running


@pytest.fixture
def page(gate, playwright):
    """Signed in, with a notebook of what goes wrong."""
    with chromium(playwright) as context:
        opened = context.new_page()
        opened.goto(f"{gate.url}/_gate/login")
        opened.locator("[name=token]").fill(gate.create_token("person", "user")["access_token"])
        opened.locator("form button").first.click()
        opened.wait_for_url(f"{gate.url}/")
        opened.notes = Notebook(opened, gate.origin)
        yield opened
        assert not opened.notes.failed + opened.notes.foreign


# -- every kind of link ----------------------------------------------------------------------------------------------

def test_a_page_of_every_link_there_is_asks_for_nothing_beside_its_mount(gate, made, page):
    made.asked.clear()
    page.goto(f"{gate.url}{MADE}/", wait_until="networkidle")
    assert page.title() == "made by script"
    style = page.evaluate("getComputedStyle(document.querySelector('#a'))['color']")
    assert style == "rgb(1, 2, 3)"
    asked = {path for path, _ in made.asked}
    wanted = {"sheet.css", "second.css", "imported.css", "hint.css", "script.js", "icon.png", "sheet.png", "inline.png",
              "attribute.png", "body.png", "one.png", "deep/relative.png", "poster.png", "font.woff2", "pre.png"}
    assert {f"/{path}" for path in wanted} <= asked
    assert "/comment.png" not in asked and not page.notes.errors


def test_it_sends_browsers_on_below_its_mount_in_each_way(gate, page):
    page.goto(f"{gate.url}{MADE}/")
    page.locator("#next").click()
    page.wait_for_url(f"{gate.url}{MADE}/end")
    page.goto(f"{gate.url}{MADE}/")
    page.locator("form button").click()
    page.wait_for_url(f"{gate.url}{MADE}/end")


def test_s25_its_cookie_is_for_its_mount_and_no_other_ui_gets_it(gate, made, page):
    page.goto(f"{gate.url}{MADE}/")
    found = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert found["made"]["path"] == f"{BASE}{MADE}/"
    made.asked.clear()
    page.goto(f"{gate.url}{MADE}/end")
    fields = dict(made.asked[0][1])
    assert fields["Cookie"] == "made=1"


def test_s11_its_own_forms_come_from_its_own_origin_and_others_do_not(gate, made):
    session, program = signed_in(gate, "user"), Client(gate, gate.create_token("forms")["access_token"])
    own = {"Origin": gate.origin, "Referer": f"{gate.url}{MADE}/x?y"}
    foreign = {"Origin": "http://evil.example", "Referer": "http://evil.example/"}
    assert session.post(f"{MADE}/form", data={"x": "1"}, headers=foreign).status_code == 403  # S45
    for client, fields, wanted in [(session, own, (made.url[:-1], f"{made.url}x?y")),
                                   (program, foreign, ("http://evil.example", "http://evil.example/"))]:
        made.asked.clear()
        assert client.post(f"{MADE}/form", data={"x": "1"}, headers=fields).status_code == 303
        seen = made.asked[0][1]
        assert (seen["Origin"], seen["Referer"]) == wanted


# -- a real program that knows no prefix -----------------------------------------------------------------------------

def folder(url):
    """A wiki's pages are of one kind each with its neighbours."""
    path, keys = shape(url)
    return path.rpartition("/")[0], keys


def test_no_link_of_the_wiki_leaves_its_mount(gate, wiki):
    client = Client(gate, gate.create_token("crawls", "user")["access_token"])
    crawler = Crawler(client, gate, {WIKI: wiki.url[:-1]}, shape=folder).run([f"{BASE}{WIKI}/"])
    assert not crawler.problems, crawler.report()
    assert len(crawler.pages) > 20


def test_a_person_files_a_ticket_in_the_wikis_tracker(gate, page):
    page.goto(f"{gate.url}{WIKI}/", wait_until="networkidle")
    page.locator("#mainnav a[href$='/newticket']").click()
    page.locator("#field-summary").fill("links lead out of the prefix")
    page.locator("[name=submit]").click()
    page.wait_for_url(re.compile(re.escape(f"{gate.url}{WIKI}/ticket/") + r"\d+"))
    assert "links lead out of the prefix" in page.locator("#ticket").inner_text()
    page.goto(f"{gate.url}{WIKI}/timeline", wait_until="networkidle")
    assert "links lead out of the prefix" in page.locator("#content").inner_text()
    paths = {cookie["path"] for cookie in page.context.cookies() if cookie["name"].startswith("trac")}
    assert paths == {f"{BASE}{WIKI}"} or paths == {f"{BASE}{WIKI}/"}
    assert not page.notes.errors


# -- HDFS, whose scripts have paths of their own ------------------------------------------------------------------------

def test_the_name_nodes_pages_find_their_data(gate, page):
    page.goto(f"{gate.url}{HDFS}/")  # goes on by <meta>
    page.wait_for_url(f"{gate.url}{HDFS}/dfshealth.html#tab-overview")
    page.locator("#tab-overview >> text=CID-of-the-tests").first.wait_for()
    page.goto(f"{gate.url}{HDFS}/explorer.html#/")
    page.locator(".explorer-browse-links >> text=warehouse").click()
    page.locator(".explorer-browse-links >> text=orders.parquet").wait_for()
    assert not page.notes.errors


# -- a real program that is told its prefix --------------------------------------------------------------------------

def test_a_notebook_computes_in_jupyterlab(gate, page):
    """Page, API, and the kernel's WebSocket."""
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{gate.url}{LAB}/lab")
    page.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60000)  # a cell that is run before does nothing
    cell = page.locator(".jp-Notebook .cm-content").first
    cell.click()
    page.keyboard.type("print(6 * 7)")
    assert cell.inner_text() == "print(6 * 7)"
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output").first
    output.wait_for(timeout=60000)
    assert output.inner_text().strip() == "42"
    assert any(url.startswith(f"ws://127.0.0.1:{gate.port}{BASE}{LAB}/api/kernels/") for url in sockets)


TERMINAL = """async base => {
    const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
    const made = await fetch(base + "/api/terminals", {method: "POST", headers: {"X-XSRFToken": token}});
    const name = (await made.json()).name;
    const socket = new WebSocket(base.replace("http", "ws") + "/terminals/websocket/" + name);
    let text = "";
    const heard = await new Promise((resolve, reject) => {
        socket.onmessage = event => {
            const [kind, data] = JSON.parse(event.data);
            if (kind === "setup") socket.send(JSON.stringify(["stdin", "echo $((6 * 7))_answer\\r"]));
            if (kind === "stdout" && (text += data).includes("42_answer")) resolve(text);
        };
        socket.onerror = () => reject(new Error("refused"));
    });
    socket.close();
    const gone = await fetch(base + "/api/terminals/" + name, {method: "DELETE", headers: {"X-XSRFToken": token}});
    return heard + gone.status;
}"""


def test_a_terminal_of_jupyterlab_answers(gate, page):
    page.goto(f"{gate.url}{LAB}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for()
    heard = page.evaluate(TERMINAL, f"{gate.url}{LAB}")
    assert "42_answer" in heard and heard.endswith("204")


@pytest.fixture(scope="module")
def kernel(gate):
    """The path of a running kernel's WebSocket."""
    client = signed_in(gate, "user")
    client.get(f"{LAB}/lab")
    fields = {"X-XSRFToken": client.cookies["_xsrf"], "Origin": gate.origin}
    made = client.post(f"{LAB}/api/kernels", json={"name": "python3"}, headers=fields)
    assert made.status_code == 201, made.text
    yield f"{BASE}{LAB}/api/kernels/{made.json()['id']}/channels"
    client.delete(f"{LAB}/api/kernels/{made.json()['id']}", headers=fields)


def handshake(gate, path, *fields):
    host = ("Host", f"127.0.0.1:{gate.port}")
    wanted = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
              ("Sec-WebSocket-Version", "13")]
    socket = Socket(gate, path, [host, *wanted, *fields])
    socket.close()
    return socket.status


def bearer(gate, *scope):
    return ("Authorization", f"Bearer {gate.create_token('kernel', 'user', *scope)['access_token']}")


def test_s11_a_kernel_is_for_who_may_look_at_its_lab(gate, kernel):
    assert handshake(gate, kernel, bearer(gate)) == 101
    assert handshake(gate, kernel) == 401
    assert handshake(gate, kernel, bearer(gate, "--scope", "cluster:other")) == 404


def test_s3_s11_a_kernel_hears_pages_of_this_origin_only(gate, kernel):
    client = signed_in(gate, "user")
    cookies = ("Cookie", "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies))
    assert handshake(gate, kernel, cookies, ("Origin", gate.origin)) == 101
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{gate.port}"):
        assert handshake(gate, kernel, cookies, ("Origin", origin)) == 403
    assert handshake(gate, kernel, cookies) == 403


def test_jupyterlab_refuses_what_another_site_sends(gate, kernel):
    """Its own check goes on working behind the gateway: it hears where a request comes from."""
    client = signed_in(gate, "user")
    client.get(f"{LAB}/lab")
    fields = {"X-XSRFToken": client.cookies["_xsrf"], "Origin": "http://evil.example"}
    assert client.post(f"{LAB}/api/kernels", json={"name": "python3"}, headers=fields).status_code in (403, 404)
    assert len(json.loads(client.get(f"{LAB}/api/kernels", headers={"Referer": f"{gate.url}{LAB}/lab"}).text)) >= 1

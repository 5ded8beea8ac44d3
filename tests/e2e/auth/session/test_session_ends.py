"""A session ends while a page of Spark is open: the person sees it, in place of an empty table."""

import http.server
import re
import threading
import urllib.parse

import pytest

from browser import chromium
from conftest import BASE, COOKIE, Client, own_cookies
from gateway import Gateway

# as Spark 4.3 sends it (T54)
POLICY = ("default-src 'self'; script-src 'self' 'nonce-n'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
          "object-src 'none'; base-uri 'self'; frame-ancestors 'self';")
PAGE = """<!DOCTYPE html><html>
  <head><meta charset="utf-8"><title>History Server</title><script nonce="n">
  var xhr = function () {
    var x = new XMLHttpRequest();
    x.onload = function () { if (x.status !== 200) alert("DataTables warning: Ajax error"); };
    x.open("GET", "data"); x.send();
  };
  var get = function () { fetch("data").then(function (r) { return r.json(); }).catch(function () {}); };
  </script></head>
  <body><button id="xhr">xhr</button><button id="get">fetch</button><table id="t"></table><script nonce="n">
  for (const name of ["xhr", "get"]) document.getElementById(name).addEventListener("click", window[name]);
  </script></body></html>"""


class History(http.server.BaseHTTPRequestHandler):
    """As little of a history server as discovery and a browser need."""

    def do_GET(self):
        is_page = self.path.split("?")[0].endswith("/page/")
        content = (PAGE if is_page else "[]").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html;charset=utf-8" if is_page else "application/json")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), History)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    entry = {"name": "local", "history": f"http://127.0.0.1:{server.server_port}", "poll": "1s"}
    with Gateway([entry], BASE, folder=tmp_path_factory.mktemp("gate")) as gateway:
        gateway.await_mounts(["/local/shs/"], gateway.create_token("ready")["access_token"])
        yield gateway
    server.shutdown()
    server.server_close()


def give_session(gateway, context):
    """Signs the browser in; gives a client with the same session."""
    token = gateway.create_token("browser", "admin")["access_token"]
    client = Client(gateway)
    answer = client.post("/_gate/login", data={"token": token}, headers={"Origin": gateway.origin})
    assert own_cookies(answer) == [COOKIE]
    value = re.search(rf"{COOKIE}=([^;]+)", answer.headers["Set-Cookie"]).group(1)
    context.add_cookies([{"name": COOKIE, "value": value, "url": gateway.origin}])
    return client


def end_session(gateway, client):
    assert client.post("/_gate/logout", headers={"Origin": gateway.origin}).status_code == 200


def read_banner(gateway, page):
    """Waits for the one banner at the top; gives the path its link comes back to."""
    banner = page.get_by_role("alert").filter(has_text="You are signed out")
    banner.wait_for()
    assert banner.count() == 1
    box = banner.bounding_box()
    assert box["y"] < 20 and box["width"] > 300
    link = banner.get_by_role("link", name="Sign in again").get_attribute("href")
    assert link.startswith(f"{gateway.url}/_gate/login?next=")
    return urllib.parse.unquote(link.split("next=")[1])


@pytest.mark.parametrize("way", ["xhr", "get"])
def test_page_that_asks_for_data_after_the_session_ended_says_so(gate, playwright, way):
    with chromium(playwright) as context:
        client, page, errors, alerts = give_session(gate, context), context.new_page(), [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: "Content Security" in message.text and errors.append(message.text))

        page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.accept()))
        page.goto(f"{gate.url}/local/shs/page/?a=1&b=%2F", wait_until="networkidle")
        page.click(f"#{way}")
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("alert").count() == 0 and not alerts
        end_session(gate, client)
        page.click(f"#{way}")
        assert read_banner(gate, page) == f"{BASE}/local/shs/page/?a=1&b=%2F"
        page.click(f"#{way}")
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("alert").count() == 1
        assert errors == []
        page.get_by_role("link", name="Sign in again").click()
        page.get_by_label("Access token").fill(gate.create_token("again")["access_token"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{gate.url}/local/shs/page/?a=1&b=%2F")


def test_executors_page_of_spark_says_that_the_session_has_ended(info, gateway, playwright):
    app = info["apps"]["running"]["id"]
    with chromium(playwright) as context:
        client, page = give_session(gateway, context), context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        held = []  # asked for as soon as the page's head is there (T70); its script waits for the answer
        page.route("**/allexecutors", lambda route: route.continue_() if held else held.append(route))
        path = f"/local/proxy/{app}/executors/"
        page.goto(gateway.url + path, wait_until="domcontentloaded")
        end_session(gateway, client)
        held[0].continue_()
        assert read_banner(gateway, page) == BASE + path

"""A Spark cluster that is a few threads: a master that lists applications, and applications whose UI is any Python.

For tests about who may reach whom, where a page's content is the attacker's. `with FakeSpark() as spark: spark.add(App())`
"""

import html
import http.server
import json
import threading
import urllib.parse

from upstream import Server

HOST = "127.0.0.1"


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends each request to `owner.answer(request)`, which gives (status, content type, body, more fields)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.parts = urllib.parse.urlsplit(self.path)
        status, kind, body, fields = self.server.owner.answer(self)
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), *fields]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve

    def log_message(self, *_):
        pass


class Site:
    """A server of its own on a free port; with `tls`, an ssl.SSLContext, at https://."""

    tls = None

    def __init__(self, port=0):
        self.server = Server((HOST, port), Handler)
        self.server.owner = self
        if self.tls:  # the handshake is the connection's own thread's business
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if self.tls else ''}://{HOST}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class App(Site):
    """An application's UI: a page with its name, kills that are counted, and an API that says who it is (discovery asks)."""

    def __init__(self, app, name, port=0, user="u"):
        super().__init__(port)
        self.id, self.name, self.user, self.kills, self.seen = app, name, user, [], []

    def answer(self, request):
        path = request.parts.path
        self.seen.append((request.command, request.path, [(n.lower(), v) for n, v in request.headers.items()]))
        if "/kill/" in path:
            self.kills.append((request.command, request.path))
            return 302, "text/plain", "", [("Location", f"{self.url}/jobs/")]
        if path == "/api/v1/applications":
            return 200, "application/json", json.dumps([{"id": self.id, "name": self.name, "attempts": []}]), []
        return self.page(request)

    def page(self, request):
        return 200, "text/html;charset=utf-8", f"<!doctype html><title>{self.name}</title><p id=said>UI of {self.name}", []


class FakeSpark(Site):
    """The master; ends its applications with itself."""

    def __init__(self):
        super().__init__()
        self.apps = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for site in [*self.apps, self]:
            site.stop()

    def add(self, app):
        self.apps.append(app)
        return app

    def entry(self, name="local"):
        return {"name": name, "masters": [self.url], "poll": "1s"}

    def answer(self, request):
        if request.parts.path == "/json/":
            return 200, "text/json;charset=utf-8", json.dumps(self.state()), []
        query = dict(urllib.parse.parse_qsl(request.parts.query))
        link = "".join(f'<li><strong>User:</strong> {html.escape(app.user)}</li><a href="{app.url}">Application Detail UI</a>' for app in self.apps if app.id == query.get("appId"))
        return 200, "text/html;charset=utf-8", f'<html><body id=master><span class="version">4.3.0</span>{link}</body></html>', []

    def state(self):
        apps = [{"id": app.id, "name": app.name, "user": app.user, "state": "RUNNING", "cores": 1, "starttime": 1700000000000,
                 "duration": 1000} for app in self.apps]
        return {"url": "spark://fake:7077", "status": "ALIVE", "workers": [], "cores": 4, "coresused": 1, "memory": 1024,
                "memoryused": 512, "activeapps": apps, "completedapps": [], "activedrivers": [], "completeddrivers": []}

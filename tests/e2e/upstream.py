"""A plain HTTP server that plays a UI under `uis:`: it echoes what reached it, or streams as much as is asked for."""

import http.server
import json
import threading
import urllib.parse

CHUNK = b"x" * 65536


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: on a kept connection the second would wait 40 ms

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if parts.path == "/stream":
            self.stream(int(query["bytes"]))
        elif parts.path == "/redirect":
            self.answer(302, b"", {"Location": query["to"], "Set-Cookie": "ui=1; Path=/; HttpOnly"})
        else:
            self.echo()

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.echo()

    def echo(self):
        """The request as it arrived, as JSON."""
        fields = [[name.lower(), value] for name, value in self.headers.items()]
        seen = {"method": self.command, "target": self.path, "fields": fields,
                "body": getattr(self, "body", b"").decode("latin-1")}
        self.answer(200, json.dumps(seen).encode(), {"Content-Type": "application/json"})

    def answer(self, status, body, fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, total):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(total))
        self.end_headers()
        try:
            while total > 0:
                self.wfile.write(CHUNK[:total])
                total -= len(CHUNK)
        except OSError:  # the client has left
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 256  # 5 is Python's default: a hundred clients would wait for seconds


class Upstream:
    """with Upstream() as ui: ui.url"""

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

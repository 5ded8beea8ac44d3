"""A gateway that is played: what its API of launches answers, and what goes wrong on the way there.

For what a real gateway never does when it is asked to: an answer that is lost, a log that breaks off, a sentence that is known before.
"""

import http.server
import json
import threading
import urllib.parse


class Played:
    """`faults` is a list of words, each used up by the next request to launch: "lost" does it and hangs up, "503" does not."""

    def __init__(self):
        self.faults, self.seen, self.apps, self.keys, self.artifacts = [], [], {}, {}, {}
        self.profiles = [{"cluster": "prod", "name": "small", "artifacts": True, "files": False}]
        self.log, self.breaks, self.exit_code, self.state = ["one", "two", "three"], 0, 0, "finished"
        played = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do(self):
                played.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/gate"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # --- answers

    @staticmethod
    def answer(request, status, body=None, kind="application/json"):
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/problem+json" if status >= 400 else kind)
        request.send_header("X-Request-Id", "0123456789abcdef")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def refuse(self, request, status, detail):
        self.answer(request, status, {"status": status, "title": "no", "detail": detail, "request_id": "0123456789abcdef"})

    def shown(self, app):
        return {**app, "state": self.state, "exit_code": self.exit_code, "application_id": "app-1", "links": self.links(app["id"])}

    def links(self, id):
        return {"self": f"/api/v1/applications/{id}", "ui": f"{self.url}/prod/proxy/app-1/", "permalink": f"{self.url}/prod/apps/app-1"}

    # --- requests

    def handle(self, request):
        target = urllib.parse.urlsplit(request.path)
        path, query = urllib.parse.unquote(target.path.removeprefix("/gate/api/v1/")), dict(urllib.parse.parse_qsl(target.query))
        content = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.seen.append((request.command, path, query, dict(request.headers), content))
        if request.headers.get("Authorization") != "Bearer good":
            self.refuse(request, 401, "who are you?")
        elif path == "applications" and request.command == "POST":
            self.launch(request, json.loads(content))
        elif path == "profiles":
            self.answer(request, 200, {"profiles": self.profiles})
        elif path == "applications":
            self.answer(request, 200, {"applications": [self.shown(app) for app in self.apps.values()], "next_cursor": None})
        elif path.startswith("applications/"):
            self.one(request, *path.split("/")[1:], query=query)
        elif path.startswith("artifacts/") and request.command == "GET":
            name = path.split("/", 1)[1]
            if name in self.artifacts:
                self.answer(request, 200, {"name": name, "size": len(self.artifacts[name])})
            else:
                self.refuse(request, 404, "There is no such artifact.")
        elif path == "artifacts":
            self.answer(request, 200, {"artifacts": [{"name": name, "size": len(body)} for name, body in self.artifacts.items()]})
        elif path.startswith("artifacts/") and request.command == "PUT":
            self.artifacts[path.split("/", 1)[1]] = content
            self.answer(request, 201, {"name": path.split("/", 1)[1], "size": len(content)})
        else:
            self.refuse(request, 404, "There is nothing here.")

    def launch(self, request, body):
        fault, key = self.faults.pop(0) if self.faults else None, request.headers["Idempotency-Key"]
        if fault == "503":
            self.refuse(request, 503, "later")
            return
        if body["profile"] == "huge":
            self.refuse(request, 403, "Your profiles are small and nightly.")
            return
        if key not in self.keys:
            self.keys[key] = f"app{len(self.apps)}"
            self.apps[self.keys[key]] = {"id": self.keys[key], **{name: body.get(name) for name in ("name", "cluster", "profile")}}
        if fault == "lost":
            request.close_connection = True
            request.connection.shutdown(2)
            return
        self.answer(request, 201, self.shown(self.apps[self.keys[key]]))

    def one(self, request, id, what=None, query=None):
        if id not in self.apps:
            self.refuse(request, 404, "There is no such application.")
        elif what == "logs":
            self.stream(request)
        elif what == "events":
            self.answer(request, 200, {"events": [{"at": "2026-01-01T00:00:00Z", "about": "launch", "text": "running"}]})
        elif request.command == "DELETE":
            self.state = "killed"
            self.answer(request, 200, self.shown(self.apps[id]))
        else:
            self.answer(request, 200, self.shown(self.apps[id]))

    def stream(self, request):
        """Chunks that cut lines, and letters, anywhere; it breaks off after `breaks` bytes once."""
        text = "".join(f"{line}\n" for line in self.log).encode()
        request.send_response(200)
        request.send_header("Content-Type", "text/plain; charset=utf-8")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        cut, self.breaks = self.breaks or len(text), 0
        for at in range(0, cut, 3):
            piece = text[at:min(at + 3, cut)]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if cut == len(text):
            request.wfile.write(b"0\r\n\r\n")
        else:
            request.close_connection = True
            request.connection.shutdown(2)

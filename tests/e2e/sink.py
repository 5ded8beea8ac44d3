"""A plain HTTP server that plays a UI under `uis:` which takes uploads: it says what came, or misbehaves as its path says."""

import hashlib
import json
import socket
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    """/take reads all, and so does everything else; /create names what it made; /refuse answers 413 after the head; /stall reads nothing until the server ends."""

    rbufsize = 1 << 20

    def handle(self):
        while line := self.rfile.readline():
            fields = {}
            while (field := self.rfile.readline()) not in (b"\r\n", b""):
                name, value = field.decode("latin-1").split(":", 1)
                fields[name.lower()] = value.strip()
            path = line.split()[1].decode()
            self.server.heads.append((line.decode("latin-1").strip(), fields))
            if not self.serve(path, fields):
                return

    def serve(self, path, fields):
        if path.endswith("/stall"):
            self.server.ended.wait()
            return False
        if path.endswith("/refuse"):
            self.wfile.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
            return False
        try:
            count, digest = self.take(fields)
        except EOFError:
            self.server.broken.set()
            return False
        made = {"submissionId": "driver-9"} if path.endswith("/create") else {}
        said = json.dumps({"bytes": count, "sha256": digest, **made}).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                         % (len(said), said))
        return True

    def take(self, fields):
        digest, count = hashlib.sha256(), 0
        for piece in self.pieces(fields):
            digest.update(piece)
            count += len(piece)
        return count, digest.hexdigest()

    def pieces(self, fields):
        if fields.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield from self.run(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield from self.run(int(fields.get("content-length", 0)))

    def run(self, left):
        while left > 0:
            piece = self.rfile.read1(min(left, 1 << 20))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece


class Sink(socketserver.ThreadingTCPServer):
    """`heads`: (request line, fields) of what came; `broken` is set when content broke off."""

    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.heads, self.broken, self.ended = [], threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self):
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()

"""A WebSocket server of the standard library alone (RFC 6455) that plays a UI under `uis:`: it echoes each message.

/wrong answers 101 with another key's proof, /plain answers 200; `handshakes` keeps what was asked, field by field.
"""

import base64
import hashlib
import socket
import socketserver
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING = 1, 8, 9


def proof(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def read_exactly(stream, count):
    data = stream.read(count)
    if data is None or len(data) < count:
        raise EOFError
    return data


def read_frame(stream):
    """(opcode, payload) of one unfragmented frame."""
    first, second = read_exactly(stream, 2)
    length = second & 127
    if length == 126:
        length, = struct.unpack(">H", read_exactly(stream, 2))
    elif length == 127:
        length, = struct.unpack(">Q", read_exactly(stream, 8))
    mask = read_exactly(stream, 4) if second & 128 else b"\0\0\0\0"
    payload = read_exactly(stream, length)
    if any(mask):
        whole = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        payload = (int.from_bytes(payload, "big") ^ whole).to_bytes(length, "big")
    return first & 15, payload


def frame(payload, opcode=TEXT, mask=b""):
    size = len(payload)
    bit = 128 if mask else 0
    head = bytes([128 | opcode, bit | size]) if size < 126 else \
        struct.pack(">BBH", 128 | opcode, bit | 126, size) if size < 65536 else \
        struct.pack(">BBQ", 128 | opcode, bit | 127, size)
    return head + mask + payload  # callers mask with zeros: the payload stays as it is


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode().split()
        fields = {}
        while (text := self.rfile.readline().decode().strip()):
            name, _, value = text.partition(":")
            fields[name.lower()] = value.strip()
        self.server.handshakes.append((line, fields))
        if line[1].startswith("/page"):
            self.answer_page(b"<!doctype html><title>echo</title><p>echo")
        elif "sec-websocket-key" not in fields or "upgrade" not in fields or line[1] == "/plain":
            self.answer_page(b"no upgrade")
        else:
            self.echo(proof("AAAAAAAAAAAAAAAAAAAAAA==" if line[1] == "/wrong" else fields["sec-websocket-key"]))

    def answer_page(self, content):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(content), content))

    def echo(self, accept):
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept.encode())
        try:
            while True:
                opcode, payload = read_frame(self.rfile)
                self.wfile.write(frame(payload, opcode))
                if opcode == CLOSE:
                    return
        except (EOFError, OSError):
            self.server.ended.set()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64


class EchoSocket:
    """with EchoSocket() as ui: ui.url"""

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.handshakes, self.server.ended = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Socket:
    """A client's side: what it sends is exactly what is given here. `status` is the handshake's."""

    def __init__(self, gateway, path, fields, method="GET", version="1.1"):
        self.plug = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.plug.sendall(f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode())
        self.stream = self.plug.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.fields = {}
        while (text := self.stream.readline().decode().strip()):
            name, _, value = text.partition(":")
            self.fields[name.lower()] = value.strip()

    def say(self, payload, opcode=TEXT):
        self.plug.sendall(frame(payload, opcode, b"\0\0\0\0"))

    def hear(self):
        return read_frame(self.stream)

    def is_over(self):
        """Waits for the end of the connection."""
        try:
            return self.stream.read(1) == b""
        except ConnectionError:
            return True

    def close(self):
        self.stream.close()
        self.plug.close()

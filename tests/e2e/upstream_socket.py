"""A server that agrees to any upgrade it is asked for, whatever protocol, and echoes bytes from then on; 404 for the rest."""

import contextlib
import socket
import threading

from echo_socket import proof
from spark_cluster import HOST


class SocketUpstream:
    """with SocketUpstream() as ui: ui.port; `asked`: fields of each request, `upgrades`: how many tunnels there were."""

    def __enter__(self):
        self.listener = socket.create_server((HOST, 0))
        self.port, self.asked, self.upgrades = self.listener.getsockname()[1], [], 0
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, conn):
        with conn, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := conn.recv(65536)):
                    return
                head += data
            lines = [line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:] if line]
            fields = [(name.lower(), value.strip()) for name, _, value in lines]
            self.asked.append(fields)
            protocol = dict(fields).get("upgrade")
            if protocol is None or "upgrade" not in dict(fields).get("connection", "").lower():
                conn.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            self.upgrades += 1
            key = dict(fields).get("sec-websocket-key", "")
            conn.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Accept: {proof(key)}\r\n\r\n".encode())
            while data := conn.recv(65536):
                conn.sendall(data)

"""An object storage that misbehaves: what it does with a PUT, and what it says when it is asked for a list, is told by the test."""

import re
import socket
import struct
import threading
import time
import urllib.parse

from spark_cluster import HOST

EMPTY = b'<?xml version="1.0"?><ListBucketResult><Name>apps</Name><IsTruncated>false</IsTruncated></ListBucketResult>'
LISTED = EMPTY.replace(b"<IsT", b"<Contents><Key>%s</Key><Size>1</Size><LastModified>2026-11-28T10:00:00.000Z</LastModified></Contents><IsT")
DENIED = b"<Error><Code>AccessDenied</Code></Error>"
MIB = 1 << 20


def answer(status, content=b"", *fields):
    lines = [f"HTTP/1.1 {status} Odd", f"Content-Length: {len(content)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


class Peer:
    """A connection with a request's head read."""

    def __init__(self, link, head, rest):
        self.link, self.head, self.rest = link, head, rest

    def field(self, name):
        fields = [line for line in self.head.lower().split("\r\n") if line.startswith(f"{name}:")]
        return int(fields[0].split(":")[1]) if fields else 0

    @property
    def length(self):
        return self.field("content-length")

    def read(self, count, size=65536, pause=0):
        """So many bytes of content; gives how many there were before the end."""
        done = min(len(self.rest), count)
        self.rest = self.rest[done:]
        while done < count:
            piece = self.link.recv(min(size, count - done))
            if not piece:
                break
            done += len(piece)
            time.sleep(pause)
        return done

    def send(self, data):
        self.link.sendall(data)

    def reset(self):
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class OddS3:
    def __init__(self):
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.on_put = self.take_all
        self.listing = answer(200, EMPTY)
        self.object = False  # or there is one, and it is called as the list was asked for
        self.before_list = self.before_change = lambda: None
        self.methods = []  # of all requests
        self.seen, self.took = [], []  # bytes that were read of a PUT, and of what it carries
        self.ended = threading.Event()  # its connection is over

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def url(self):
        return f"http://{HOST}:{self.port}/apps"

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with link:
            data = b""
            while b"\r\n\r\n" not in data:
                piece = link.recv(65536)
                if not piece:
                    return
                data += piece
            head, rest = data.split(b"\r\n\r\n", 1)
            peer = Peer(link, head.decode(), rest)
            self.methods.append(peer.head.split(" ", 1)[0])
            if self.methods[-1] == "DELETE":
                self.before_change()
                link.sendall(answer(204, b"", "Connection: close"))
                return
            if self.methods[-1] == "PUT":
                self.before_change()
            else:
                self.before_list()
                if self.object:
                    self.listing = answer(200, LISTED % urllib.parse.unquote(re.search(r"[?&]prefix=([^& ]*)", peer.head)[1]).encode())
                link.sendall(self.listing.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                return
            try:
                self.on_put(peer)
            except OSError:
                pass
            self.ended.set()

    def take_all(self, peer):
        self.seen.append(peer.read(peer.length))
        if self.seen[-1] == peer.length:
            self.took.append(peer.field("x-amz-decoded-content-length"))
        peer.send(answer(200))

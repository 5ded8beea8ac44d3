"""N GETs in one instant, each on a connection of its own, and how long each took. Standard library only."""

import selectors
import socket
import time
import urllib.parse


def request_of(url, headers):
    parts = urllib.parse.urlsplit(url)
    lines = [f"GET {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close",
             *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return (parts.hostname, parts.port), ("\r\n".join(lines) + "\r\n\r\n").encode()


class Asking:
    """One of them: a socket that does not wait, what it still has to say, and the start of what it heard."""

    def __init__(self, address, request):
        self.left, self.heard, self.seconds = request, b"", None
        self.began = time.monotonic()
        self.peer = socket.socket()
        self.peer.setblocking(False)
        self.peer.connect_ex(address)

    def go_on(self, events):
        """True when it is over; only a whole 200 has a time."""
        try:
            if events & selectors.EVENT_WRITE and self.left:
                self.left = self.left[self.peer.send(self.left):]
            if events & selectors.EVENT_READ:
                more = self.peer.recv(1 << 20)
                if not more:
                    if self.heard.startswith(b"HTTP/1.1 200"):
                        self.seconds = time.monotonic() - self.began
                    return True
                self.heard = (self.heard + more)[:64]
        except BlockingIOError:
            pass
        except OSError:
            return True
        return False


def burst(url, count, headers=None, timeout=40):
    """Seconds of each, slowest last; None (at the end) for one that had no whole 200 within `timeout` seconds."""
    address, request = request_of(url, headers)
    until = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        everybody = [Asking(address, request) for _ in range(count)]
        for one in everybody:
            selector.register(one.peer, selectors.EVENT_READ | selectors.EVENT_WRITE, one)
        while selector.get_map() and time.monotonic() < until:
            for key, events in selector.select(until - time.monotonic()):
                one = key.data
                if one.go_on(events):
                    selector.unregister(one.peer)
                    one.peer.close()
                elif not one.left:
                    selector.modify(one.peer, selectors.EVENT_READ, one)
        for one in everybody:
            one.peer.close()
    return sorted((one.seconds for one in everybody), key=lambda seconds: (seconds is None, seconds))

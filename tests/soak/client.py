"""A client that says exactly what it is told to, over a connection of its own or one that is kept, and knows how an answer ended.

An answer ends `whole`, `short` (broken off in its content), `cut` (no head came) or `late`.
"""

import asyncio
import contextlib
import socket
import struct
import time

LINE_MAX = 1 << 17
PATIENCE = 25  # seconds for a whole answer, unless the asker is slow on purpose


class Broken(Exception):
    """The connection ended before what was read was whole."""


class Answer:
    def __init__(self):
        self.status, self.fields, self.body, self.end, self.error = None, {}, b"", "cut", ""
        self.sent = time.monotonic()
        self.done = self.sent

    @property
    def outcome(self):
        """What the model judges: a status if the answer came whole, else how it ended."""
        return self.status if self.end == "whole" else self.end

    def field(self, name):
        return self.fields.get(name, [""])[0]


class Link:
    """One connection to a gateway."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.uses = reader, writer, 0

    @classmethod
    async def open(cls, gate, admin=False, window=None):
        plug = socket.socket()
        plug.setblocking(False)
        try:
            if window:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(plug, ("127.0.0.1", gate.admin_port if admin else gate.port))
            tls = None if admin else gate.client_tls
            streams = await asyncio.open_connection(sock=plug, ssl=tls, server_hostname="127.0.0.1" if tls else None,
                                                    limit=window or LINE_MAX)
        except BaseException:
            plug.close()
            raise
        return cls(*streams)

    def close(self):
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()

    def reset(self):
        """As a browser that is killed: what is under way is lost."""
        plug = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self):
        """(status, fields) of the next answer."""
        line = await self.line()
        words = line.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
            raise Broken(f"not a status line: {line[:60]!r}")
        fields = {}
        while (line := await self.line()) != b"":
            name, _, value = line.partition(b":")
            fields.setdefault(name.decode("latin-1").lower(), []).append(value.strip().decode("latin-1"))
        return int(words[1]), fields

    async def line(self):
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise Broken("the connection ended in a head" if line else "the connection ended")
        return line[:-2]

    async def content(self, method, status, fields, take=None):
        """The pieces of the content of this answer; Broken if it is not whole."""
        if method == "HEAD" or status in (204, 304) or status < 200:
            return
        if "chunked" in fields.get("transfer-encoding", []):
            async for piece in self.chunks(take):
                yield piece
        elif "content-length" in fields:
            left = int(fields["content-length"][0])
            while left:
                piece = await self.reader.read(min(left, take or 65536))
                if not piece:
                    raise Broken(f"{left} bytes are missing")
                left -= len(piece)
                yield piece
        else:
            while piece := await self.reader.read(take or 65536):
                yield piece

    async def chunks(self, take):
        while size := int((await self.line()).split(b";")[0] or b"x", 16):
            while size:
                piece = await self.reader.read(min(size, take or 65536))
                if not piece:
                    raise Broken("a chunk is not whole")
                size -= len(piece)
                yield piece
            if await self.line() != b"":
                raise Broken("no line end after a chunk")
        if await self.line() != b"":
            raise Broken("a trailer")


def request(gate, method, path, headers=(), body=None, admin=False):
    """The bytes of one request; `path` is below the gateway's base."""
    host = f"127.0.0.1:{gate.admin_port}" if admin else gate.host
    lines = [f"{method} {'' if admin else gate.base}{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


async def receive(link, answer, method, pause=0.0, take=None):
    """Fills `answer` with what comes; interim answers are passed over. `pause`: seconds before each piece."""
    status, fields = await link.head()
    while 100 <= status < 200 and status != 101:
        status, fields = await link.head()
    answer.status, answer.fields, answer.end = status, fields, "short"
    pieces = []
    try:
        async for piece in link.content(method, status, fields, take):
            pieces.append(piece)
            if pause:
                await asyncio.sleep(pause)
    finally:
        answer.body = b"".join(pieces)
    answer.end = "whole"


@contextlib.asynccontextmanager
async def ending(answer, seconds=PATIENCE):
    """Whatever goes wrong inside becomes the answer's end."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        answer.end, answer.error = "late", f"after {seconds} s"
    except (OSError, Broken, ValueError, asyncio.IncompleteReadError) as error:
        answer.error = f"{type(error).__name__}: {error}"
    answer.done = time.monotonic()


class Pool:
    """Connections that are kept, a few for each gateway."""

    def __init__(self, most=12):
        self.most, self.idle = most, {}

    def take(self, key):
        links = self.idle.get(key, [])
        while links:
            link = links.pop()
            if not link.reader.at_eof() and not link.writer.is_closing():
                return link
            link.close()
        return None

    def give(self, key, link, answer):
        links = self.idle.setdefault(key, [])
        if answer.end != "whole" or "close" in answer.field("connection").lower() or len(links) >= self.most:
            link.close()
        else:
            links.append(link)

    def close(self):
        for links in self.idle.values():
            for link in links:
                link.close()
        self.idle.clear()


POOL = Pool()


async def ask(gate, method, path, headers=(), body=None, admin=False, fresh=False, seconds=PATIENCE):
    """One request, on a kept connection unless `fresh`; one that turns out to be closed is replaced once, for reading."""
    key = (gate.name, admin)
    link = None if fresh else POOL.take(key)
    answer = await once(gate, link, method, path, headers, body, admin, seconds)
    if link and answer.end == "cut" and method in ("GET", "HEAD"):
        answer = await once(gate, None, method, path, headers, body, admin, seconds)
    return answer


async def once(gate, link, method, path, headers, body, admin, seconds):
    answer = Answer()
    async with ending(answer, seconds):
        try:
            link = link or await Link.open(gate, admin)
            await link.send(request(gate, method, path, headers, body, admin))
            await receive(link, answer, method)
        finally:
            if link:
                POOL.give((gate.name, admin), link, answer)
    return answer

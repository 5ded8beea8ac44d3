"""HTTP/2 frame by frame, in the clear or over TLS: a client that does what it is told, and nothing else by itself.

`with Wire(gate) as wire`: preface and SETTINGS are sent; `wire.ask(path)` sends a request and gives its stream; `wire.read(until)`
reads until that is so. What came stands in `streams`, `goaway`, `settings`, `is_over`.
"""

import collections
import contextlib
import dataclasses
import itertools
import socket

import h2.events  # noqa: F401  (brings hpack and hyperframe)
import hpack
import hyperframe.frame as frames

from echo_socket import EchoSocket
from gateway import Gateway
from h2_client import tls_to
from sink import Sink
from upstream import Upstream

UI, LAB, CHAT = "/local/ui/plain", "/local/ui/lab", "/local/ui/echo"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@contextlib.contextmanager
def gateway_of_uis(server, body):
    """Plain http with h2c, and three UIs: `gateway.sink` and `gateway.echo` are two of them, and the sink takes so much content."""
    with Upstream() as plain, Sink() as sink, EchoSocket() as echo:
        uis = [{"name": "plain", "url": plain.url}, {"name": "lab", "url": sink.url, "limits": {"body": body}}, {"name": "echo", "url": echo.url}]
        with Gateway([{"name": "local", "uis": uis}], settings={"server": {"h2c": True, **server}}) as gateway:
            gateway.token = gateway.create_token("http2")["access_token"]
            gateway.await_mounts([f"{UI}/", f"{LAB}/", f"{CHAT}/page"], gateway.token)
            gateway.sink, gateway.echo = sink, echo
            yield gateway


@dataclasses.dataclass
class Stream:
    heads: list = dataclasses.field(default_factory=list)  # of answers: interim ones come first
    content: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def fields(self):
        return dict(self.heads[-1]) if self.heads else {}

    @property
    def status(self):
        return int(self.fields[":status"]) if self.heads else None

    @property
    def is_over(self):
        return self.ended or self.reset is not None


class Wire:
    def __init__(self, gate, token=None, tls=False, window=1 << 20, begins=True):
        self.gate, self.token = gate, token
        self.plug = tls_to(gate.port, "h2") if tls else socket.create_connection(("127.0.0.1", gate.port), timeout=20)
        self.plug.settimeout(20)
        self.scheme = "https" if tls else "http"
        self.packer, self.unpacker, self.bytes = hpack.Encoder(), hpack.Decoder(), b""
        self.unpacker.max_allowed_table_size = 4096
        self.streams, self.ids = collections.defaultdict(Stream), itertools.count(1, 2)
        self.settings, self.goaway, self.is_over, self.updates = {}, None, False, collections.Counter()
        self.held = None  # frames that go at once
        if begins:
            self.plug.sendall(PREFACE)
            self.send(frames.SettingsFrame(0, {frames.SettingsFrame.INITIAL_WINDOW_SIZE: window}))
            self.send(frames.WindowUpdateFrame(0, window_increment=(1 << 24)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plug.close()

    def send(self, *what):
        """Frames, or bytes. False: nobody takes them any more."""
        said = b"".join(one if isinstance(one, bytes) else one.serialize() for one in what)
        if self.held is not None:
            self.held.append(said)
            return True
        try:
            self.plug.sendall(said)
        except OSError:
            self.is_over = True
        return not self.is_over

    @contextlib.contextmanager
    def at_once(self):
        """What is sent within goes as one piece."""
        self.held = []
        yield
        said, self.held = b"".join(self.held), None
        self.send(said)

    def head(self, path, method="GET", *more, without=()):
        fields = [(":method", method), (":scheme", self.scheme), (":authority", f"127.0.0.1:{self.gate.port}"), (":path", path)]
        if self.token:
            fields.append(("authorization", f"Bearer {self.token}"))
        return [field for field in fields if field[0] not in without] + list(more)

    def send_head(self, stream, fields, *flags):
        """In as many frames as it takes."""
        block = self.packer.encode(fields, huffman=False)
        parts = [block[at:at + 16000] for at in range(0, len(block), 16000)]
        made = [frames.HeadersFrame(stream, parts[0], flags=flags), *(frames.ContinuationFrame(stream, part) for part in parts[1:])]
        made[-1].flags.add("END_HEADERS")
        return self.send(*made)

    def ask(self, path, method="GET", *more, ends=True, without=()):
        stream = next(self.ids)
        self.send_head(stream, self.head(path, method, *more, without=without), *(["END_STREAM"] if ends else []))
        return stream

    def say(self, stream, data=b"", ends=False):
        return self.send(frames.DataFrame(stream, data, flags=["END_STREAM"] if ends else []))

    def answer(self, stream):
        """The stream when it is over."""
        return self.read(lambda: self.streams[stream].is_over) and self.streams[stream]

    def get(self, path, *more):
        return self.answer(self.ask(path, "GET", *more))

    def read(self, until):
        """True when it is so; False when the connection ended first."""
        while not until():
            if not self.read_some():
                return until()
        return True

    def read_some(self):
        try:
            data = self.plug.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        self.is_over = self.is_over or not data
        self.bytes += data
        while len(self.bytes) >= 9:
            frame, length = frames.Frame.parse_frame_header(memoryview(self.bytes[:9]))
            if len(self.bytes) < 9 + length:
                break
            frame.parse_body(memoryview(self.bytes[9:9 + length]))
            self.bytes = self.bytes[9 + length:]
            self.take(frame)
        return bool(data)

    def take(self, frame):
        stream = self.streams[frame.stream_id] if frame.stream_id else None
        if isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
            self.settings = dict(frame.settings)
            self.send(frames.SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, frames.HeadersFrame):
            stream.heads.append(self.unpacker.decode(frame.data))
        elif isinstance(frame, frames.DataFrame):
            stream.content += frame.data
        elif isinstance(frame, frames.RstStreamFrame):
            stream.reset = frame.error_code
        elif isinstance(frame, frames.GoAwayFrame):
            self.goaway = frame
        elif isinstance(frame, frames.WindowUpdateFrame):
            self.updates[frame.stream_id] += frame.window_increment
        if stream and "END_STREAM" in frame.flags:
            stream.ended = True

"""A Graylog's ear: takes GELF over UDP as the specification of version 1.1 has it, and anything else as a complaint."""

import json
import re
import socket
import threading
import time

HOST = "127.0.0.1"
MAGIC, HEAD, CHUNKS = b"\x1e\x0f", 12, 128
DATAGRAM = 8192  # "some Graylog components are limited to" so much
ADDITIONAL = re.compile(r"_[\w.\-]+")
TOGETHER_S = 5  # all chunks of a message


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def no_duplicates(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def complaint(message, decimals=3):
    """What GELF 1.1 has against a message, or None. `decimals`: of a second; more than three are only rounded by a Graylog."""
    own = {name: value for name, value in message.items() if not name.startswith("_")}
    if set(own) - {"version", "host", "short_message", "full_message", "timestamp", "level"}:
        return "a member that is neither GELF's nor begins with _"
    if own.get("version") != "1.1":
        return "version"
    if not all(isinstance(own.get(name), str) and own[name].strip() for name in ("host", "short_message")):
        return "host and short_message are texts, and there"
    if not is_number(own.get("timestamp")) or abs(own["timestamp"] - time.time()) > 60:
        return "timestamp is now, in seconds since 1970"
    if own["timestamp"] != round(own["timestamp"], decimals):
        return "timestamp has too many decimals"
    if not isinstance(own.get("level"), int) or not 0 <= own["level"] <= 7:
        return "level is one of syslog"
    if "_id" in message:
        return "_id is Graylog's"
    for name, value in message.items():
        if name.startswith("_") and not (ADDITIONAL.fullmatch(name) and (isinstance(value, str) or is_number(value))):
            return f"{name}: {value!r}"
    return None


class Graylog:
    """with Graylog() as graylog: what came is in `messages`, how many datagrams each took in `sizes`, `complaints` stays empty.

    log4j2 cuts nothing into chunks and says nanoseconds: for it, `datagram` and `decimals` are others."""

    def __init__(self, port=0, datagram=DATAGRAM, decimals=3):
        self.datagram, self.decimals = datagram, decimals
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self.socket.bind((HOST, port))
        self.port = self.socket.getsockname()[1]
        self.url = f"udp://{HOST}:{self.port}"
        self.messages, self.sizes, self.complaints, self.parts = [], [], [], {}
        self.bytes = b""

    def __enter__(self):
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (HOST, self.port))
        self.thread.join()
        self.socket.close()

    def listen(self):
        while datagram := self.socket.recv(65536):
            self.bytes += datagram
            try:
                self.take(datagram)
            except (AssertionError, ValueError) as error:
                self.complaints.append(f"{error}: {datagram[:300]!r}")

    def take(self, datagram):
        assert len(datagram) <= self.datagram, "too large"
        if datagram[:2] == MAGIC:
            self.take_chunk(datagram)
        else:
            self.take_message(datagram, 1)

    def take_chunk(self, datagram):
        assert len(datagram) > HEAD, "an empty chunk"
        number, count = datagram[10], datagram[11]
        began, size, parts = self.parts.setdefault(datagram[2:10], (time.monotonic(), count, {}))
        assert number < count <= CHUNKS and count == size and number not in parts, "numbers"
        assert time.monotonic() - began < TOGETHER_S, "too late"
        parts[number] = datagram[HEAD:]
        if len(parts) == count:
            self.take_message(b"".join(parts[i] for i in range(count)), count)

    def take_message(self, text, size):
        message = json.loads(text.decode("utf-8"), object_pairs_hook=no_duplicates)
        assert not complaint(message, self.decimals), complaint(message, self.decimals)
        self.messages.append(message)
        self.sizes.append(size)

    def find(self, **wanted):
        """Messages whose additional members are these."""
        return [m for m in list(self.messages) if all(m.get(f"_{name}") == value for name, value in wanted.items())]

"""Three readers of HTTP/1.1: ours and llhttp as programs that are asked, h11 in this process. All say what they read in one form.

A reading is {"messages": […], "stops": why nothing more was read, "reason": why it was refused}. A message has its end in
the stream, whether it is whole, and what was read of it, bytes as hexadecimal digits.
"""

import json
import pathlib
import struct
import subprocess
import threading

import h11

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD_MAX = 1 << 20


class Program:
    """A program that answers each stream with a line of JSON, in order."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def read(self, streams):
        writer = threading.Thread(target=self._write, args=(streams,))
        writer.start()
        readings = [self._line(stream) for stream in streams]
        writer.join()
        return readings

    def _write(self, streams):
        self.process.stdin.write(b"".join(struct.pack(">I", len(bytes_)) + kind.encode() + bytes_ for kind, bytes_ in streams))
        self.process.stdin.flush()

    def _line(self, stream):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended over {stream!r}, or one sent with it")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def ours(dump):
    return Program(dump)


def llhttp():
    found = (ROOT / "build" / "node").glob("node_modules/node-linux-*/bin/node")
    return Program(next((str(program) for program in found), "node"), "tests/fuzz/diff_llhttp.js")


class H11:
    """A connection for each message, so that where it ends is seen, and no state is carried over."""

    def read(self, streams):
        return [self._requests(bytes_) if kind == "q" else self._answer(bytes_, kind == "h") for kind, bytes_ in streams]

    def close(self):
        pass

    def _requests(self, stream):
        messages, at, stops, reason = [], 0, "all", ""
        while at < len(stream) and stops == "all":
            connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX)
            connection.receive_data(stream[at:])
            found, stops, reason = follow(connection, len(stream))
            messages += found
            at = len(stream) - len(connection.trailing_data[0])
        return {"messages": messages, "stops": stops, "reason": reason}

    def _answer(self, stream, is_head):
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX)
        fields = [("Host", "a")]
        if b" 101" in stream[:4096]:
            fields += [("Upgrade", "websocket"), ("Connection", "upgrade")]  # else nobody may answer so
        connection.send(h11.Request(method="HEAD" if is_head else "GET", target="/", headers=fields))
        connection.send(h11.EndOfMessage())
        connection.receive_data(stream)
        connection.receive_data(b"")
        messages, stops, reason = follow(connection, len(stream))
        return {"messages": messages, "stops": stops, "reason": reason}


def follow(connection, total):
    """The messages of a connection, up to the end of a request or a final answer."""
    messages = []
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return messages, "more", ""
            if event is h11.PAUSED:
                return messages, "all", ""
            if isinstance(event, (h11.Request, h11.InformationalResponse, h11.Response)):
                messages.append(message_of(event))
            elif isinstance(event, h11.Data):
                messages[-1]["content"] += bytes(event.data).hex()
            messages[-1]["end"] = total - len(connection.trailing_data[0])
            if isinstance(event, h11.EndOfMessage):
                messages[-1]["whole"] = True
                messages[-1]["keep_alive"] = is_kept_alive(connection)
                return messages, "all", ""
    except h11.RemoteProtocolError as refusal:
        return messages, "more" if is_cut_off(refusal) else "bad", str(refusal)


def is_kept_alive(connection):
    """None: it asks for another protocol, and that is to be answered first."""
    return None if connection.their_state is h11.MIGHT_SWITCH_PROTOCOL else connection.their_state is not h11.MUST_CLOSE


def is_cut_off(refusal):
    return "peer closed connection" in str(refusal) or "peer unexpectedly closed" in str(refusal)


def message_of(event):
    read = {"minor": int(event.http_version[-1:]), "content": "", "whole": False, "keep_alive": None,
            "fields": [[name.hex(), value.hex()] for name, value in event.headers.raw_items()]}
    if isinstance(event, h11.Request):
        return {**read, "method": event.method.hex(), "target": event.target.hex()}
    is_interim = isinstance(event, h11.InformationalResponse)
    return {**read, "status": event.status_code, "reason": event.reason.hex(), "whole": is_interim}

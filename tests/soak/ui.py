"""A UI of our own, as a program that can be killed: ui.py PORT. What it answers can be told by whoever asked.

  /echo/…                 what it was asked, as JSON
  /file/SEED/SIZE         bytes that SEED and SIZE settle (content.py)
  /lines/SEED/COUNT       numbered lines in chunks, a little at a time
  /die/SEED/SIZE/AT/HOW   the same bytes, but it dies at AT: HOW is close, reset or chunk
  POST /sink/…            length and SHA-256 of what came
"""

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
import sys

import content

BODY_MAX = 8 << 20


def head(status, *fields):
    return f"HTTP/1.1 {status} X\r\n{''.join(f'{name}: {value}' + chr(13) + chr(10) for name, value in fields)}\r\n".encode()


def whole(data, kind="application/octet-stream"):
    return head(200, ("Content-Type", kind), ("Content-Length", len(data))) + data


async def read_request(reader):
    line = (await reader.readline()).decode("latin-1").split()
    if len(line) != 3:
        return None
    fields = []
    while (text := (await reader.readline()).decode("latin-1").strip()):
        name, _, value = text.partition(":")
        fields.append((name.lower(), value.strip()))
    return line[0], line[1], fields


async def read_body(reader, fields):
    given = dict(fields)
    if given.get("transfer-encoding") == "chunked":
        data = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            data += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return data
    return await reader.readexactly(min(int(given.get("content-length", 0)), BODY_MAX))


async def send_lines(writer, seed, count):
    writer.write(head(200, ("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")))
    for piece in content.lines(seed, count):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.002)
    writer.write(b"0\r\n\r\n")


async def die(writer, seed, size, at, how):
    """Promises all of it and ends in the middle."""
    data = content.block(seed, size)[:at]
    if how == "chunk":
        writer.write(head(200, ("Transfer-Encoding", "chunked")) + f"{size:x}\r\n".encode() + data)
    else:
        writer.write(head(200, ("Content-Length", size)) + data)
    await writer.drain()
    if how == "reset":
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def answer(writer, method, target, fields, body):
    """Whether the connection stays."""
    words = target.split("?")[0].strip("/").split("/")
    if words[0] == "file":
        writer.write(whole(content.block(words[1], int(words[2]))))
    elif words[0] == "lines":
        await send_lines(writer, words[1], int(words[2]))
    elif words[0] == "die":
        await die(writer, words[1], int(words[2]), int(words[3]), words[4])
        return False
    elif words[0] == "sink":
        said = {"target": target, "length": len(body), "sha": hashlib.sha256(body).hexdigest()}
        writer.write(whole(json.dumps(said).encode(), "application/json"))
    else:
        said = {"method": method, "target": target, "names": [name for name, _ in fields]}
        writer.write(whole(json.dumps(said).encode(), "application/json"))
    await writer.drain()
    return True


async def serve(reader, writer):
    with contextlib.suppress(OSError, EOFError, ValueError, asyncio.IncompleteReadError):
        while asked := await read_request(reader):
            body = await read_body(reader, asked[2])
            if not await answer(writer, *asked, body):
                break
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=256, limit=1 << 20)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

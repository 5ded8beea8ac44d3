"""A Graylog's ear for try-outs: prints each GELF message that comes by UDP as one line of JSON. gelf_print.py [PORT]

Chunks are put together; what is not whole after five seconds is forgotten. Compressed messages are unpacked.
"""

import json
import socket
import sys
import time
import zlib

PORT, DATAGRAM = 12201, 65536
MAGIC, HEAD, CHUNKS = b"\x1e\x0f", 12, 128
TOGETHER_S, OPEN_MAX, MESSAGE_MAX = 5, 64, 1024 * 1024


def unpack(message):
    if message[:2] == b"\x1f\x8b" or message[:1] == b"\x78":
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(message, MESSAGE_MAX)
    return message


def gather(parts, chunk):
    """The whole message, once its last chunk is there."""
    now, key, number, count = time.monotonic(), chunk[2:10], chunk[10], chunk[11]
    for old in [k for k, (began, _) in parts.items() if now - began > TOGETHER_S]:
        del parts[old]
    if number >= count or count > CHUNKS or (key not in parts and len(parts) >= OPEN_MAX):
        return None
    have = parts.setdefault(key, (now, {}))[1]
    have[number] = chunk[HEAD:]
    if len(have) < count:
        return None
    del parts[key]
    return b"".join(have[i] for i in sorted(have))


def main():
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("", int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
    parts = {}
    while True:
        datagram = ear.recv(DATAGRAM)
        message = gather(parts, datagram) if datagram[:2] == MAGIC and len(datagram) > HEAD else datagram
        if not message:
            continue
        try:
            print(json.dumps(json.loads(unpack(message)), ensure_ascii=False), flush=True)
        except (ValueError, zlib.error) as error:
            print(f"no GELF: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

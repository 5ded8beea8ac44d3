#!/usr/bin/env python3
"""`make bench-upload`: one long upload (GIB, 2) through sparkgate and through nginx with proxy_request_buffering off, in turn.

ROUNDS (5), FRONT (direct, or evhttp). Prints CPU, and memory over what was resident before; the median of the ratios.
"""
import os
import pathlib
import socket
import statistics
import sys
import tempfile
import threading
import time

import gate
import peers
import spark_site
from bench import BUILD, LINKS_PAGE, tokens_of_issuer
from loads import Failed, read_head
from machine import HOST, LOAD_CORE

ROUNDS, TOTAL = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("GIB", "2")) << 30
BLOCK = b"u" * (1 << 20)


class Sink:
    """A UI that takes everything and says how much it was."""

    def __init__(self):
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.take, args=(peer,), daemon=True).start()

    def take(self, peer):
        buffer, data = bytearray(1 << 20), b""
        while b"\r\n\r\n" not in data:
            more = peer.recv(65536)
            if not more:
                return
            data += more
        head, rest = data.split(b"\r\n\r\n", 1)
        wanted = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        left = (int(wanted[0].split(b":")[1]) if wanted else 0) - len(rest)
        while left > 0:
            left -= peer.recv_into(buffer) or sys.exit("an upload broke off")
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")
        peer.close()

    def stop(self):
        self.listener.close()


class Gate(gate.Gate):
    def __init__(self, world, sink, binary):
        self.sink = sink
        super().__init__(world, "sparkgate-upload", "memory:", binary, os.environ.get("FRONT", "direct"))

    def settings(self, world, store):
        made = super().settings(world, store)
        made["clusters"][0]["uis"] = [{"name": "sink", "url": f"http://{HOST}:{self.sink.port}", "limits": {"body": "8GiB"}}]
        return made


def upload(process, port, path, header):
    process.forget_peak()
    idle, cpu, began = process.kib("VmRSS"), process.cpu_us(), time.monotonic()
    with socket.create_connection((HOST, port), timeout=120) as peer:
        lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Content-Length: {TOTAL}", "Connection: close", *([header] if header else [])]
        peer.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        for _ in range(TOTAL // len(BLOCK)):
            peer.sendall(BLOCK)
        length, rest = read_head(peer)
        if length != 4 or not (rest or peer.recv(4)):
            raise Failed("an upload was not taken whole")
    return {"cpu": process.cpu_us() - cpu, "kib": process.kib("VmHWM") - idle, "s": time.monotonic() - began}


def main():
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    running, ratios, most = [Sink()], [], 0
    with tempfile.TemporaryDirectory(prefix="sparkgate-upload-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        keys, token = tokens_of_issuer()
        try:
            running.append(spark_site.Site(folder, keys, LINKS_PAGE.read_text()))
            world = peers.World(folder, running[1], keys, token)
            ours = Gate(world, running[0], BUILD / "sparkgate")
            running.append(ours)
            nginx = peers.nginx_proxy(world, "nginx-upload", f"""proxy_request_buffering off; client_max_body_size 0;
              location /sink/ {{ proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://{HOST}:{running[0].port}; }}""")
            running.append(nginx)
            for number in range(ROUNDS):
                us = upload(ours.process, ours.port, "/local/ui/sink/x", world.bearer)
                them = upload(nginx.process, int(nginx.url.rsplit(":", 1)[1]), "/sink/x", None)
                ratios.append(us["cpu"] / them["cpu"])
                most = max(most, us["kib"])
                print(f"  round {number + 1}/{ROUNDS}: {us['cpu'] / 1e6:.2f} s of CPU, {us['kib']} KiB over idle, {us['s']:.1f} s; nginx "
                      f"{them['cpu'] / 1e6:.2f} s, {them['kib']} KiB, {them['s']:.1f} s", file=sys.stderr, flush=True)
        finally:
            for thing in reversed(running):
                thing.stop()
    print(f"upload of {TOTAL >> 30} GiB: {statistics.median(ratios):.2f} of nginx's CPU (from {min(ratios):.2f} to {max(ratios):.2f}); "
          f"at most {most} KiB over idle")


if __name__ == "__main__":
    main()

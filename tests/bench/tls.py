"""TLS on the front: contenders with a certificate, and clients that come back with the session of their last visit."""

import socket
import time

import gate
import loads
import peers
from certificate import Certificate
from machine import HOST, UNCHECKED
from spark_site import MASTER


class Gate(gate.Gate):
    SCHEME = "https"

    def settings(self, world, store):
        made, certificate = super().settings(world, store), Certificate(world.folder)
        made["server"]["tls"] = {"certificate": str(certificate.chain), "key": str(certificate.key), "hsts": "0s"}
        return made


def start(world, name, binary):
    """Of its own for each measurement, as for the other loads that count what is kept."""
    if name in ("sparkgate", "sparkgate session", gate.EVHTTP):
        made = Gate(world, "sparkgate-tls", "memory:", binary, "evhttp" if name == gate.EVHTTP else "direct")
        made.await_workers(MASTER)
        return made.contender(name, made.session() if name == "sparkgate session" else world.bearer)
    return peers.TLS_PEERS[name](world, Certificate(world.folder))


def visit(address, request, session):
    """One connection with one request: its session, and whether it was resumed."""
    with socket.create_connection(address, timeout=20) as raw, UNCHECKED.wrap_socket(raw, server_hostname=HOST, session=session) as peer:
        peer.sendall(request)
        loads.read_head(peer)
        while peer.recv(65536):
            pass
        return peer.session, peer.session_reused


def returning(process, url, header, seconds):
    """CPU of a connection: handshake with a resumed session, one 4 KB page, the end."""
    address, request = loads.request_of(url, header)
    request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    session, _ = visit(address, request, None)
    process.forget_peak()
    count, before, began = 0, process.cpu_us(), time.monotonic()
    while time.monotonic() - began < seconds:
        session, was_resumed = visit(address, request, session)
        if not was_resumed:
            raise loads.Failed(f"{url}: connection {count + 1} was not resumed")
        count += 1
    spent = process.cpu_us() - before
    return {"cpu_us": spent / count, "per_second": count / (time.monotonic() - began), "peak_kib": process.kib("VmHWM"), "requests": count}

"""One measurement each: requests by wrk, one long download, connections that rest. All give a dict of numbers."""

import pathlib
import re
import resource
import socket
import subprocess
import time
import urllib.parse

from machine import LOAD_CORE, PROXY_CORE

HERE = pathlib.Path(__file__).resolve().parent
UNITS = {"us": 1, "ms": 1000, "s": 1000000, "m": 60000000}
IDLE_WANTED, IDLE_SPARE_FILES = 10000, 1000


class Failed(Exception):
    """The load did not get what it asked for: its figures would be of something else."""


def microseconds(text):
    """What wrk prints for a time: 812.00us, 1.25ms, 2.01s."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def parse_wrk(text):
    """Requests, requests per second and latencies (us) of what `wrk --latency` printed."""
    if "Non-2xx" in text or "Socket errors" in text:
        raise Failed(text)
    return {"requests": int(re.search(r"(\d+) requests in", text).group(1)),
            "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
            "p50_us": microseconds(re.search(r"\n\s+50%\s+(\S+)", text).group(1)),
            "p99_us": microseconds(re.search(r"\n\s+99%\s+(\S+)", text).group(1))}


def wrk(process, url, header, seconds, connections, script=()):
    """`script`: a Lua file and its arguments; `header`: a line, a list of them, or None."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for line in [header] if isinstance(header, str) else header or []:
        command += ["-H", line]
    command += ["-s", str(HERE / script[0]), url, "--", *map(str, script[1:])] if script else [url]
    process.forget_peak()
    before = process.cpu_us()
    result = parse_wrk(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    spent = process.cpu_us() - before
    if result["requests"] == 0:
        raise Failed(f"{url}: no answer within {seconds} s")
    return result | {"cpu_us": spent / result["requests"], "peak_kib": process.kib("VmHWM")}


def h2load(process, url, header, seconds, streams):
    """One connection of HTTP/2 with so many requests at a time."""
    command = ["taskset", "-c", LOAD_CORE, "h2load", "-t1", "-c1", f"-m{streams}", f"-D{seconds}", "--warm-up-time=0"]
    process.forget_peak()
    before = process.cpu_us()
    said = subprocess.run([*command, *(["-H", header] if header else []), url], check=True, capture_output=True, text=True).stdout
    spent = process.cpu_us() - before
    done, failed = (int(re.search(rf"(\d+) {word}", said).group(1)) for word in ("2xx", "failed"))
    if done == 0 or failed or "Application protocol: h2" not in said:
        raise Failed(said)
    return {"requests": done, "per_second": float(re.search(r"([\d.]+) req/s", said).group(1)), "cpu_us": spent / done, "peak_kib": process.kib("VmHWM")}


def request_of(url, header):
    parts = urllib.parse.urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *([header] if header else [])]
    return (parts.hostname, parts.port), ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(peer):
    """Status, content length and how much of the content came with the head."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(65536)
        if not more:
            raise Failed(f"closed within the head: {data[:200]}")
        data += more
    head, rest = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"\ncontent-length: *(\d+)", head, re.I)
    chunked = re.search(rb"\ntransfer-encoding: *chunked", head, re.I)
    if not head.startswith(b"HTTP/1.1 200") or not (length or chunked):
        raise Failed(head.decode("latin-1")[:400])
    return int(length.group(1)) if length else None, rest


def drain(peer, left):
    buffer = bytearray(1 << 20)
    while left > 0:
        count = peer.recv_into(buffer)
        if count == 0:
            raise Failed(f"closed with {left} bytes to come")
        left -= count


def download(process, url, header):
    """CPU and memory over what was resident before, for one long answer to a fast client on the other core."""
    address, request = request_of(url, header)
    process.forget_peak()
    idle, before, began = process.kib("VmRSS"), process.cpu_us(), time.monotonic()
    with socket.create_connection(address, timeout=60) as peer:
        peer.sendall(request)
        length, rest = read_head(peer)
        if length is None:
            raise Failed(f"{url}: an answer without its length")
        drain(peer, length - len(rest))
    seconds = time.monotonic() - began
    return {"cpu_us": process.cpu_us() - before, "over_idle_kib": max(0, process.kib("VmHWM") - idle), "peak_kib": process.kib("VmHWM"),
            "mib_per_second": length / seconds / (1 << 20)}


def idle_count():
    """10,000, or what this process may open, and the proxies with it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(IDLE_WANTED, hard - IDLE_SPARE_FILES)


def one_answer(peer, request):
    peer.sendall(request)
    length, rest = read_head(peer)
    if length is None:
        while not rest.endswith(b"0\r\n\r\n"):
            rest += peer.recv(65536)
    else:
        drain(peer, length - len(rest))


def idle(process, url, header):
    """KiB resident for each connection that had an answer and is kept. Memory of the kernel is not in it."""
    address, request = request_of(url, header)
    peers, count = [], idle_count()
    try:
        with socket.create_connection(address, timeout=20) as first:
            for _ in range(200):
                one_answer(first, request)
        time.sleep(0.2)
        before, cpu = process.kib("VmRSS"), process.cpu_us()
        for _ in range(count):
            peers.append(socket.create_connection(address, timeout=20))
            one_answer(peers[-1], request)
        time.sleep(0.5)
        after = process.kib("VmRSS")
        held = sum(not is_closed(peer) for peer in peers)
        if held < count:
            raise Failed(f"{count - held} of {count} connections were closed")
        return {"kib_each": (after - before) / count, "held": held, "peak_kib": process.kib("VmHWM"),
                "cpu_us": (process.cpu_us() - cpu) / count}
    finally:
        for peer in peers:
            peer.close()


def is_closed(peer):
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False


def verify_us(binary, keys):
    """CPU of one EVP_DigestVerify, over the same tokens, on the proxies' core."""
    out = subprocess.run(["taskset", "-c", PROXY_CORE, str(binary), "verify", str(keys)], check=True, capture_output=True, text=True).stdout
    return float(out)

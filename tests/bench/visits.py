#!/usr/bin/env python3
"""`make bench-visits`: pages of real Spark in Chromium, over lines as people have them, straight from Spark and through the gateway.

PAGES ("stage executors": a stage of an application that runs; the 2,000 executors of one that the history server has), LINKS ("20/100 50/20
150/5": round trip in ms / Mbit per second), SCHEMES ("https http"), ROUNDS (5), SPARK (4.3). A line is link.c; what it claims is measured
first. Straight and through take turns. A visit ends when the page's table is there, and gives the time to the last byte of what was
loaded, to first contentful paint, and until the table was seen; a second visit has the browser's cache of the first. Writes
build/visits.json.
"""
import base64
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("compat", "e2e", "support")]

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from browser import chromium, enter_by_link  # noqa: E402
from conftest import BASE  # noqa: E402
from gateway import Gateway, cluster_entry  # noqa: E402
from machine import HOST, free_port  # noqa: E402
from many_executors import APP, write_log  # noqa: E402
from spark_cluster import Cluster, a_stage  # noqa: E402
from tls_front import write_certificate  # noqa: E402
from world import keystore_of, tls_settings  # noqa: E402

BUILD = ROOT / os.environ.get("BUILD", "build")
LINKS = [tuple(int(n) for n in link.split("/")) for link in os.environ.get("LINKS", "20/100 50/20 150/5").split()]
SCHEMES, ROUNDS = os.environ.get("SCHEMES", "https http").split(), int(os.environ.get("ROUNDS", "5"))
QUEUE_KIB = 256
LIMITS = {("stage", "first"): 0.55, ("stage", "again"): 0.15, ("executors", "first"): 0.5}  # of the direct page, over https at 50/20
PAGES = os.environ.get("PAGES", "stage executors").split()
WHOLE = {"stage": "#active-tasks-table tbody tr td", "executors": "#active-executors-table tbody tr td"}  # it is there: the page is whole
EXECUTORS = 2000
LIMITS_AT = ("https", (50, 20))
WHEN = """() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ends = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")].map((entry) => entry.responseEnd);
    return {paint: paint ? paint.startTime : null, last: Math.max(...ends)};
}"""


@contextlib.contextmanager
def line(server_port, rtt_ms, mbit, port=0):
    """A link to that port of this machine; gives the port of its near end."""
    command = [BUILD / "tests/bench/link", str(port), f"{HOST}:{server_port}", str(rtt_ms), str(mbit), str(QUEUE_KIB)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


# --- what a line claims ---

def answer_all(listener):
    """For each connection: bytes as many as it asks for in a line."""
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(bytes(int(peer.makefile().readline())))


def ask(port, count):
    began = time.monotonic()
    with socket.create_connection((HOST, port)) as peer:
        peer.sendall(f"{count}\n".encode())
        while peer.recv(1 << 20):
            pass
    return time.monotonic() - began


def check_line(rtt_ms, mbit):
    """Milliseconds of one byte over a new connection (two round trips are claimed), and Mbit/s of a long answer."""
    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=answer_all, args=(listener,), daemon=True).start()
        with line(listener.getsockname()[1], rtt_ms, mbit) as port:
            short = statistics.median(ask(port, 1) for _ in range(5))
            size = mbit * 250_000  # two seconds
            long = ask(port, size)
    return short * 1000, size * 8 / 1e6 / (long - short)


# --- visits ---

class Tab:
    def __init__(self, context):
        self.page = context.new_page()
        self.network = context.new_cdp_session(self.page)

    def visit(self, url, whole):
        self.page.goto(url, wait_until="load")
        self.page.wait_for_selector(whole)
        shown = self.page.evaluate("performance.now()")
        self.page.wait_for_load_state("networkidle")
        return {**self.page.evaluate(WHEN), "whole": shown}

    def first_and_again(self, url, whole):
        self.network.send("Network.clearBrowserCache")
        self.page.goto("about:blank")
        first = self.visit(url, whole)
        self.page.goto("about:blank")
        return {"first": first, "again": self.visit(url, whole)}


@contextlib.contextmanager
def estate(scheme, folder):
    """Spark that speaks the scheme: gives info() and the certificate."""
    pem = None
    conf = {}
    if scheme == "https":
        pem = write_certificate(folder, [HOST])
        pem.chmod(0o600)
        conf = {"spark.ssl.enabled": "true", **tls_settings(keystore_of(pem))}
    with Cluster(os.environ.get("SPARK", "4.3"), workers=1, conf=conf) as cluster:
        write_log(cluster.dir / "events", "4.3.0", EXECUTORS)
        cluster.await_history_of(APP)
        yield cluster.info(), pem


@contextlib.contextmanager
def gateway_at(info, pem, near_port):
    """A gateway whose people come by the near end of a line."""
    scheme = "https" if pem else "http"
    origin = f"{scheme}://{HOST}:{near_port}"
    server = {"public_url": f"{origin}{BASE}/", **({"tls": {"certificate": str(pem), "key": str(pem)}} if pem else {})}
    gateway = Gateway([{**cluster_entry(info), **({"ca_file": str(pem)} if pem else {})}], BASE, {"server": server})
    gateway.origin, gateway.url = origin, origin + gateway.base
    with gateway:
        yield gateway


def trusting(pem):
    """Chromium's arguments. It keeps no file that came with a certificate which it does not trust, even where it is told to go on."""
    if pem is None:
        return []
    key = x509.load_pem_x509_certificate(pem.read_bytes()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return [f"--ignore-certificate-errors-spki-list={base64.b64encode(hashlib.sha256(key).digest()).decode()}"]


def await_page(tab, url):
    for _ in range(60):
        if tab.page.goto(url).status == 200:
            return
        tab.page.wait_for_timeout(500)
    raise TimeoutError(url)


def address_of(info, page):
    """Of a page: its server, the path there, and the path through a gateway."""
    if page == "executors":
        path = f"/history/{APP}/executors/"
        return info["history"], path, f"/local/shs{path}"
    app = info["apps"]["running"]
    path = a_stage(app["ui"])
    return app["ui"], path, f"/local/proxy/{app['id']}{path}"


def measure(playwright, info, pem, link, page):
    """Rounds of {direct|through: {first|again: {paint, last, whole}}}, in milliseconds."""
    near_port, (ui, path, path_through) = free_port(), address_of(info, page)
    ui_port = int(ui.rstrip("/").rsplit(":", 1)[1])
    rounds = []
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(gateway_at(info, pem, near_port))
        stack.enter_context(line(gateway.port, *link, near_port))
        direct = f"{'https' if pem else 'http'}://{HOST}:{stack.enter_context(line(ui_port, *link))}{path}"
        through = gateway.url + path_through
        context = stack.enter_context(chromium(playwright, trusting(pem), reachable=None))
        tabs = {"direct": Tab(context), "through": Tab(context)}
        enter_by_link(tabs["through"].page, gateway)
        await_page(tabs["through"], through)
        for _ in range(ROUNDS):
            rounds.append({"direct": tabs["direct"].first_and_again(direct, WHOLE[page]), "through": tabs["through"].first_and_again(through, WHOLE[page])})
    return rounds


def show(page, scheme, link, rounds):
    """Medians, and their ratios."""
    for visit in ("first", "again"):
        for what in ("last", "paint", "whole"):
            direct, through = (statistics.median(one[way][visit][what] for one in rounds) for way in ("direct", "through"))
            limit = LIMITS.get((page, visit)) if (scheme, link) == LIMITS_AT and what != "whole" else None
            word = "" if limit is None else f"   limit {limit}" + ("" if through <= limit * direct else ", above")
            print(f"  {page:9} {scheme:5} {link[0]:4} ms {link[1]:4} Mbit/s  {visit:5} visit, {what:5}  {direct:7.0f} {through:7.0f} ms"
                  f"   {through / direct:5.2f}{word}", flush=True)


def main():
    results = {}
    for link in LINKS:
        short, mbit = check_line(*link)
        print(f"  a line of {link[0]} ms and {link[1]} Mbit/s: a byte takes {short:.1f} ms (two round trips), a long answer has {mbit:.1f} Mbit/s")
    print("                                                         direct through   ratio")
    for scheme in SCHEMES:
        with tempfile.TemporaryDirectory() as folder, estate(scheme, folder) as (info, pem), sync_playwright() as playwright:
            for page, link in itertools.product(PAGES, LINKS):
                rounds = measure(playwright, info, pem, link, page)
                show(page, scheme, link, rounds)
                results[f"{page} {scheme} {link[0]}/{link[1]}"] = rounds
    (BUILD / "visits.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

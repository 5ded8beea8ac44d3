"""A comma ends no cookie (S204): a browser takes one from a sibling host that holds a comma and our cookie's name, and the spelling of an
Envoy that joins Cookie fields loses no browser its session without that."""

import contextlib
import http.client
import re
import ssl
import tempfile
import urllib.parse

import pytest
from playwright.sync_api import sync_playwright

from browser import chromium, enter_by_link
from gateway import Gateway
from h2_client import Stream
from ingress import Ingress
from spark_cluster import HOST, free_port
from tls_front import write_certificate

GATE, SIBLING = "gate.spark.localhost", "sibling.spark.localhost"
NAME = "__Host-sparkgate"
REACHABLE = re.compile(r"https?://(127\.0\.0\.1|[\w.]+\.localhost)[:/]|(data|blob|about):")


@pytest.fixture(scope="module")
def certificate():
    with tempfile.TemporaryDirectory(prefix="sparkgate-cert-") as folder:
        pem = write_certificate(folder, [GATE, HOST])
        pem.chmod(0o600)  # the key is in it
        yield pem


# --- a browser and a sibling host ---


@pytest.fixture()
def gate(certificate, upstream):
    port = free_port()
    tls = {"certificate": str(certificate), "key": str(certificate)}
    server = {"public_url": f"https://{GATE}:{port}/", "tls": tls}
    gateway = Gateway([{"name": "local", "uis": [{"name": "echo", "url": upstream.url}]}], settings={"server": server}, port=port)
    gateway.origin = gateway.url = f"https://{GATE}:{port}"
    with gateway:
        yield gateway


@pytest.fixture()
def browser():
    rules = ["--host-resolver-rules=MAP *.localhost 127.0.0.1"]
    with sync_playwright() as playwright, chromium(playwright, rules, REACHABLE, ignore_https_errors=True) as context:
        yield context


def is_signed_in(page, gate):
    page.goto(f"{gate.url}/")
    return urllib.parse.urlsplit(page.url).path == "/"


def write_cookie(page, upstream, text):
    """As a page of the sibling host does, for all hosts of their domain."""
    page.goto(f"http://{SIBLING}:{urllib.parse.urlsplit(upstream.url).port}/")
    page.evaluate("text => { document.cookie = text + '; Domain=spark.localhost; Path=/' }", text)


def test_s204_what_a_sibling_host_writes_behind_a_comma_signs_nobody_in(gate, upstream, browser):
    page = browser.new_page()
    enter_by_link(page, gate)
    session = next(cookie for cookie in browser.cookies() if cookie["name"] == NAME)
    browser.clear_cookies()
    write_cookie(page, upstream, f"{NAME}={session['value']}")
    assert browser.cookies() == []  # the name's prefix keeps a sibling out
    smuggled = f"x,{NAME}={session['value']}"
    write_cookie(page, upstream, f"theme={smuggled}")
    assert [cookie["value"] for cookie in browser.cookies(gate.url)] == [smuggled]  # one cookie, whatever its value looks like
    assert not is_signed_in(page, gate)
    browser.add_cookies([session])
    assert is_signed_in(page, gate)  # the session itself is alive


# --- an Envoy that joins fields ---


@pytest.fixture(scope="module")
def joining(certificate, upstream):
    with contextlib.ExitStack() as stack:
        yield Ingress(stack, "joining-envoy", urllib.parse.urlsplit(upstream.url).port, certificate=certificate)


def cookie_of(ingress):
    token = ingress.gateway.create_token("session", "user")["access_token"]
    with contextlib.closing(http.client.HTTPSConnection(HOST, ingress.port, context=ssl._create_unverified_context())) as conn:
        conn.request("POST", "/_gate/login", urllib.parse.urlencode({"token": token}),
                     {"Origin": ingress.gateway.origin, "Content-Type": "application/x-www-form-urlencoded"})
        return conn.getresponse().headers["Set-Cookie"].partition(";")[0]


def by_http_1(ingress, cookies):
    with contextlib.closing(http.client.HTTPSConnection(HOST, ingress.port, context=ssl._create_unverified_context())) as conn:
        conn.putrequest("GET", "/spark/")
        for cookie in cookies:
            conn.putheader("Cookie", cookie)
        conn.endheaders()
        return conn.getresponse().status


def by_http_2(ingress, cookies):
    pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", ingress.authority), (":path", "/spark/")]
    with Stream(ingress.port, pseudo + [("cookie", cookie) for cookie in cookies]) as stream:
        return stream.status


def test_s204_a_browsers_session_is_known_behind_an_envoy_that_joins_fields(joining):
    """Browsers send one field by HTTP/1.1 (RFC 6265 5.4); by HTTP/2 each cookie has its own, and Envoy puts a semicolon between these."""
    session = cookie_of(joining)
    assert by_http_1(joining, [f"theme=a,b; {session}; last=1"]) == 200
    assert by_http_2(joining, ["theme=a,b", session, "last=1"]) == 200


def test_s204_several_fields_that_an_envoy_has_joined_by_a_comma_are_not_taken_apart(joining):
    assert by_http_1(joining, ["theme=dark", cookie_of(joining)]) == 401

"""Uploads to an object storage that misbehaves: whoever uploads gets one clear answer, and what is on its way stays bounded."""

import json
import socket
import threading
import time

import pytest

from gateway import Gateway
from odd_s3 import DENIED, EMPTY, MIB, OddS3, answer
from s3_server import REGION
from spark_cluster import HOST, wait_for
from test_artifacts import ARTIFACTS, begin_put, put
from token_client import Api, problem


@pytest.fixture
def s3():
    with OddS3() as server:
        yield server


@pytest.fixture
def ann(s3, tmp_path):
    for name in ("access", "secret"):
        (tmp_path / name).write_text(f"the-{name}")
        (tmp_path / name).chmod(0o600)
    storage = {"s3": s3.url, "region": REGION, "access_key_file": f"{tmp_path}/access", "secret_key_file": f"{tmp_path}/secret", "spark_uri": "s3a://apps/"}
    address = f"http://{HOST}:9"
    entry = {"name": "prod", "masters": [address],
             "launch": {"rest": address, "artifacts": storage, "profiles": [{"name": "small", "roles": ["everyone"]}]}}
    with Gateway([entry], "/gate", folder=tmp_path) as gate:
        yield Api(gate, "user", "ann")


def first_line(link, timeout=20):
    link.sock.settimeout(timeout)
    return link.sock.recv(65536).split(b"\r\n")[0]


def test_the_client_is_told_to_go_on_only_when_the_storage_is_ready(ann, s3):
    order = []

    def on_put(peer):
        assert "Expect: 100-continue" in peer.head
        time.sleep(0.4)
        order.append("storage")
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        s3.take_all(peer)

    s3.on_put = on_put
    link = begin_put(ann, "x", 2 * MIB, ("Expect", "100-continue"))
    assert first_line(link) == b"HTTP/1.1 100 Continue"
    assert order == ["storage"]
    link.send(bytes(2 * MIB))
    assert first_line(link) == b"HTTP/1.1 201 Created" and s3.took == [2 * MIB]


def test_a_storage_that_never_says_go_on_gets_it_all_the_same(ann, s3):
    assert put(ann, "x", bytes(3 * MIB)).status_code == 201 and s3.took == [3 * MIB]


def test_a_storage_that_refuses_at_once_costs_the_client_no_content(ann, s3):
    s3.on_put = lambda peer: peer.send(answer(403, DENIED))
    link = begin_put(ann, "x", 2 * MIB, ("Expect", "100-continue"))
    assert first_line(link) == b"HTTP/1.1 502 Bad Gateway"


@pytest.mark.parametrize("status, told", [(403, 502), (404, 502), (400, 502), (307, 502), (500, 503), (503, 503)])
def test_what_the_storage_says_in_the_middle_ends_the_upload(ann, s3, status, told):
    def on_put(peer):
        peer.read(MIB)
        peer.send(answer(status, DENIED, f"Location: {s3.url}/elsewhere"))
        peer.read(64 * MIB)

    s3.on_put = on_put
    problem(put(ann, "x", bytes(3 * MIB)), told)


def test_a_storage_that_breaks_off_is_told_as_down(ann, s3):
    def on_put(peer):
        peer.read(MIB)
        peer.reset()

    s3.on_put = on_put
    problem(put(ann, "x", bytes(8 * MIB)), 503)
    s3.on_put = s3.take_all
    assert put(ann, "x", b"x").status_code == 201


def test_a_storage_that_is_content_with_a_part_has_not_stored_it(ann, s3):
    def on_put(peer):
        peer.read(MIB)
        peer.send(answer(200))

    s3.on_put = on_put
    assert put(ann, "x", bytes(64 * MIB)).status_code in (502, 503)


def test_s129_a_slow_storage_slows_the_client_and_takes_no_memory(ann, s3):
    def on_put(peer):
        peer.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        s3.seen.append(peer.read(4 * MIB, pause=0.002))
        time.sleep(30)

    s3.on_put = on_put
    idle = ann.gateway.resident_kib()
    link = begin_put(ann, "x", 512 * MIB)
    link.sock.settimeout(3)
    sent = 0
    with pytest.raises(TimeoutError):
        for _ in range(512):
            link.sock.sendall(bytes(MIB))
            sent += 1
    assert sent < 64 and ann.gateway.peak_kib() - idle < 16 * 1024
    link.close()
    s3.on_put = s3.take_all
    wait_for(lambda: put(ann, "y", b"y").status_code == 201, "the next upload", 20)


@pytest.mark.parametrize("content", [b"", b"all of it"])
def test_s37_what_was_sent_at_once_waits_until_it_is_known_who_sent_it(ann, s3, content):
    """The list of the folder takes so long that the token is revoked meanwhile."""
    asked, revoked = threading.Event(), threading.Event()

    def on_list():
        asked.set()
        revoked.wait(30)
        time.sleep(1.2)  # within a second what was known is still good

    s3.before_list = on_list
    link = begin_put(ann, "x", len(content))
    link.send(content)
    assert asked.wait(20)
    ann.gateway.command("token", "revoke", ann.id)
    revoked.set()
    assert link.getresponse().status == 401
    assert s3.took == []


def test_a_client_that_leaves_ends_the_storages_connection(ann, s3):
    s3.on_put = lambda peer: s3.seen.append(peer.read(64 * MIB))
    link = begin_put(ann, "x", 64 * MIB)
    link.send(bytes(2 * MIB))
    link.close()
    assert s3.ended.wait(20) and s3.seen[0] < 64 * MIB


def leave_at(ann, s3, step, method):
    """A request whose client leaves while the storage is at `step`: "list" or "change". Gives the storage's requests until then."""
    asked, go_on = threading.Event(), threading.Event()

    def wait(*_):
        asked.set()
        assert go_on.wait(20)

    s3.object = method == "DELETE"
    if step == "list":
        s3.before_list = wait
    else:
        s3.before_change = wait
    link = begin_put(ann, "x", 2, method=method)
    if step == "change" and method == "PUT":
        link.send(b"x")  # and one is still to come
    assert asked.wait(20), "the storage is asked"
    link.sock.shutdown(socket.SHUT_RDWR)
    link.close()
    time.sleep(0.3)
    go_on.set()
    s3.before_list = s3.before_change = lambda: None
    assert ann.get(ARTIFACTS, timeout=20).status_code == 200, "the gateway goes on"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_client_that_leaves_while_the_storage_is_asked_changes_nothing(ann, s3, method):
    leave_at(ann, s3, "list", method)
    assert "PUT" not in s3.methods and "DELETE" not in s3.methods, s3.methods


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_client_that_leaves_while_the_storage_changes_something_ends_that_call_alone(ann, s3, method):
    leave_at(ann, s3, "change", method)
    assert s3.methods.count(method) == 1
    assert '"level":"error"' not in ann.gateway.log_text(), ann.gateway.log_text()[-2000:]


LISTS = [
    (answer(200, b"<html>sign in</html>"), 502), (answer(200, b"{}"), 502), (answer(200, EMPTY[:-5]), 502),
    (answer(200, b'<!DOCTYPE x [<!ENTITY a "b">]>' + EMPTY), 502), (answer(403, DENIED), 502), (answer(404, b""), 502),
    (answer(301, b"", "Location: http://127.0.0.1:9/apps"), 502), (answer(503, b""), 503),
    (b"HTTP/1.1 200 OK\r\n\r\n" + EMPTY.replace(b"<IsT", b" " * (5 << 20) + b"<IsT"), 503), (b"nonsense\r\n\r\n", 503)]


@pytest.mark.parametrize("listing, told", LISTS, ids=[str(number) for number in range(len(LISTS))])
def test_lists_that_are_none_are_clear_answers(ann, s3, listing, told):
    s3.listing = listing
    problem(ann.get(ARTIFACTS), told)
    problem(put(ann, "x", b"x"), told)


@pytest.mark.parametrize("listing", [
    b"HTTP/1.1 200 OK\r\n\r\n" + EMPTY,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{len(EMPTY):x}\r\n".encode() + EMPTY + b"\r\n0\r\n\r\n"],
    ids=["until the end", "chunked"])
def test_lists_without_a_length_are_read(ann, s3, listing):
    s3.listing = listing
    assert ann.get(ARTIFACTS).json()["artifacts"] == []


def test_keys_that_are_no_names_are_not_shown_but_take_room(ann, s3):
    put(ann, "x", b"x")
    listed = ann.get(ARTIFACTS).json()
    assert listed["used"] == 0
    folder = json.loads(put(ann, "x", b"x").text)["uri"].removeprefix("s3a://apps/").rsplit("/", 1)[0]
    rows = "".join(f"<Contents><Key>{folder}/{key}</Key><Size>10</Size></Contents>" for key in ("good.py", "not good", ".dot"))
    s3.listing = answer(200, EMPTY.replace(b"</ListB", rows.encode() + b"</ListB"))
    listed = ann.get(ARTIFACTS).json()
    assert [row["name"] for row in listed["artifacts"]] == ["good.py"] and listed["used"] == 30

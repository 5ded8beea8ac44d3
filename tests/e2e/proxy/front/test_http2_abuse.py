"""HTTP/2 as an attacker speaks it: two readings of one request, floods, stalls (S212, S221-S228, S230)."""

import contextlib
import json
import re
import socket
import time

import hyperframe.frame as frames
import pytest
import requests

from gateway import HOST, Gateway
from h2_wire import LAB, PREFACE, UI, Wire, gateway_of_uis
from sink import Sink
from spark_cluster import wait_for
from upstream import Upstream

CALM, PROTOCOL, REFUSED, CANCEL = 11, 1, 7, 8
MIB = 1 << 20


@pytest.fixture(scope="module")
def gate():
    with gateway_of_uis({"threads": 1, "limits": {"head_timeout": "1s", "per_client": 150}}, "1GiB") as gateway:
        yield gateway


@pytest.fixture
def wire(gate):
    with Wire(gate, gate.token) as made:
        yield made


def serves(gate):
    """Somebody else is served as before."""
    answer = requests.get(f"{gate.url}{UI}/page", headers={"Authorization": f"Bearer {gate.token}"}, timeout=20)
    return answer.status_code == 200


def metric(gate, name):
    text = requests.get(gate.admin_url + "/metrics", timeout=10).text
    return int(float(re.search(rf"^sparkgate_{name} (\S+)$", text, re.M).group(1)))


def is_refused(answer):
    return answer is False or answer.reset is not None or 400 <= answer.status < 500


# --- S221: one request, one reading ---

SMUGGLED = "x\r\nhost: other\r\n\r\nGET /local/ui/lab/smuggled HTTP/1.1\r\nhost: other"


@pytest.mark.parametrize("fields", [
    [("connection", "close")], [("keep-alive", "1")], [("proxy-connection", "x")], [("upgrade", "websocket")],
    [("transfer-encoding", "chunked")], [("te", "gzip")], [("X-Upper", "1")], [("x-line", SMUGGLED)], [("x-nul", "a\0b")],
    [("x-cr", "a\rb")], [("x-lf", "a\nb")], [("x name", "1")], [("x:name", "1")], [("", "1")], [(":path", "/second")], [(":unknown", "1")],
    [("x-own", "1"), (":late", "1")], [("host", "other")], [("host", f"{HOST}:1"), ("host", "b")],
    [("content-length", "5")], [("content-length", "0"), ("content-length", "0")], [("content-length", "+0")], [("content-length", "0x0")],
], ids=lambda fields: fields[0][0].strip(":") or "empty")
def test_s221_a_head_that_could_be_read_in_two_ways_is_refused(gate, wire, fields):
    seen = len(gate.sink.heads)
    assert is_refused(wire.get(f"{UI}/page", *fields))
    assert len(gate.sink.heads) == seen and serves(gate)


@pytest.mark.parametrize("pseudo", [
    {":method": None}, {":path": None}, {":scheme": None}, {":authority": None}, {":method": "GET /x HTTP/1.1\r\n"}, {":method": "G T"},
    {":path": "/a b"}, {":path": "/a\r\nx: y"}, {":path": "*"}, {":path": "http://other/"}, {":path": "no/slash"}, {":path": ""},
    {":scheme": "ftp"}, {":authority": "other"}, {":authority": f"user@{HOST}"}, {":authority": "a\r\nx: y"}, {":authority": "a b"}, {":method": "BREW"},
], ids=lambda pseudo: next(iter(pseudo))[1:])
def test_s221_pseudo_fields_make_one_request_line(gate, wire, pseudo):
    fields = [(name, pseudo.get(name, value)) for name, value in wire.head(f"{UI}/page")]
    stream = next(wire.ids)
    wire.send_head(stream, [(name, value) for name, value in fields if value is not None], "END_STREAM")
    assert is_refused(wire.answer(stream))
    assert serves(gate)


def test_s221_host_beside_authority_has_to_say_the_same(wire):
    assert wire.get(f"{UI}/page", ("host", f"{HOST}:{wire.gate.port}")).status == 200
    assert is_refused(wire.get(f"{UI}/page", ("host", f"{HOST}:{wire.gate.port + 1}")))
    only = next(wire.ids)
    wire.send_head(only, [*wire.head(f"{UI}/page", without=(":authority",)), ("host", f"{HOST}:{wire.gate.port}")], "END_STREAM")
    assert wire.answer(only).status == 200


@pytest.mark.parametrize("said,sent", [(5, b"1234567"), (5, b"123")])
def test_s221_content_is_as_long_as_was_said(gate, wire, said, sent):
    stream = wire.ask(f"{LAB}/take", "POST", ("content-length", str(said)), ends=False)
    wire.say(stream, sent, ends=True)
    answer = wire.answer(stream)
    assert answer is False or answer.reset == PROTOCOL
    assert serves(gate)


def test_s221_content_that_was_said_not_to_come_reaches_nobody(gate, wire):
    stream = wire.ask(f"{LAB}/take", "POST", ("content-length", "0"), ends=False)
    wire.say(stream, b"1", ends=True)
    answer = wire.answer(stream)
    assert answer is False or answer.reset == PROTOCOL or json.loads(answer.content)["bytes"] == 0
    assert serves(gate)


def test_s221_crumbs_of_a_cookie_are_one_cookie_without_ours(wire):
    told = json.loads(wire.get(f"{UI}/page", ("cookie", "one=1"), ("cookie", "sparkgate=stolen"), ("cookie", "two=2; three=3")).content)
    cookies = [value for name, value in told["fields"] if name == "cookie"]
    assert len(cookies) == 1 and "sparkgate" not in cookies[0]


def test_s221_the_largest_number_may_be_the_first(gate, wire):
    stream = (1 << 31) - 1
    wire.send_head(stream, wire.head(f"{UI}/page"), "END_STREAM")
    assert wire.answer(stream).status == 200 and serves(gate)


# --- S222: requests that are taken back ---

def test_s222_rapid_reset_ends_the_connection_and_costs_no_ui(gate, wire):
    before = metric(gate, "http2_resets_total")
    for _ in range(2000):
        stream = wire.ask(f"{UI}/page")
        if not wire.send(frames.RstStreamFrame(stream, error_code=CANCEL)):
            break
    assert not wire.read(lambda: False)
    assert wire.goaway.error_code == CALM
    wait_for(lambda: metric(gate, "exchanges") == 0 and metric(gate, "http2_connections") == 0, "all of them to end", 10)
    assert 0 < metric(gate, "http2_resets_total") - before <= 300
    assert serves(gate)


def test_s222_a_page_that_is_left_a_few_times_is_no_attack(wire):
    for _ in range(3):
        streams = [wire.ask(f"{UI}/page") for _ in range(40)]
        for stream in streams:
            wire.send(frames.RstStreamFrame(stream, error_code=CANCEL))
        assert wire.get(f"{UI}/page").status == 200


@pytest.mark.parametrize("sent,ends", [(b"12", False), (b"", True)], ids=["longer", "shorter"])
def test_s222_content_that_makes_us_reset_is_counted_too(gate, wire, sent, ends):
    """It has another length than was said."""
    for _ in range(40):
        streams = [wire.ask(f"{LAB}/take", "POST", ("content-length", "1"), ends=False) for _ in range(20)]
        for stream in streams:
            wire.say(stream, sent, ends)
        if not wire.read(lambda: all(wire.streams[stream].is_over for stream in streams)):  # noqa: B023
            break
    assert wire.is_over and wire.goaway.error_code == CALM and serves(gate)


def test_s222_making_us_reset_is_counted_too(gate, wire):
    """MadeYouReset: each request is spoiled, so that the server takes it back."""
    for _ in range(2000):
        stream = wire.ask(f"{UI}/page")
        if not wire.send(b"\0\0\4\x08\0" + stream.to_bytes(4) + b"\0\0\0\0"):  # WINDOW_UPDATE by 0
            break
    assert not wire.read(lambda: False)
    assert wire.goaway.error_code in (CALM, PROTOCOL) and serves(gate)


# --- S223: frames that bring nothing ---

def ping():
    return frames.PingFrame(0, b"12345678")


@pytest.mark.parametrize("make", [
    lambda wire: ping(), lambda wire: frames.SettingsFrame(0, {}), lambda wire: frames.PriorityFrame(99, depends_on=0, stream_weight=1),
    lambda wire: frames.WindowUpdateFrame(0, window_increment=1), lambda wire: b"\0\0\0\xee\0\0\0\0\0",
    lambda wire: frames.DataFrame(wire.open_stream, b""),
], ids=["ping", "settings", "priority", "window", "unknown", "empty-data"])
def test_s223_a_flood_ends_its_connection_alone(gate, wire, make):
    wire.open_stream = wire.ask(f"{LAB}/take", "POST", ends=False)
    for _ in range(60):
        if not wire.send(*[make(wire) for _ in range(100)]):
            break
    assert not wire.read(lambda: False)
    assert wire.goaway is None or wire.goaway.error_code == CALM
    assert serves(gate)


def test_s223_who_reads_no_answers_to_pings_holds_little(gate):
    before = gate.resident_kib()
    with Wire(gate, gate.token) as wire:
        wire.plug.settimeout(2)
        try:
            while wire.send(*[ping() for _ in range(1000)]):
                pass
        except TimeoutError:
            pass
        assert gate.resident_kib() - before < 4096
    assert serves(gate)


def test_s223_pings_beside_work_are_answered(wire):
    for _ in range(100):
        wire.send(ping())
        assert wire.get(f"{UI}/page").status == 200


# --- S224: heads ---

def test_s224_a_flood_of_continuations_ends_the_connection(gate, wire):
    stream = next(wire.ids)
    wire.send(frames.HeadersFrame(stream, wire.packer.encode(wire.head(f"{UI}/page")), flags=["END_STREAM"]))
    for _ in range(1000):
        if not wire.send(frames.ContinuationFrame(stream, b"")):
            break
    assert not wire.read(lambda: False)
    assert wire.goaway is None or wire.goaway.error_code == CALM
    assert serves(gate)


def test_s224_a_head_in_a_few_frames_is_read(wire):
    stream = next(wire.ids)
    block = wire.packer.encode(wire.head(f"{UI}/page"), huffman=False)
    third = len(block) // 3
    wire.send(frames.HeadersFrame(stream, block[:third], flags=["END_STREAM"]), frames.ContinuationFrame(stream, block[third:2 * third]),
              frames.ContinuationFrame(stream, block[2 * third:], flags=["END_HEADERS"]))
    assert wire.answer(stream).status == 200


def test_s224_a_head_that_drips_ends_in_time(gate, wire):
    stream = next(wire.ids)
    wire.send(frames.HeadersFrame(stream, wire.packer.encode(wire.head(f"{UI}/page")), flags=["END_STREAM"]))
    began = time.monotonic()
    assert not wire.read(lambda: False)
    assert time.monotonic() - began < 10 and serves(gate)


def test_s224_who_is_silent_behind_a_whole_head_stays(wire):
    """Longer than a head may take: the silence is what is tried."""
    under_way = wire.ask(f"{LAB}/stall", "POST", ("content-length", "0"))
    time.sleep(3)
    assert wire.get(f"{UI}/page").status == 200
    assert not wire.streams[under_way].is_over and wire.goaway is None


def test_s224_who_says_hello_and_no_more_goes_in_time(gate):
    with Wire(gate, begins=False) as wire:
        wire.send(PREFACE)
        began = time.monotonic()
        assert not wire.read(lambda: False)
        assert time.monotonic() - began < 10


def test_s224_a_bomb_of_one_entry_asked_for_again_and_again_is_not_unpacked(gate, wire):
    """4,000 bytes in the table, and each byte of the head stands for them."""
    before = gate.resident_kib()
    stream, big = next(wire.ids), wire.packer.encode([("x-bomb", "a" * 3900)], huffman=False)
    index = bytes([0x80 | 62])
    wire.send(frames.HeadersFrame(stream, wire.packer.encode(wire.head(f"{UI}/page")) + big + index * 8000, flags=["END_HEADERS", "END_STREAM"]))
    assert not wire.read(lambda: False)
    assert wire.goaway.error_code == CALM
    assert gate.resident_kib() - before < 2048 and serves(gate)


def test_s224_no_larger_table_is_taken_than_was_offered(gate, wire):
    stream = next(wire.ids)
    wire.send(frames.HeadersFrame(stream, b"\x3f\xe1\xff\x03" + wire.packer.encode(wire.head(f"{UI}/page")), flags=["END_HEADERS", "END_STREAM"]))
    assert not wire.read(lambda: False)
    assert wire.goaway.error_code == 9 and serves(gate)


# --- S225: windows ---

def test_s225_content_that_nobody_asked_for_is_bounded_for_a_connection(gate):
    """Of a hundred strangers' uploads the gateway holds one window, and no more comes than that."""
    before = gate.resident_kib()
    with Wire(gate) as wire:
        assert wire.read(lambda: wire.settings)
        streams = [wire.ask(f"{LAB}/take", "POST", ("content-length", str(MIB)), ends=False) for _ in range(100)]
        wire.say(streams[0], b"x" * 16384)
        assert all(wire.answer(stream).status == 401 for stream in streams)
        assert all(wire.updates[stream] == 0 for stream in streams)
        assert gate.resident_kib() - before < 8192


def test_s225_more_than_the_window_ends_the_connection(gate, wire):
    """The stream first, if only its own window is passed; what comes behind that is a flood."""
    stream = wire.ask(f"{LAB}/stall", "POST", ("content-length", str(64 * MIB)), ends=False)
    for _ in range(5000):
        if not wire.say(stream, b"x" * 16384):
            break
    assert not wire.read(lambda: False)
    assert wire.goaway is None or wire.goaway.error_code in (3, CALM)
    assert serves(gate)


def test_s225_a_ui_that_reads_nothing_stops_its_client_alone(gate, wire):
    before = gate.resident_kib()
    stream = wire.ask(f"{LAB}/stall", "POST", ("content-length", str(64 * MIB)), ends=False)
    sent, idle = 0, 0
    while idle < 8:
        allowed = min(65535 + wire.updates[0], 65535 + wire.updates[stream]) - sent
        if allowed <= 0:
            wire.send(ping())
            assert wire.read_some()
            idle += 1
            time.sleep(0.05)
            continue
        idle = 0
        wire.say(stream, b"x" * min(allowed, 16384))
        sent += min(allowed, 16384)
    assert sent < 16 * MIB and gate.resident_kib() - before < 4096
    assert wire.get(f"{UI}/page").status == 200


# --- S226: what is packed ---

def test_s226_cookies_are_never_in_the_table_of_answers(gate):
    """Set-Cookie comes as a literal that is not indexed, each time anew."""
    with Wire(gate) as wire:
        form = f"token={gate.token}".encode()
        for _ in range(2):
            stream = wire.ask("/_gate/login", "POST", ("origin", gate.origin), ("content-type", "application/x-www-form-urlencoded"), ends=False)
            wire.say(stream, form, ends=True)
            assert wire.answer(stream).status == 303
        names = [name for name, _ in wire.unpacker.header_table.dynamic_entries]
        assert b"set-cookie" not in names and "set-cookie" not in names


# --- S228: how many ---

def test_s228_streams_count_as_connections_of_their_client(gate):
    """150 of one address: two connections, and 148 requests on them."""
    wires = [Wire(gate, gate.token), Wire(gate, gate.token)]
    for wire in wires:
        assert wire.read(lambda: wire.settings)
    asked = [[wire.ask(f"{LAB}/stall", "POST", ends=False) for _ in range(90)] for wire in wires]
    refused = 0
    for wire, streams in zip(wires, asked):
        wire.send(ping())
        wire.get(f"{UI}/page")
        refused += sum(wire.streams[stream].reset == REFUSED for stream in streams)
    assert 30 <= refused <= 40
    for wire in wires:
        wire.plug.close()
    wait_for(lambda: serves(gate) and metric(gate, "http2_streams") == 0, "their places", 10)


def test_s228_no_more_streams_than_were_offered(gate, wire):
    assert wire.read(lambda: wire.settings) and wire.settings[3] == 100
    wire.send(ping())
    for _ in range(120):
        if not wire.send_head(next(wire.ids), wire.head(f"{LAB}/stall", "POST")):
            break
    assert not wire.read(lambda: wire.goaway or any(s.reset == REFUSED for s in wire.streams.values())) or True
    assert metric(gate, "http2_streams") <= 100 and serves(gate)


# --- S212: who waits for nobody but himself ---

HEAD_WITHOUT_END = b"\0\0\1\1\1\0\0\0\1\x82"  # END_STREAM, and no END_HEADERS
FEW = 40


@contextlib.contextmanager
def small_gateway():
    """It has one thread, as few connections, and patience."""
    limits = {"connections": FEW, "per_client": 1000, "head_timeout": "60s"}
    with gateway_of_uis({"threads": 1, "limits": limits}, "1GiB") as gateway:
        yield gateway


def is_over_for(wire):
    return not wire.read(lambda: False)


def is_served_soon(gateway):
    """A request that is refused may be sent again: each time one idle connection has gone for it."""
    with Wire(gateway, gateway.token) as other:
        answers = [other.get(f"{UI}/page") for _ in range(4)]
        assert all(answer.reset == REFUSED or answer.status == 200 for answer in answers)
        return answers[-1].status == 200


def test_s212_heads_that_never_end_keep_nobody_out():
    with small_gateway() as gateway, contextlib.ExitStack() as stack:
        for _ in range(FEW // 2):  # each a connection and a request: all places
            wire = stack.enter_context(Wire(gateway))
            assert wire.read(lambda: wire.settings)
            wire.send(HEAD_WITHOUT_END)
        wait_for(lambda: metric(gateway, "http2_streams") == FEW // 2, "places to be taken", 10)
        assert is_served_soon(gateway)


def test_s212_content_that_never_comes_makes_room_for_requests_of_others():
    with small_gateway() as gateway, Wire(gateway, gateway.token) as greedy:
        for _ in range(FEW - 10):
            greedy.ask(f"{LAB}/take", "POST", ("content-length", "1000"), ends=False)
        wait_for(lambda: metric(gateway, "http2_streams") == FEW - 10, "places to be taken", 10)
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                stack.enter_context(Wire(gateway))
            assert is_served_soon(gateway) and is_served_soon(gateway)


def test_s212_who_has_many_requests_ends_nobody_by_asking_for_more():
    with small_gateway() as gateway, Wire(gateway, gateway.token) as greedy, Wire(gateway, gateway.token) as other:
        assert other.read(lambda: other.settings)
        for _ in range(2 * FEW):
            greedy.ask(f"{LAB}/take", "POST", ("content-length", "1000"), ends=False)
        assert greedy.read(lambda: any(stream.reset == REFUSED for stream in greedy.streams.values()))
        assert other.read(lambda: other.settings) and other.send(ping()) and not other.is_over
        assert is_served_soon(gateway)


def test_s212_requests_of_a_connection_that_went_for_a_newer_one_count_no_more(gate):
    """100 of 150 places of an address are one connection's."""
    with Wire(gate, gate.token) as greedy:
        for _ in range(99):
            greedy.ask(f"{LAB}/take", "POST", ("content-length", "1000"), ends=False)
        wait_for(lambda: metric(gate, "http2_streams") == 99, "its requests", 10)
        plugs = [socket.create_connection((HOST, gate.port), timeout=20) for _ in range(60)]
        assert is_over_for(greedy) and serves(gate)
        for plug in plugs:
            plug.close()
    wait_for(lambda: serves(gate) and metric(gate, "http2_streams") == 0, "their places", 10)


# --- S230: what is left of a connection that ends ---

def take_back_and_leave(wire):
    """Eight requests that are answered; then many that are taken back before anybody is told of them; and a farewell."""
    with wire.at_once():
        streams = [wire.ask(f"{UI}/page") for _ in range(90)]
        for stream in streams[8:]:
            wire.send(frames.RstStreamFrame(stream, error_code=CANCEL))
        wire.send(frames.GoAwayFrame(0, last_stream_id=0, error_code=0))
    return streams[:8]


def test_s230_a_connection_that_has_said_farewell_is_closed_for_a_newer_one(gate):
    """It is its client's idle one; the requests that were taken back are no more."""
    with Wire(gate) as wire:
        assert wire.read(lambda: wire.settings)
        assert all(wire.answer(stream).status == 401 for stream in take_back_and_leave(wire))
        plugs = [socket.create_connection((HOST, gate.port), timeout=20) for _ in range(160)]
        assert serves(gate)
        for plug in plugs:
            plug.close()
    assert serves(gate)


def test_s230_requests_of_a_connection_that_was_ended_take_no_room():
    with Sink() as sink, Gateway([{"name": "local", "uis": [{"name": "lab", "url": sink.url}]}],
                                 settings={"server": {"h2c": True, "threads": 1, "limits": {"connections": 100}}}) as gateway:
        token = gateway.create_token("http2")["access_token"]
        gateway.await_mounts([f"{LAB}/"], token)
        with Wire(gateway, token) as ended, Wire(gateway, token) as wire:
            for _ in range(70):
                ended.ask(f"{LAB}/stall")
            ended.send(b"\0\0\1\0\0\0\0\0\0x")  # DATA of no stream
            assert not ended.read(lambda: False) and ended.goaway.error_code == PROTOCOL
            assert wire.read(lambda: wire.settings)
            assert all(wire.answer(stream).status == 200 for stream in [wire.ask(f"{LAB}/take") for _ in range(70)])


# --- the end ---

def test_drain_lets_what_is_under_way_end_and_says_which_was_the_last():
    with Upstream() as plain, Gateway([{"name": "local", "uis": [{"name": "plain", "url": plain.url}]}],
                                      settings={"server": {"h2c": True}}) as gateway:
        token = gateway.create_token("http2")["access_token"]
        gateway.await_mounts([f"{UI}/"], token)
        with Wire(gateway, token, window=0) as wire, Wire(gateway, token) as idle:
            assert idle.get(f"{UI}/page").status == 200
            stream = wire.ask(f"{UI}/stream?bytes={MIB}")
            assert wire.read(lambda: wire.streams[stream].heads)
            gateway.daemon.signal(15)
            assert wire.read(lambda: wire.goaway and wire.goaway.last_stream_id == stream)
            assert wire.goaway.error_code == 0
            wire.send(frames.WindowUpdateFrame(stream, window_increment=2 * MIB))
            assert wire.answer(stream).content == b"x" * MIB
            assert not wire.read(lambda: False)  # and closes
            assert not idle.read(lambda: False) and idle.goaway.error_code == 0

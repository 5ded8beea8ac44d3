"""What the samples of conf/ingress do while sparkgate is slow, gone or says 503 itself (S100): they ask once, soon give up, let nobody in and
say 503 with Retry-After, for nothing was refused. Traefik alone cannot be told so: it waits for 30 s, and says 500."""

import contextlib
import http.client
import socket
import threading
import time

import pytest

from ingress import COMMANDS, program
from spark_cluster import HOST, free_port, wait_for

ANSWERS = {
    "allows": b"HTTP/1.1 200 OK\r\nX-Auth-Request-User: alice\r\nContent-Length: 0\r\n\r\n",
    "refuses": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "is busy": b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater",
    "fails": b"HTTP/1.1 500 Internal Server Error\r\nX-Of: service\r\nContent-Length: 5\r\n\r\nwrong",
}


class Scripted:
    """A server that does what `does` says: a row of ANSWERS, "hangs" (reads, and says nothing) or "hangs up". `asked`: how many heads came."""

    def __init__(self):
        self.does, self.asked = "allows", 0
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, conn):
        with conn, contextlib.suppress(OSError):
            head = b""
            while data := conn.recv(65536):
                head += data
                if b"\r\n\r\n" not in head or self.does == "hangs":
                    self.asked += head.count(b"\r\n\r\n")
                    head = head.rpartition(b"\r\n\r\n")[2]
                    continue
                head, self.asked = b"", self.asked + 1
                if self.does == "hangs up":
                    return
                conn.sendall(ANSWERS[self.does])

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake who accepts
        self.listener.close()


class World:
    """An ingress between a gateway and a service that both do as they are told."""

    def __init__(self, stack, name):
        self.name, self.gateway, self.service, self.port = name, Scripted(), Scripted(), free_port()
        stack.callback(self.gateway.close)
        stack.callback(self.service.close)
        stack.enter_context(program(name, {8080: self.port, 8480: self.gateway.port, 8888: self.service.port}))
        wait_for(lambda: self.get()[0] == 200, f"{name}'s routes", 20)

    def get(self):
        """(status, fields, how often the gateway was asked, the service too, seconds)"""
        asked, served, begin = self.gateway.asked, self.service.asked, time.monotonic()
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=60)) as conn:
            conn.request("GET", "/spark/")
            answer = conn.getresponse()
            answer.read()
        return answer.status, answer.headers, self.gateway.asked - asked, self.service.asked - served, time.monotonic() - begin


@pytest.fixture(scope="module", params=COMMANDS)
def running(request):
    with contextlib.ExitStack() as stack:
        yield World(stack, request.param)


@pytest.fixture()
def world(running):
    running.gateway.does = running.service.does = "allows"
    return running


def is_told_to_come_again(world, answer):
    if world.name == "traefik":
        return answer[0] == 500
    return answer[0] == 503 and int(answer[1]["Retry-After"]) > 0


def test_s100_a_gateway_that_hangs_is_asked_once_and_for_some_seconds(world):
    world.gateway.does = "hangs"
    answer = world.get()
    assert is_told_to_come_again(world, answer) and answer[2:4] == (1, 0)
    assert 5.5 < answer[4] < (35 if world.name == "traefik" else 12)  # above 5 s, for so long sparkgate itself waits for an issuer


def test_s100_a_gateway_that_hangs_up_is_asked_once_or_once_more_on_a_new_connection(world):
    """HTTP/1.1 lets a client try again where a kept connection has ended (RFC 9110 §9.2.2)."""
    world.gateway.does = "hangs up"
    for _ in range(2):
        answer = world.get()
        assert is_told_to_come_again(world, answer) and answer[2] in (1, 2) and answer[3] == 0


def test_s100_a_gateway_that_says_503_is_not_read_as_a_refusal(world):
    world.gateway.does = "is busy"
    status, fields, asked, served, _ = world.get()
    assert (status, asked, served) == (503, 1, 0) and int(fields["Retry-After"]) > 0


def test_s100_a_refusal_is_not_read_as_an_outage(world):
    world.gateway.does = "refuses"
    status, fields, asked, served, _ = world.get()
    assert (status, asked, served) == (403, 1, 0) and "Retry-After" not in fields


def test_s100_what_the_service_itself_answers_stays_what_it_is(world):
    world.service.does = "fails"
    status, fields, *_ = world.get()
    assert (status, fields["X-Of"]) == (500, "service") and "Retry-After" not in fields
    world.service.does = "hangs up"
    status, fields, *_ = world.get()
    assert status in (502, 503) and "Retry-After" not in fields


@pytest.mark.parametrize("name", COMMANDS)
def test_s100_a_gateway_that_is_gone_lets_nobody_in(name):
    with contextlib.ExitStack() as stack:
        world = World(stack, name)
        world.gateway.does = "hangs up"  # on connections that are still open
        world.gateway.close()
        world.get()
        answer = world.get()
        assert is_told_to_come_again(world, answer) and answer[2:4] == (0, 0) and answer[4] < 5

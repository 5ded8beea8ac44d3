"""Visitors who ask for a page again and again while something is replaced, and what went wrong.

An address is HOST:PORT, or https://HOST. As a program, for a network of another machine's (visiting_from): callers.py ADDRESS PATH
COUNT FIELD..., a FIELD being "Name: value", which they take in turn; half of them keep their connections. It asks until its input
ends, and prints {"asked": N, "least": N, "wrong": [...]}.
"""

import contextlib
import http.client
import json
import subprocess
import sys
import threading


def connect(address):
    scheme, _, host = address.rpartition("://")
    return (http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection)(host, timeout=40)


class Visitor(threading.Thread):
    """Asks on one connection, or on a new one each time."""

    def __init__(self, address, path, field, keeps, is_right=lambda status, body: status == 200):
        super().__init__(daemon=True)
        self.address, self.path, self.field, self.keeps, self.is_right = address, path, field, keeps, is_right
        self.count, self.wrong, self.is_over = 0, [], threading.Event()

    def run(self):
        connection = None
        while not self.is_over.is_set():
            try:
                connection = connection or connect(self.address)
                connection.request("GET", self.path, headers=dict([self.field]))
                answer = connection.getresponse()
                body = answer.read()
                if not self.is_right(answer.status, body):
                    self.wrong.append((answer.status, repr(body[:200])))
                if not self.keeps or answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                connection = None
            self.count += 1


@contextlib.contextmanager
def visiting(address, path, count, fields, **options):
    """So many of them; at the end they have all had their last answer."""
    visitors = [Visitor(address, path, fields[i % len(fields)], i // len(fields) % 2 == 0, **options) for i in range(count)]
    for one in visitors:
        one.start()
    try:
        yield visitors
    finally:
        for one in visitors:
            one.is_over.set()
        for one in visitors:
            one.join(40)


def asked(visitors):
    return sum(one.count for one in visitors)


def wrong(visitors):
    return [what for one in visitors for what in one.wrong]


@contextlib.contextmanager
def visiting_from(enter, address, path, count, fields):
    """The same in another network, which the command `enter` enters; gives a dict, which has what the program prints afterwards."""
    program = subprocess.Popen([*enter, sys.executable, __file__, address, path, str(count), *fields], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    made = {}
    try:
        yield made
    finally:
        made.update(json.loads(program.communicate(timeout=120)[0]))


def main(address, path, count, *fields):
    with visiting(address, path, int(count), [tuple(field.split(": ", 1)) for field in fields]) as visitors:
        sys.stdin.read()
    print(json.dumps({"asked": asked(visitors), "least": min(one.count for one in visitors), "wrong": wrong(visitors)}))


if __name__ == "__main__":
    main(*sys.argv[1:])

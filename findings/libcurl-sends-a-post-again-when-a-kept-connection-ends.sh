#!/bin/sh
# libcurl sends a POST a second time, without being asked, when a kept connection ends before an answer.
#
# Versions: libcurl 8.12.1, as in the wheel of pycurl 7.45.6.
# Seen:     A server takes a whole POST on a connection that served a GET before, and closes it without an answer. libcurl
#           connects anew and sends the same POST again. The program is told of one request and its status 200. On a
#           connection of its own (FRESH_CONNECT) the same POST is sent once and ends with error 52.
# Guess:    Only idempotent methods are repeated (RFC 9110, 9.2.2); a POST ends with an error, as on a new connection.
# Matters:  A code of a sign-in and a rotated refresh token work once. A token endpoint that gets one of them twice takes
#           it for a theft, and may end everything that came of it. The server restarts, and people are signed out.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --only-binary=:all: pycurl==7.45.6
"$tmp/venv/bin/python" - <<'PYTHON'
import socket
import sys
import threading

import pycurl

BODY = "grant_type=refresh_token&refresh_token=once"


def read_request(stream):
    method = stream.readline().split(b" ")[0].decode()
    fields = list(iter(stream.readline, b"\r\n")) if method else []
    length = sum(int(f.split(b":")[1]) for f in fields if f.lower().startswith(b"content-length:"))
    return method, stream.read(length).decode()


def answer(connection, posts):
    stream = connection.makefile("rb")
    while (request := read_request(stream))[0]:
        if request[0] == "POST":
            posts.append(request[1])
            if len(posts) == 1:  # taken whole, and then the process went away
                connection.shutdown(socket.SHUT_RDWR)
                return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def accept(listener, posts):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0], posts), daemon=True).start()


def post(fresh):
    """What one POST after a GET came to: what the program was told, and how often the server took it."""
    posts = []
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener, posts), daemon=True).start()
    curl = pycurl.Curl()
    curl.setopt(curl.URL, "http://127.0.0.1:%d/token" % listener.getsockname()[1])
    curl.setopt(curl.WRITEFUNCTION, lambda data: None)
    curl.perform()
    curl.setopt(curl.POSTFIELDS, BODY)
    curl.setopt(curl.FRESH_CONNECT, fresh)
    try:
        curl.perform()
        told = "status %d" % curl.getinfo(curl.RESPONSE_CODE)
    except pycurl.error as error:
        told = "error %d" % error.args[0]
    return told, posts.count(BODY)


kept, fresh = post(0), post(1)
print(pycurl.version)
print("on a kept connection: %s, the server took the POST %d times" % kept)
print("on a new connection:  %s, the server took the POST %d times" % fresh)
sys.exit((kept, fresh) != (("status 200", 2), ("error 52", 1)))
PYTHON

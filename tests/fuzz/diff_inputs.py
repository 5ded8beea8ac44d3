"""What the readers are asked: the corpora, what the grammar of HTTP/1.1 makes, and both with mistakes in them."""

import pathlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"]
TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GRAPHIC = bytes(range(0x21, 0x7F))
TEXT = b"\t " + GRAPHIC + bytes(range(0x80, 0x100))
SPACES = [b" ", b"", b"  ", b"\t", b" \t "]
NAMES = [b"Accept", b"Cookie", b"Connection", b"Keep-Alive", b"Upgrade", b"TE", b"Trailer", b"Expect", b"Content-Type", b"Date",
         b"Via", b"Set-Cookie", b"Location", b"Content-Encoding", b"Proxy-Connection", b"X", b"Content-Length-X", b"Transfer"]
TOKENS = [b"close", b"keep-alive", b"Upgrade", b"websocket", b"x", b"TE", b"chunked", b"Close", b"100-continue", b"0", b"gzip"]
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b";", b"\x00", b"\x0b", b"\x80", b"\xff", b"0", b"HTTP/1.0", b"HTTP/1.1", b"chunked",
          b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Host: b\r\n", b"\r\n\r\n", b"0\r\n\r\n",
          b"3\r\nabc\r\n", b"Expect: 100-continue\r\n", b"%", b"#", b"?", b"//", b"\"", b"=", b"a", b"g", b"-", b"+", b"00", b"f"]


def some(rng, alphabet, most):
    return bytes(rng.choice(alphabet) for _ in range(rng.randrange(most + 1)))


def spelled(rng, word):
    """In some case of letters."""
    return rng.choice([word, word.lower(), word.upper(), bytes(c ^ 0x20 if chr(c).isalpha() and rng.random() < 0.3 else c for c in word)])


def field(rng, name, value):
    return spelled(rng, name) + b":" + rng.choice(SPACES) + value + rng.choice(SPACES[1:] + [b""] * 4) + b"\r\n"


def other_field(rng):
    name = rng.choice(NAMES) if rng.random() < 0.7 else rng.choice([b"X", b"a"]) + some(rng, TOKEN, 12)
    if rng.random() < 0.5:
        value = b",".join(rng.choice(SPACES) + rng.choice(TOKENS) + rng.choice(SPACES) for _ in range(rng.randrange(1, 4)))
    else:
        value = some(rng, TEXT, 24)
    return field(rng, name, value)


def chunk_size(rng, size):
    return rng.choice([b"", b"", b"", b"0", b"000"]) + rng.choice([b"%x", b"%X"]) % size


def chunks(rng, content, extras):
    """Content in chunks; `extras`: with what answers alone may have, extensions and trailers."""
    coded = b""
    while content:
        size = rng.randrange(1, len(content) + 1)
        extension = rng.choice([b"", b"", b";a", b";a=b", b';a="b c"', b";" + some(rng, TOKEN, 5)]) if extras else b""
        coded += chunk_size(rng, size) + extension + b"\r\n" + content[:size] + b"\r\n"
        content = content[size:]
    trailers = b"".join(other_field(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))) if extras else b""
    return coded + rng.choice([b"0", b"000"]) + b"\r\n" + trailers + b"\r\n"


def framed(rng, content, codings, extras):
    """(a field, content as it is sent): by one of the codings, some of the time."""
    coding = rng.choice(codings)
    if coding == "length":
        return field(rng, b"Content-Length", b"%s%d" % (rng.choice([b"", b"", b"0", b"00"]), len(content))), content
    if coding == "chunked":
        return field(rng, b"Transfer-Encoding", spelled(rng, b"chunked")), chunks(rng, content, extras)
    return b"", b"" if coding == "none" else content


def fields(rng, own):
    """The own ones, which are needed, among others."""
    lines = [line for line in own if line] + [other_field(rng) for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5]))]
    rng.shuffle(lines)
    return b"".join(lines)


def request(rng):
    method = rng.choice(METHODS)
    content = some(rng, bytes(range(256)), 40)
    line, coded = framed(rng, content, ["none"] if method == b"HEAD" else ["none", "none", "length", "chunked"], False)
    host = field(rng, b"Host", b"gw.example") if rng.random() < 0.98 else b""
    version = b"HTTP/1.1" if rng.random() < 0.9 or b"hunked" in line.lower() else b"HTTP/1.0"
    return method + b" /" + some(rng, GRAPHIC, 20) + b" " + version + b"\r\n" + fields(rng, [host, line]) + b"\r\n" + coded


def requests(rng):
    stream = b"".join(request(rng) for _ in range(rng.choice([1, 1, 2, 3, 5])))
    return "q", stream if rng.random() < 0.8 else stream[:rng.randrange(1, len(stream) + 1)]


def answer(rng):
    status = rng.choice([200, 200, 200, 204, 206, 302, 304, 404, 500, 101, 999, 600])
    line, coded = framed(rng, some(rng, bytes(range(256)), 40), ["length", "chunked", "close", "none"], True)
    reason = rng.choice([b"", b" ", b" OK", b" Not Found", b" " + some(rng, TEXT, 10)])
    return rng.choice([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"]) + b" %d" % status + reason + b"\r\n" + fields(rng, [line]) + b"\r\n" + coded


def answers(rng):
    early = b"".join(b"HTTP/1.1 %d X\r\n%s\r\n" % (rng.choice([100, 102, 103]), fields(rng, [])) for _ in range(rng.choice([0, 0, 0, 1, 2])))
    stream = early + answer(rng) + rng.choice([b"", b"", b"HTTP/1.1 200 OK\r\n\r\n", b"x"])
    return rng.choice("rrrh"), stream if rng.random() < 0.8 else stream[:rng.randrange(1, len(stream) + 1)]


def mistaken(rng, stream):
    """A few bytes changed, lost, doubled or put in."""
    kind, bytes_ = stream
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at, until = sorted(rng.randrange(len(bytes_) + 1) for _ in range(2))
        until = min(until, at + rng.randrange(1, 20))
        bytes_ = rng.choice([
            lambda: bytes_[:at] + rng.choice(PIECES) + bytes_[at:],
            lambda: bytes_[:at] + rng.choice(PIECES) + bytes_[until:],
            lambda: bytes_[:at] + bytes([rng.randrange(256)]) + bytes_[at + 1:],
            lambda: bytes_[:at] + bytes_[until:],
            lambda: bytes_[:until] + bytes_[at:],
        ])()
    return kind, bytes_


def content_stream(bytes_):
    """An input of fuzz_h1_content.c: its first byte says how it is framed."""
    how = {"c": b"Transfer-Encoding: chunked\r\n", "l": b"Content-Length: %d\r\n" % bytes_[0]}
    framing = {ord("c") % 4: how["c"], 0: b""}.get(bytes_[0] % 4, how["l"])
    return "r", b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n" + bytes_[1:]


def files(name):
    """A fuzz target's corpus: what is kept, and what libFuzzer has found."""
    folders = [CORPUS / name, CORPUS.parents[2] / "build" / "fuzz" / "corpus" / name]
    return [path.read_bytes() for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]


def corpora():
    yield from (("q", bytes_) for bytes_ in files("reader"))
    for bytes_ in files("h1_response"):
        yield from (("r", bytes_), ("h", bytes_))
    yield from (content_stream(bytes_) for bytes_ in files("h1_content") if bytes_)

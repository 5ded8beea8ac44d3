"""The differences that are known and argued, differences.toml, and the rules by which they are recognised.

A rule looks at what ours read, what the other read (None: it refused), and why it refused.
"""

import pathlib
import re
import tomllib

DATA = pathlib.Path(__file__).parent / "differences.toml"


def values(message, name):
    return [bytes.fromhex(value) for key, value in message["fields"] if bytes.fromhex(key).lower() == name]


def not_one_host(mine, other, reason):
    return len(values(mine, b"host")) != 1 and "Host: header" in reason


def coding_in_other_case(mine, other, reason):
    def lower(message):
        return [(name, value if bytes.fromhex(name).lower() != b"transfer-encoding" else bytes.fromhex(value).lower().hex())
                for name, value in message["fields"]]

    return lower(mine) == lower(other)


def kept_alive_by_1_0(mine, other, reason):
    return mine["minor"] == 0 and mine["keep_alive"] and any(b"keep-alive" in value.lower() for value in values(mine, b"connection"))


def until_close(mine, other, reason):
    return not mine["keep_alive"] and not values(mine, b"content-length") and not values(mine, b"transfer-encoding")


def tab_in_connection(mine, other, reason):
    return b"\t" in mine["bytes"] and bool(values(mine, b"connection"))


def proxy_connection(mine, other, reason):
    return bool(values(mine, b"proxy-connection"))


def odd_extension(mine, other, reason):
    return "chunk extensions" in reason and bool(values(mine, b"transfer-encoding"))


def framing_in_trailers(mine, other, reason):
    trailers = re.search(rb"\r\n0+(?:;[^\r\n]*)?\r\n((?:[^\r\n]+\r\n)+)\r\n$", mine["bytes"])
    names = [line.partition(b":")[0].lower() for line in trailers.group(1).split(b"\r\n")] if trailers else []
    return bool({b"connection", b"proxy-connection", b"content-length", b"transfer-encoding"} & set(names))


def rows():
    return tomllib.loads(DATA.read_text())["difference"]


def examples(row):
    return [(kind, text.encode("latin-1")) for kind, text in row["example"].items()]


def row_of(known, kind, finding):
    """The row that explains it, or None. An answer to HEAD is an answer."""
    for row in known:
        if (("q" if kind == "q" else "r") in row["example"] and finding.reader == row["reader"] and finding.aspect in row["aspect"]
                and finding.mine and globals()[row["rule"]](finding.mine, finding.other, finding.reading["reason"])):
            return row
    return None

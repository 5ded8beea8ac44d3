"""Writes the wheel of this folder: the same bytes from the same files, on every machine, without a network.

    python3 clients/python/wheel.py build/client.whl
    python3 clients/python/wheel.py --name          the name that pip wants it to have

The version is the gateway's (base/version.h). Nothing is compressed, because two zlibs may do that differently.
"""

import base64
import hashlib
import pathlib
import re
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSION = re.search(r'"([^"]+)"', (ROOT / "base" / "version.h").read_text().split("SPARKGATE_VERSION", 1)[1]).group(1)
INFO = f"sparkgate_client-{VERSION}.dist-info"
NAME = f"sparkgate_client-{VERSION}-py3-none-any.whl"
METADATA = f"""Metadata-Version: 2.1
Name: sparkgate-client
Version: {VERSION}
Summary: Launch and watch Spark applications through sparkgate
License: Apache-2.0
Requires-Python: >=3.8
Requires-Dist: requests>=2.25
Description-Content-Type: text/markdown

"""
WHEEL = "Wheel-Version: 1.0\nGenerator: sparkgate\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ENTRY_POINTS = "[console_scripts]\nsparkgate-client = sparkgate_client.command:main\n"


def files():
    """{path in the wheel: bytes}"""
    package = sorted(path for path in (HERE / "sparkgate_client").rglob("*") if path.suffix in (".py", ".typed"))
    found = {path.relative_to(HERE).as_posix(): path.read_bytes() for path in package}
    found[f"{INFO}/METADATA"] = METADATA.encode() + (HERE / "README.md").read_bytes()
    found[f"{INFO}/WHEEL"] = WHEEL.encode()
    found[f"{INFO}/entry_points.txt"] = ENTRY_POINTS.encode()
    found[f"{INFO}/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    return found


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def write(out):
    found = files()
    record = [f"{name},sha256={digest(content)},{len(content)}" for name, content in found.items()]
    found[f"{INFO}/RECORD"] = "\n".join([*record, f"{INFO}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in found.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, content)


if __name__ == "__main__":
    if sys.argv[1:] == ["--name"]:
        print(NAME)
    else:
        write(sys.argv[1])

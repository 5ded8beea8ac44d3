"""sparkgate-client in an environment of its own, as the gateway gives it out."""

import json
import re
import subprocess
import sys

from conftest import ROOT

VERSION = re.search(r'"([\d.]+)"', (ROOT / "base" / "version.h").read_text()).group(1)
WHEEL = f"sparkgate_client-{VERSION}-py3-none-any.whl"


def install(gate, folder):
    """A new environment with what the gateway serves, and what that needs; gives its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=600)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", f"{gate.url}/_gate/client/{WHEEL}"],
                   check=True, timeout=600)
    return folder / "bin"


def token_file(gate, folder, *more, user="ann", role="user"):
    """As `sparkgate token create` writes it."""
    file = folder / "token.json"
    file.touch(0o600)
    file.write_text(json.dumps(gate.create_token("client", role, "--user", user, *more)))
    return file

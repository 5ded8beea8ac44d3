"""Launch and watch Spark applications through sparkgate.

    from sparkgate_client import Gate
    gate = Gate("https://gw.example")
    app = gate.launch("etl.py", "--day", "2026-11-28", cluster="prod", profile="small")
    for line in app.logs(follow=True):
        print(line)
    print(app.wait().state, app.exit_code, app.ui)

`sparkgate-client login` makes the token file. Every failure is a GateError.
"""

from importlib import metadata as _metadata

from .application import Application
from .artifacts import Artifacts
from .errors import GateError
from .gate import Gate
from .login import login, logout, register
from .session import Session

try:
    __version__ = _metadata.version("sparkgate-client")
except _metadata.PackageNotFoundError:  # out of the source tree
    __version__ = "0"

__all__ = ["Application", "Artifacts", "Gate", "GateError", "Session", "login", "logout", "register"]

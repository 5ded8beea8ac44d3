"""The file that a token is kept in: nobody else reads it, and one program at a time renews it."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from typing import Any, Dict, Iterator, Optional, Union

from .errors import GateError

Path = Union[str, "os.PathLike[str]"]
KEPT = ("access_token", "refresh_token", "id", "scope", "url")


def default_file() -> str:
    """$SPARKGATE_TOKEN_FILE, or sparkgate/token.json in the user's configuration folder."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.join("~", ".config")
    return os.environ.get("SPARKGATE_TOKEN_FILE") or os.path.join(folder, "sparkgate", "token.json")


def end_of(access_token: str) -> Optional[float]:
    """When an access token ends (seconds of the wall clock), as it says itself; None: it does not say."""
    try:
        payload = access_token.split(".")[1]
        end = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        return float(end)
    except (IndexError, KeyError, ValueError, TypeError):
        return None


class TokenFile:
    """JSON with `access_token` and `refresh_token`: what `sparkgate-client login` or `sparkgate token create` wrote.

    The file has mode 0600 and is replaced as a whole, so that nobody reads a half. A lock beside it (`.lock`) makes
    one of several programs renew the tokens: a refresh token works once.
    """

    def __init__(self, path: Optional[Path] = None) -> None:
        self.path = os.path.realpath(os.path.expanduser(os.fspath(path or default_file())))

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def read(self) -> Dict[str, Any]:
        """What is in the file. GateError: it is not there, is no JSON, or others may read it."""
        try:
            with open(self.path, encoding="utf-8") as file:
                mode = os.fstat(file.fileno()).st_mode
                if stat.S_IMODE(mode) & 0o077:
                    raise GateError(f"{self.path}: others may read it; run chmod 600 on it")
                tokens = json.load(file)
        except FileNotFoundError:
            raise GateError(f"{self.path}: no such file; run sparkgate-client login") from None
        except ValueError:
            raise GateError(f"{self.path}: expected JSON with an access_token") from None
        except OSError as error:
            raise GateError(f"{self.path}: {error.strerror}") from None
        if not isinstance(tokens, dict) or not isinstance(tokens.get("access_token"), str):
            raise GateError(f"{self.path}: expected JSON with an access_token")
        return tokens

    def write(self, tokens: Dict[str, Any]) -> None:
        """Replaces the file. Only what is needed later is kept."""
        folder = os.path.dirname(self.path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        kept = {name: tokens[name] for name in KEPT if tokens.get(name) is not None}
        handle, part = tempfile.mkstemp(prefix=".token-", dir=folder)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """No other program renews these tokens meanwhile."""
        folder = os.path.dirname(self.path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle = os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # unlocks

    @staticmethod
    def is_fresh(tokens: Dict[str, Any], seconds: float = 20) -> bool:
        """Whether the access token is good for some time yet, as far as it says."""
        end = end_of(tokens["access_token"])
        return end is None or end - time.time() > seconds

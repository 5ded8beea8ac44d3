"""Signing in from where there is no browser: the device authorization grant (RFC 8628)."""

from __future__ import annotations

import getpass
import socket
import sys
import time
from typing import Any, Callable, Dict, Optional, Union

from .errors import GateError, checked, error_of, said
from .session import post_form
from .tokens import Path, TokenFile

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
Show = Callable[[Dict[str, Any]], None]


def show(told: Dict[str, Any]) -> None:
    """Prints where to go, and the code that the page shows. Nothing in it opens anything by itself."""
    print(f"Open {told['verification_uri_complete']}\nand check that it shows the code {told['user_code']}.", file=sys.stderr, flush=True)


def name_of_this_client() -> str:
    """What the person's page calls this program: account and machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "somebody"
    return f"sparkgate-client of {account} on {socket.gethostname()}"[:128]


def await_tokens(url: str, told: Dict[str, Any], verify: Union[bool, str]) -> Dict[str, Any]:
    wait, end = float(told.get("interval", 5)), time.monotonic() + float(told["expires_in"])
    while time.monotonic() < end:
        time.sleep(wait)
        answer = post_form(f"{url}/_gate/oauth/token", {"grant_type": GRANT, "device_code": told["device_code"]}, verify)
        if answer.status_code == 200:
            return said(answer)
        error = error_of(answer).error
        if error == "slow_down":
            wait += 5
        elif error == "access_denied":
            raise GateError(f"the sign-in was denied: {error_of(answer)}", 403)
        elif error == "expired_token":
            break
        elif error != "authorization_pending" and answer.status_code != 503:
            checked(answer)
    raise GateError("nobody allowed the sign-in in time")


def login(url: str, token_file: Optional[Path] = None, scope: str = "", client_name: Optional[str] = None, admin: bool = False,
          on_code: Show = show, verify: Union[bool, str] = True) -> TokenFile:
    """Asks the person to allow this program in a browser anywhere, and writes the tokens to `token_file`.

    `scope` narrows the tokens ("view cluster:prod"; "": all that the person may). `admin` asks for an administrator's.
    `on_code` gets the answer of RFC 8628 and shows it; a notebook may make a link of it. Tokens that were in the file
    before are revoked.
    """
    url, file = url.rstrip("/"), TokenFile(token_file)
    form = {"client_id": client_name or name_of_this_client(), "scope": scope, "token_type": "admin" if admin else "user"}
    told = said(post_form(f"{url}/_gate/oauth/device", form, verify))
    on_code(told)
    tokens = await_tokens(url, told, verify)
    with file.locked():
        before = file.read() if file.exists() else {}
        file.write({**tokens, "url": url})
    if before.get("refresh_token") and before.get("url") == url:
        post_form(f"{url}/_gate/oauth/revoke", {"token": before["refresh_token"]}, verify)
    return file


def register(url: str, registration_token: str, token_file: Optional[Path] = None, verify: Union[bool, str] = True) -> TokenFile:
    """Exchanges a registration token, which an administrator handed over, for tokens in `token_file`. It works once."""
    url, file = url.rstrip("/"), TokenFile(token_file)
    form = {"grant_type": "registration_token", "registration_token": registration_token.strip()}
    with file.locked():
        file.write({**said(post_form(f"{url}/_gate/oauth/token", form, verify, tries=1)), "url": url})
    return file


def logout(token_file: Optional[Path] = None, verify: Union[bool, str] = True) -> None:
    """Revokes the tokens of the file, and removes it."""
    file = TokenFile(token_file)
    with file.locked():
        tokens = file.read()
        token = tokens.get("refresh_token") or tokens["access_token"]
        if tokens.get("url"):
            checked(post_form(f"{tokens['url']}/_gate/oauth/revoke", {"token": token}, verify))
        file.remove()

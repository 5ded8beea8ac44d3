"""Requests below the gateway's URL, signed with a token that renews itself."""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, Optional, Union

import requests

from .errors import GateError, said
from .tokens import Path, TokenFile

TIMEOUT = 30.0


def post_form(url: str, form: Dict[str, str], verify: Union[bool, str] = True, tries: int = 3) -> requests.Response:
    """A form to one of the OAuth addresses. It is sent again where no answer came: within ten seconds the gateway
    answers the same refresh token in the same way."""
    for left in range(tries - 1, -1, -1):
        try:
            return requests.post(url, data=form, timeout=TIMEOUT, verify=verify, allow_redirects=False)
        except (requests.ConnectionError, requests.Timeout) as error:
            if left == 0:
                raise GateError(f"{url}: no answer: {error}") from error
            time.sleep(0.5)
    raise AssertionError("unreachable")


class Session(requests.Session):
    """A `requests.Session` whose URLs are paths below the gateway's: `session.get("/prod/proxy/master/json/")`.

    A request that is answered with 401 is sent once more with renewed tokens. The token goes to the gateway's public
    URL and to its admin URL, and nowhere else: other URLs and redirects to others get none.
    """

    def __init__(self, url: str, token_file: Optional[Path] = None, verify: Union[bool, str] = True) -> None:
        super().__init__()
        self.url = url.rstrip("/")
        self.tokens = TokenFile(token_file)
        self.verify = self._verify = verify
        self._admin: Optional[str] = None
        self._lock = threading.Lock()
        tokens = self.tokens.read()
        if tokens.get("url") not in (None, self.url):
            raise GateError(f"{self.tokens.path}: the tokens are of another gateway, {tokens['url']}")
        self._access: str = tokens["access_token"]
        self.trust_env = False  # a .netrc would replace the token; proxies of the environment are taken below
        self.proxies.update(requests.utils.get_environ_proxies(self.url))
        self.auth = self._sign

    # --- where

    def metadata(self) -> Dict[str, Any]:
        """What the gateway says of itself (RFC 8414)."""
        try:
            return said(requests.get(f"{self.url}/_gate/oauth/metadata", timeout=TIMEOUT, verify=self._verify))
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NoAnswer(f"{self.url}: no answer: {error}") from error

    @property
    def admin_url(self) -> str:
        """The admin listener's URL, where tokens are managed."""
        if self._admin is None:
            self._admin = str(self.metadata()["sparkgate_admin"]).rstrip("/")
        return self._admin

    def _is_ours(self, url: str) -> bool:
        places = [self.url] + ([self._admin] if self._admin else [])
        return any(url == place or url.startswith((f"{place}/", f"{place}?")) for place in places)

    # --- who

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._is_ours(request.url or ""):
            request.headers["Authorization"] = f"Bearer {self._access}"
        return request

    @property
    def access_token(self) -> str:
        return self._access

    def renew(self, used: Optional[str] = None) -> None:
        """The next tokens, unless another thread or program has fetched them since `used` was the newest."""
        used = used or self._access
        with self._lock, self.tokens.locked():
            tokens = self.tokens.read()
            if tokens["access_token"] == used:
                tokens = self._next(tokens)
            self._access = tokens["access_token"]

    def _next(self, tokens: Dict[str, Any]) -> Dict[str, Any]:
        if not tokens.get("refresh_token"):
            raise GateError("the token has ended, and there is none to renew it with; sign in again", 401)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answer = post_form(f"{self.url}/_gate/oauth/token", form, self._verify)
        if answer.status_code == 400:
            raise GateError("the token is used up or revoked; sign in again", 401)
        renewed = {**tokens, **said(answer)}
        self.tokens.write(renewed)
        return renewed

    def fresh(self) -> None:
        """Renews tokens that end soon: before an upload, whose content cannot be sent twice."""
        if not TokenFile.is_fresh({"access_token": self._access}):
            self.renew()

    # --- what

    def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """As `requests.Session.request`, for a path below the gateway's URL or a whole URL."""
        options.setdefault("timeout", TIMEOUT)
        where = url if "://" in url else self.url + url
        used = self._access
        try:
            self.fresh()
            used = self._access
            answer = super().request(method, where, **options)
            if answer.status_code != 401 or not self._is_ours(where):
                return answer
            answer.close()
            self.renew(used)
            body = options.get("data")
            if body is not None and hasattr(body, "seek"):
                body.seek(0)
            return super().request(method, where, **options)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NoAnswer(f"{where}: no answer: {error}") from error


class NoAnswer(GateError):
    """Nobody answered: what was asked may have been done, or not."""

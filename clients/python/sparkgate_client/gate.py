"""The gateway, as a program sees it."""

from __future__ import annotations

import os
import re
import time
import uuid
from typing import Any, Dict, List, Mapping, Optional, Union
from urllib.parse import urljoin

import requests

from .application import Application, _NotYet
from .artifacts import Artifacts, Progress, small_file
from .errors import GateError, checked, error_of, said
from .session import NoAnswer, Session
from .tokens import Path

URI = re.compile(r"[a-z][a-z0-9+.-]+:")
AGAIN = (429, 502, 503, 504)
TRIES = 6


def is_uri(text: str) -> bool:
    """Whether Spark is to fetch it: "s3a://apps/etl.py", "file:/opt/spark/examples/pi.py". A path is uploaded."""
    return URI.match(text) is not None


class Gate:
    """`Gate("https://gw.example", token_file="token.json")`: everything below one gateway's URL, as one person.

    Without a URL, the one that `sparkgate-client login` wrote into the token file. `verify` is as in requests: False,
    or a file of certificates. Every failure is a GateError.
    """

    def __init__(self, url: Optional[str] = None, token_file: Optional[Path] = None, verify: Union[bool, str] = True) -> None:
        if url is None:
            from .tokens import TokenFile
            url = TokenFile(token_file).read().get("url")
        if not url:
            raise GateError("which gateway? give its URL")
        self.session = Session(url, token_file, verify)
        self.url = self.session.url
        self.artifacts_at: Optional[str] = None  # found out when they are asked for

    # --- requests

    def get(self, path: str, **options: Any) -> requests.Response:
        """Any page or API below the gateway: `gate.get("/prod/proxy/master/json/").json()`."""
        return self.session.get(path, **options)

    def absolute(self, link: str) -> str:
        """A link of an answer as a whole URL. The API's own paths are below the gateway's URL."""
        return self.url + link if link.startswith("/api/") else urljoin(self.url + "/", link)

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request to the API; GateError for every answer that is no success."""
        return checked(self.session.request(method, path, allow_redirects=False, **options))

    def open(self, path: str, query: Mapping[str, str]) -> requests.Response:
        """A text that streams. It is the caller's to close."""
        headers = {"Accept": "text/plain", "Accept-Encoding": "identity"}
        answer = self.session.request("GET", path, params=query, headers=headers, stream=True, timeout=(30, 300), allow_redirects=False)
        if answer.status_code in (404, 409, 425, 503) and not answer.headers.get("Content-Type", "").startswith("text/plain"):
            error = error_of(answer)
            answer.close()
            raise _NotYet(str(error))
        return checked(answer)

    def pages(self, path: str, member: str, query: Optional[Mapping[str, str]] = None) -> List[Dict[str, Any]]:
        """All entries of a list, page by page."""
        found: List[Dict[str, Any]] = []
        asked = dict(query or {})
        while True:
            told = said(self.api("GET", path, params=asked))
            found += told.get(member, [])
            cursor = told.get("next_cursor")
            if not cursor:
                return found
            asked["cursor"] = cursor

    def post_once(self, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
        """A POST that is done once, though it may be sent again: with the same Idempotency-Key."""
        headers, pause = {"Idempotency-Key": str(uuid.uuid4())}, 1.0
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = self.session.post(path, json=body, headers=headers, allow_redirects=False)
                if answer.status_code not in AGAIN or left == 0 or answer.status_code == 429:
                    return said(answer)
                pause = float(answer.headers.get("Retry-After") or pause)
            except NoAnswer:
                if left == 0:
                    raise
            except ValueError:
                pass
            time.sleep(min(pause, 10))
            pause *= 2
        raise AssertionError("unreachable")

    # --- applications

    def launch(self, file: Optional[Path] = None, *arguments: str, cluster: str, profile: str, name: Optional[str] = None,
               artifact: Optional[str] = None, resource: Optional[str] = None, main_class: Optional[str] = None,
               environment: Optional[Mapping[str, str]] = None, conf: Optional[Mapping[str, Any]] = None,
               progress: Optional[Progress] = None, **more: Any) -> Application:
        """Uploads `file` (Python or a jar) and starts it with the profile's resources.

        In place of a file: `artifact`, the name of a file that was put before, or `resource`, a URI that the operator
        allows; a `file` that is a URI is one, too. `conf` are Spark's settings and `environment` the driver's variables, as
        far as the profile lets. `more` goes into the request as it is: `driver={"cores": 1}`, `image=...`.
        An answer that is lost is asked for again, and starts nothing twice. On Kubernetes, where the cluster has no
        storage, a file of up to 1 MiB travels with the request.
        """
        path = None if file is None else os.fspath(file)
        if path is not None and is_uri(path):
            path, resource = None, path
        if sum(what is not None for what in (path, artifact, resource)) != 1:
            raise GateError("launch one of: a file, an artifact, a resource")
        shown = os.path.basename(path or artifact or resource or "")
        body: Dict[str, Any] = {"cluster": cluster, "profile": profile, "name": name or shown, "arguments": [str(a) for a in arguments]}
        if path is not None:
            if self.takes_files(cluster, profile):
                body["file"] = small_file(path)
            else:
                artifact = self.artifacts.of(cluster).put_once(path, progress)
        given = {"artifact": artifact, "resource": resource, "main_class": main_class}
        body.update({key: value for key, value in given.items() if value is not None})
        if environment:
            body["environment"] = {key: str(value) for key, value in environment.items()}
        if conf:
            body["conf"] = {key: str(value) for key, value in conf.items()}
        body.update(more)
        return Application(self, self.post_once("/api/v1/applications", body))

    def application(self, id: str) -> Application:
        """One of them, by its id."""
        return Application(self, {"id": id}).refresh()

    def applications(self, **query: str) -> List[Application]:
        """The signed-in person's, newest first. `owner="all"`: all that they may see; `state="live"`: not ended."""
        return [Application(self, one) for one in self.pages("/api/v1/applications", "applications", query)]

    def profiles(self) -> List[Dict[str, Any]]:
        """What the signed-in person may launch, and with how much."""
        return self.pages("/api/v1/profiles", "profiles")

    def takes_files(self, cluster: str, profile: str) -> bool:
        """Whether a file travels with its launch there, for the cluster has no storage."""
        return any(one.get("files") for one in self.profiles() if (one.get("cluster"), one.get("name")) == (cluster, profile))

    @property
    def artifacts(self) -> Artifacts:
        return Artifacts(self)

    # --- tokens

    def whoami(self) -> Dict[str, Any]:
        """Name, roles and rights."""
        return said(self.session.get("/whoami", headers={"Accept": "application/json"}, allow_redirects=False))

    def create_register_token(self, client_name: str, access_ttl: Optional[str] = None, refresh_ttl: Optional[str] = None,
                              token_type: str = "user", user: Optional[str] = None, scope: Optional[str] = None,
                              note: Optional[str] = None) -> Dict[str, Any]:
        """A token for another program: `access_token` and `refresh_token`; for another `user` a `registration_token`.

        The answer holds secrets, and they are told once. Without times, the policy's defaults hold.
        """
        asked = {"client_name": client_name, "access_ttl": access_ttl, "refresh_ttl": refresh_ttl, "token_type": token_type,
                 "user": user, "scope": scope, "note": note}
        body = {key: value for key, value in asked.items() if value is not None}
        return said(self.api("POST", f"{self.session.admin_url}/api/v1/tokens", json=body))

    def tokens(self) -> List[Dict[str, Any]]:
        """The person's tokens, newest first; an administrator's are everybody's. No secrets."""
        return self.pages(f"{self.session.admin_url}/api/v1/tokens", "tokens")

    def revoke_token(self, id: str) -> None:
        self.api("DELETE", f"{self.session.admin_url}/api/v1/tokens/{id}")

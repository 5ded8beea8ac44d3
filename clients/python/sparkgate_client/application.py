"""An application that was launched through the gateway."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

import requests

from .errors import GateError, said
from .session import NoAnswer

if TYPE_CHECKING:
    from .gate import Gate

FINAL = ("finished", "failed", "killed")
SLOWEST = 5.0  # seconds between two looks


class Application:
    """Its state is asked for when it is looked at, until it is final."""

    def __init__(self, gate: "Gate", told: Dict[str, Any]) -> None:
        self.gate = gate
        self.said = told
        self.id: str = told["id"]

    def __repr__(self) -> str:
        return f"<Application {self.id} {self.said.get('name')!r} {self.said.get('state')}>"

    @property
    def _path(self) -> str:
        return f"/api/v1/applications/{self.id}"

    # --- what it is

    def refresh(self) -> "Application":
        """Asks the gateway once."""
        self.said = said(self.gate.api("GET", self._path))
        return self

    def _now(self) -> Dict[str, Any]:
        if not self.is_final:
            self.refresh()
        return self.said

    @property
    def is_final(self) -> bool:
        """Whether the last answer said that it has ended."""
        return self.said.get("state") in FINAL

    @property
    def state(self) -> str:
        """queued, starting, running, finished, failed or killed."""
        return str(self._now()["state"])

    @property
    def exit_code(self) -> Optional[int]:
        """Of the driver; None before its end, and where Spark does not tell."""
        code = self._now().get("exit_code")
        return int(code) if code is not None else None

    @property
    def reason(self) -> Optional[str]:
        """Why it waits, or how it ended."""
        reason = self._now().get("reason")
        return str(reason) if reason else None

    @property
    def name(self) -> Optional[str]:
        return self.said.get("name")

    @property
    def app_id(self) -> Optional[str]:
        """Spark's id, once it is known."""
        return self._now().get("application_id")

    @property
    def ui(self) -> Optional[str]:
        """The address of Spark's UI: live, and of its history once it has ended. None before it is known."""
        links = self.links
        return (links.get("permalink") if self.is_final else None) or links.get("ui")

    @property
    def links(self) -> Dict[str, str]:
        """All addresses that the gateway tells, as whole URLs."""
        links = self._now().get("links") or {}
        return {name: str(self.gate.absolute(link)) for name, link in links.items() if link}

    # --- what it does

    def wait(self, timeout: Optional[float] = None) -> "Application":
        """Returns when it has ended. GateError after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        pause = 0.5
        while not self._look().is_final:
            if end is not None and time.monotonic() >= end:
                raise GateError(f"{self.id} has not ended in {timeout:g} seconds: {self.said.get('state')}")
            time.sleep(pause)
            pause = min(SLOWEST, pause * 1.5)
        return self

    def _look(self) -> "Application":
        """A gateway that restarts is asked again: what was launched does not depend on it."""
        for left in range(5, -1, -1):
            try:
                return self.refresh()
            except GateError as error:
                if left == 0 or not (isinstance(error, NoAnswer) or error.status in (429, 502, 503, 504)):
                    raise
                time.sleep(2)
        raise AssertionError("unreachable")

    def logs(self, container: str = "driver", follow: bool = False, since: Optional[str] = None,
             stream: Optional[str] = None) -> Iterator[str]:
        """Lines of a log: of the driver, or of "executor-N". With `follow` until it has ended.

        A log that is not there yet is waited for, and one that breaks off is taken up again behind the last line.
        `stream` is "stdout" or "stderr" where a process has both.
        """
        seen = misses = 0
        while True:
            was_final, was_seen, broke, began = self.is_final, seen, False, time.monotonic()
            try:
                for line in self._stream({"container": container, "since": since, "stream": stream}, follow, seen):
                    seen += 1
                    yield line
            except _NotYet:
                if not follow:
                    return
            except (requests.RequestException, NoAnswer):
                # a log that says nothing for minutes breaks off, too, and is no fault
                is_miss = seen == was_seen and time.monotonic() - began < 30
                misses = misses + 1 if is_miss else 0
                if not follow or misses > 5:
                    raise
                broke = True
            # once more after its end: the last lines may have come between
            if not follow or (was_final and not broke):
                return
            if not self._look().is_final or broke:
                time.sleep(1)

    def _stream(self, asked: Dict[str, Optional[str]], follow: bool, skip: int) -> Iterator[str]:
        query = {name: value for name, value in asked.items() if value}
        with self.gate.open(f"{self._path}/logs", {**query, "follow": "true" if follow else "false"}) as answer:
            for number, line in enumerate(lines_of(answer)):
                if number >= skip:
                    yield line

    def events(self) -> List[Dict[str, Any]]:
        """What happened to it, oldest first: changes of its state, and on Kubernetes what its pods met."""
        return self.gate.pages(f"{self._path}/events", "events")

    def kill(self) -> "Application":
        """Ends it. What has ended stays as it is."""
        answer = self.gate.api("DELETE", self._path)
        if answer.content:
            self.said = said(answer)
        return self

    def restart(self) -> "Application":
        """Launches the same once more; gives the new application."""
        return Application(self.gate, self.gate.post_once(f"{self._path}/restart", {}))


def lines_of(answer: requests.Response) -> Iterator[str]:
    """Each line as soon as it is there. Only a line feed ends one."""
    rest = b""
    for piece in answer.iter_content(chunk_size=None):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.rstrip(b"\r").decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")


class _NotYet(Exception):
    """There is no log yet."""

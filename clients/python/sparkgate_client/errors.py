"""The one exception of this package."""

from __future__ import annotations

from typing import Any, Dict, Optional

import requests


class GateError(Exception):
    """The gateway said no, or said nothing. `str()` is a sentence for a person.

    `status` is the HTTP status, or None without an answer. `problem` is the whole problem (RFC 9457), which says what
    would be allowed. `request_id` finds the request in the gateway's log. `error` is OAuth's word, or None.
    """

    def __init__(self, detail: str, status: Optional[int] = None, problem: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.problem: Dict[str, Any] = problem or {}
        self.request_id: Optional[str] = self.problem.get("request_id")
        self.error: Optional[str] = self.problem.get("error")


def error_of(answer: requests.Response) -> GateError:
    """What an answer that is no success says."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    words = (problem.get("detail"), problem.get("error_description"), problem.get("title"), problem.get("error"))
    detail = next((word for word in words if isinstance(word, str) and word), answer.reason or "no reason")
    problem.setdefault("request_id", answer.headers.get("X-Request-Id"))
    return GateError(f"{detail} ({answer.status_code})", answer.status_code, problem)


def checked(answer: requests.Response) -> requests.Response:
    """The answer if it is a success; GateError if not."""
    if answer.status_code >= 400:
        raise error_of(answer)
    return answer


def said(answer: requests.Response) -> Dict[str, Any]:
    """The JSON object of an answer; GateError if it is another answer."""
    try:
        told = checked(answer).json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        kind = answer.headers.get("Content-Type", "nothing")
        raise GateError(f"{answer.url}: expected JSON, got {kind} ({answer.status_code}); is this a sparkgate?", answer.status_code)
    return told

"""A person's files in the cluster's object storage, as the gateway keeps them."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from typing import IO, TYPE_CHECKING, Any, Callable, Dict, List, Optional
from urllib.parse import quote

from .errors import GateError, checked, said
from .tokens import Path

if TYPE_CHECKING:
    from .gate import Gate

PIECE = 1024 * 1024
SMALL = 1024 * 1024  # of a file that travels in a request
Progress = Callable[[int, int], None]


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        for piece in iter(lambda: content.read(PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()


def small_file(file: Path) -> Dict[str, str]:
    """A file as it travels in a request; GateError for one that is too large for that."""
    size = os.path.getsize(file)
    if not 0 < size <= SMALL:
        raise GateError(f"{file}: this cluster has no storage, so a file may have 1 byte to 1 MiB, and it has {size} bytes")
    with open(file, "rb") as content:
        return {"name": fit(os.path.basename(os.fspath(file))).lstrip(".")[-128:], "content": base64.b64encode(content.read()).decode()}


def fit(text: str) -> str:
    """Without what a name of an artifact may not have."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)


class _Counted(io.RawIOBase):
    """A file that tells how much of it was read: requests sends it piece by piece, with its length."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress) -> None:
        super().__init__()
        self.file, self.size, self.progress, self.done = file, size, progress, 0

    def __len__(self) -> int:
        return self.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.done = self.file.seek(offset, whence)
        return self.done

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(PIECE if size is None or size < 0 else max(size, 64 * 1024))
        self.done += len(piece)
        self.progress(self.done, self.size)
        return piece


class Artifacts:
    """`gate.artifacts`: put, list and delete the signed-in person's files of one cluster."""

    def __init__(self, gate: "Gate", cluster: Optional[str] = None) -> None:
        self.gate, self.cluster = gate, cluster

    def of(self, cluster: Optional[str]) -> "Artifacts":
        """The same of this cluster. It need not be named where one cluster only has a storage."""
        return Artifacts(self.gate, cluster)

    def _query(self) -> Dict[str, str]:
        return {"cluster": self.cluster} if self.cluster else {}

    def put(self, file: Path, name: Optional[str] = None, progress: Optional[Progress] = None) -> Dict[str, Any]:
        """Uploads a file of any size, in pieces. `progress(done, size)` is called on the way."""
        size = os.path.getsize(file)
        with open(file, "rb") as content:
            body = _Counted(content, size, progress or (lambda done, of: None))
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            self.gate.session.fresh()
            answer = self.gate.api("PUT", self._path(name or os.path.basename(os.fspath(file))), data=body if size else b"", headers=headers, params=self._query(), timeout=(30, 3600))
        return said(answer)

    def put_once(self, file: Path, progress: Optional[Progress] = None) -> str:
        """Uploads a file under a name made of its own and of its content, unless it is there. Gives the name."""
        stem, dot = os.path.splitext(os.path.basename(os.fspath(file)))
        name = f"{fit(stem)[:80] or 'file'}-{digest_of(file)[:16]}{fit(dot)[:16]}"
        answer = self.gate.session.get(self._path(name), params=self._query(), allow_redirects=False)
        if answer.status_code == 404:
            self.put(file, name, progress)
        else:
            checked(answer)
        return name

    def about(self, name: str) -> Dict[str, Any]:
        """One of them: its size, and its URI as Spark reads it."""
        return said(self.gate.api("GET", self._path(name), params=self._query()))

    def list(self) -> List[Dict[str, Any]]:
        """All of them, each with `name`, `size` and what else the gateway tells."""
        return self.gate.pages(self._path(), "artifacts", self._query())

    def delete(self, name: str) -> None:
        checked(self.gate.api("DELETE", self._path(name), params=self._query()))

    def _path(self, name: str = "") -> str:
        """Below the public URL; below the admin URL of a gateway that has them only there."""
        if self.gate.artifacts_at is None:
            answer = self.gate.session.get("/api/v1/artifacts", params=self._query(), allow_redirects=False)
            self.gate.artifacts_at = self.gate.session.admin_url if answer.status_code == 404 else self.gate.url
        return f"{self.gate.artifacts_at}/api/v1/artifacts" + ("/" + quote(name, safe="") if name else "")

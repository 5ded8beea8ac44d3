"""What the command prints: tables for people, JSON for programs, a bar while a file is uploaded."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from typing import Any, Dict, List, Optional, Sequence, TextIO

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(value: Any) -> str:
    """Text of somebody else's, without what would steer a terminal."""
    return CONTROL.sub("\ufffd", "" if value is None else str(value))


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def print_json(value: Any, out: Optional[TextIO] = None) -> None:
    out = out or sys.stdout
    json.dump(value, out, indent=2, ensure_ascii=not (out.encoding or "").lower().startswith("utf"))
    out.write("\n")


def print_table(rows: List[Dict[str, Any]], columns: Sequence[str], out: Optional[TextIO] = None) -> None:
    """Columns as wide as what is in them; the last one is cut at the terminal's edge."""
    out = out or sys.stdout
    lines = [[name.replace("_", " ").upper() for name in columns]]
    lines += [[clean(row.get(name)) for name in columns] for row in rows]
    widths = [max(width(line[i]) for line in lines) for i in range(len(columns))]
    edge = shutil.get_terminal_size((0, 0)).columns if out.isatty() else 0
    for line in lines:
        text = "  ".join(cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(line)).rstrip()
        while edge and width(text) > edge:
            text = text[:-1]
        print(text, file=out)


class Bar:
    """A progress bar on a terminal, and nothing elsewhere."""

    def __init__(self, what: str, out: Optional[TextIO] = None) -> None:
        self.what, self.out, self.shown = clean(what), out or sys.stderr, -1

    def __call__(self, done: int, size: int) -> None:
        percent = 100 if size == 0 else min(100, done * 100 // size)
        if not self.out.isatty() or percent == self.shown:
            return
        self.shown = percent
        self.out.write(f"\r{self.what}  [{'#' * (percent // 4):<25}] {percent:3d}% of {size / 1048576:.1f} MiB")
        self.out.write("\n" if percent == 100 else "")
        self.out.flush()

"""Each path that decides who may do what stands in the matrix of callers and paths (tests/unit/proxy/request/matrix.h)."""

import re

import source

MATRIX = "tests/unit/proxy/request/matrix.h"
MOUNTS = {"UI_MASTER": "/%C/proxy/master", "UI_WORKER": "/%C/proxy/worker-1", "UI_HISTORY": "/%C/shs"}


def rows_of(path, pattern):
    """Rows of the table `rows`, by the groups of a pattern."""
    table = re.search(r"\brows\[\] = \{\n(.*?)\n\};", source.read(path), re.S).group(1)
    found = re.findall(pattern, table, re.S)
    assert len(found) == len(re.findall(r"^\t\{", table, re.M)), path
    return found


PATHS = re.findall(r'\{"[A-Z]+",\s*"([^"]*)"', source.read(MATRIX))


def is_there(path, ui):
    """Whether the matrix has a path of the UI that this row of topic.c is about."""
    wanted = MOUNTS[ui] + path.rstrip("*")
    plain = [p.split("?")[0] for p in PATHS]
    return any(p.startswith(wanted) if path.endswith("*") else p == wanted for p in plain)


def is_asked_for(segments, later):
    """The same of segments of policy.c."""
    wanted = re.escape("/" + segments.lstrip("/")) + r"(?=[/?]|$)" + (f".*/{re.escape(later)}(?=[/?]|$)" if later else "")
    return any(re.search(wanted, p) for p in PATHS)


def problems():
    if len(PATHS) < 80:
        yield f"{MATRIX}: {len(PATHS)} paths could be read"
    for ui, path in rows_of("proxy/registry/topic.c", r'\{(UI_\w+), STR\("([^"]+)"\), TOPIC_\w+, ID_\w+\}'):
        if not is_there(path, ui):
            yield f"{MATRIX}: lacks {path} of {ui}, which proxy/registry/topic.c knows"
    for uis, segments, later in rows_of("auth/policy/policy.c", r'\{([^"]+), "([^"]+)", (?:NULL|"(\w+)"), ACTION_\w+\}'):
        if "UI_GATE" not in uis and not is_asked_for(segments, later):
            yield f"{MATRIX}: lacks {segments} {later}, which auth/policy/policy.c knows"


source.finish([*problems()])

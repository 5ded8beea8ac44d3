"""Every folder is explained where one looks for it, every .c has a header of its own or opens with what it owns, and the licence is there."""

import os
import re

import source

FOLDERS = source.LAYERS + ["docker", "docs", "findings", "k8s", "tests"]
LICENCE = "Apache License"


def is_introduced(path):
    """Its own header beside it says what it owns; else its first line does."""
    own = path[:-2] + ".h"
    return source.read(path).startswith("/*") or own in [header for _, header in source.includes(path)]


def is_known(folder):
    """Tests stand in the folders of what they test, and a corpus has the name of its target."""
    suite = re.match(r"tests/(?:unit|integration|e2e)/(.*)", folder)
    corpus = re.match(r"tests/fuzz/corpus/(.*)", folder)
    return bool(suite and os.path.isdir(suite.group(1)) or corpus and os.path.isfile(f"tests/fuzz/fuzz_{corpus.group(1)}.c"))


def reader_of(folder):
    """The README above a folder, and the folder's name there."""
    above = os.path.dirname(folder)
    while above and not os.path.isfile(f"{above}/README.md"):
        above = os.path.dirname(above)
    return os.path.join(above, "README.md"), os.path.relpath(folder, above or ".")


def unexplained():
    """Folders with files that the README above them does not name."""
    for folder in sorted({os.path.dirname(path) for path in source.files(*FOLDERS)}):
        readme, name = reader_of(folder)
        if not is_known(folder) and f"`{name}/`" not in source.read(readme):
            yield f"{readme}: does not say what is in `{name}/`"


problems = [f"{d}/README.md: missing" for d in FOLDERS if not os.path.isfile(f"{d}/README.md")]
problems += [
    f"{f}: has no header of its own, and does not open with a comment on what it owns"
    for f in source.files(*source.LAYERS, ends=[".c"])
    if not is_introduced(f)
]
problems += unexplained()
for f in source.files(*source.LAYERS, "tests", ends=[".h"]):
    if "#ifndef " not in source.read(f) and "#pragma once" not in source.read(f):
        problems.append(f"{f}: no include guard")
if not os.path.isfile("LICENSE") or LICENCE not in source.read("LICENSE"):
    problems.append("LICENSE: missing, or another than the Apache License 2.0")
source.finish(problems)

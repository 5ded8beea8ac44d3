"""Every folder explains itself, every .c has a header of its own or opens with what it owns, and the licence is there."""

import os

import source

FOLDERS = source.LAYERS + ["docker", "k8s", "tests"]
LICENCE = "Apache License"


def is_introduced(path):
    """Its own header beside it says what it owns; else its first line does."""
    own = path[:-2] + ".h"
    return source.read(path).startswith("/*") or own in [header for _, header in source.includes(path)]


problems = [f"{d}/README.md: missing" for d in FOLDERS if not os.path.isfile(f"{d}/README.md")]
problems += [
    f"{f}: has no header of its own, and does not open with a comment on what it owns"
    for f in source.files(*source.LAYERS, ends=[".c"])
    if not is_introduced(f)
]
for f in source.files(*source.LAYERS, "tests", ends=[".h"]):
    if "#ifndef " not in source.read(f) and "#pragma once" not in source.read(f):
        problems.append(f"{f}: no include guard")
if not os.path.isfile("LICENSE") or LICENCE not in source.read("LICENSE"):
    problems.append("LICENSE: missing, or another than the Apache License 2.0")
source.finish(problems)

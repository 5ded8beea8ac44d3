"""Every folder explains itself, every .c shows its face, and the licence is there."""

import os

import source

FOLDERS = source.LAYERS + ["docker", "k8s", "tests"]
LICENCE = "Apache License"


def has_header(path):
    """Its own header, its parts' shared one (x_int.h), or one of the module it is a part of (x.h, x_z.h of x_y.c)."""
    folder, stem = os.path.split(path[:-2])
    for _, header in source.includes(path):
        there, name = os.path.split(header[:-2])
        if there == folder and (name == stem or name.endswith("_int") or name.split("_")[0] == stem.split("_")[0]):
            return True
    return False


problems = [f"{d}/README.md: missing" for d in FOLDERS if not os.path.isfile(f"{d}/README.md")]
problems += [
    f"{f}: includes no header of its own"
    for f in source.files(*source.LAYERS, ends=[".c"])
    if f != "proxy/main.c" and not has_header(f)
]
for f in source.files(*source.LAYERS, "tests", ends=[".h"]):
    if "#ifndef " not in source.read(f) and "#pragma once" not in source.read(f):
        problems.append(f"{f}: no include guard")
if not os.path.isfile("LICENSE") or LICENCE not in source.read("LICENSE"):
    problems.append("LICENSE: missing, or another than the Apache License 2.0")
source.finish(problems)

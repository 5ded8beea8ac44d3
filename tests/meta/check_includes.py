"""Folders build on each other in one direction, and each foreign library has one door."""

import fnmatch

import source

# A library's header: the only files that may include it.
DOORS = {
    "jwt.h": ["auth/token/signer.c"],
    "sqlite3.h": ["auth/backends/sqlite/*.[ch]"],
    "hiredis*": ["auth/backends/redis/*.[ch]"],
    "curl/*": ["base/net/fetch*.c"],
    "yaml.h": ["conf/load/yaml_tree.c"],
}


def layer_of(path):
    return path.split("/")[0]


def check(path):
    for number, header in source.includes(path):
        here, there = layer_of(path), layer_of(header)
        if there in source.LAYERS and source.LAYERS.index(there) > source.LAYERS.index(here):
            yield f"{path}:{number}: {here}/ includes {header}: the other way round"
        for pattern, allowed in DOORS.items():
            if fnmatch.fnmatch(header, pattern) and not any(fnmatch.fnmatch(path, a) for a in allowed):
                yield f"{path}:{number}: <{header}> belongs in {', '.join(allowed)} only"


source.finish([p for f in source.files(*source.LAYERS, ends=[".c", ".h"]) for p in check(f)])

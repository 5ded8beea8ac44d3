"""Functions that cannot be used safely, or only in one place, hash tables without a secret key, and typedefs that hide structs."""

import re

import source

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|gets|alloca)\s*\(")
TIME = re.compile(r"(?<![\w.>])(time|gettimeofday|clock_gettime)\s*\(")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|union|enum)\b")
UTHASH = "#include <uthash.h>"
OWN_KEYS = {"base/hash/hash_table.h", "auth/cache/record_cache.c", "auth/cache/token_cache.c"}  # the caches' keys are digests


def check(path):
    is_ours = path.split("/")[0] in source.LAYERS
    if is_ours and path not in OWN_KEYS and UTHASH in source.read(path):
        yield f"{path}: {UTHASH}: base/hash/hash_table.h has the secret key that keys of others need"
    for number, line in enumerate(source.code(path), 1):
        match = BANNED.search(line)
        if match:
            yield f"{path}:{number}: {match.group(1)}() is banned"
        match = TIME.search(line)
        if match and is_ours and path != "base/clock.c":
            yield f"{path}:{number}: {match.group(1)}(): time is read in base/clock.c only"
        if TYPEDEF.match(line):
            yield f"{path}:{number}: typedef hides a struct, union or enum"


source.finish([p for f in source.files(*source.LAYERS, "tests", ends=[".c", ".h"]) for p in check(f)])

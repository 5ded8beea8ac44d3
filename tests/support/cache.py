"""What is downloaded or built once for all checkouts, in a folder outside of them."""

import fcntl
import os
import pathlib
import sys


def cache_dir():
    """Where downloads live: $XDG_CACHE_HOME/sparkgate, or ~/.cache/sparkgate."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "sparkgate"


def ensure(name, doing, install):
    """The folder `name` of the cache; `install(folder)` fills it first if it is not complete, while others wait."""
    cache = cache_dir()
    target = cache / name
    if not (target / ".ready").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (target / ".ready").exists():
                print(f"{doing} into {target} (once)", file=sys.stderr, flush=True)
                install(target)
    return target

#!/usr/bin/env python3
"""What callers wait for with 100,000 tokens in the store, against ten: medians in milliseconds, and their ratio.

The gateway's own measurements are those of tests/e2e/test_many_tokens.py, which holds them to limits.
"""
import json
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "support")]

import test_many_tokens as many  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from upstream import Upstream  # noqa: E402


def typical(call, rounds):
    return statistics.median(many.milliseconds(call) for _ in range(rounds))


def run(upstream, redis=None):
    result = {}
    for living in (many.MANY, 20):
        if redis:
            redis.call("FLUSHALL")
        with tempfile.TemporaryDirectory(prefix="sparkgate-bench-") as folder:
            filled = many.Filled(upstream, pathlib.Path(folder), redis)
            try:
                few = filled.measure()
                few["start, s"] = filled.fill(0, 0)
                start = filled.fill(many.MANY, living)
                full = {**filled.measure(), "start, s": start}
            finally:
                filled.gateway.stop()
        for name, was in few.items():
            result.setdefault(name, {"ten": was})[f"{living} living"] = full[name]
    return result


def main():
    many.typical = typical
    with Upstream() as upstream, RedisServer() as redis:
        result = {"SQLite": run(upstream), "Redis": run(upstream, redis)}
    print(f"{many.MANY} tokens in the store against ten, over HTTP, ms: all of them alive, and 20 of them")
    for store, rows in result.items():
        for name, row in rows.items():
            ten, *others = row.values()
            print(f"{store:7} {name:36} {ten:7.2f} " + " ".join(f"{value:8.2f} ({value / ten:5.1f} x)" for value in others))
    (ROOT / "build" / "bench-tokens.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

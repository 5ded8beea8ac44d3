"""Bursts at a real Spark: N GETs in one instant after a rest, through the gateway and asked directly with a connection each.

SPARK (4.3) says which: its master serves. Every web UI of Spark listens with a backlog of one.
"""

import os
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "support"))

from burst import burst  # noqa: E402
from gate import MOUNT, Gate  # noqa: E402
from loads import Failed  # noqa: E402
from spark_cluster import Cluster  # noqa: E402

SIZES = (6, 40, 100)
REST_SECONDS = 10  # Spark 4.x and the gateway close a connection that rests so long
GIVE_UP_SECONDS = 20  # counted for whoever had no answer by then
PATH = "/json/"


class SparkGate(Gate):
    READY = PATH

    def settings(self, world, store):
        settings = super().settings(world, store)
        settings["clusters"][0]["masters"] = [world.spark.master_url]
        settings["server"]["threads"] = int(os.environ.get("THREADS", "2"))
        return settings


def spark():
    """Starts one, on every core: a hundred requests at once are work."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    try:
        return Cluster(os.environ.get("SPARK", "4.3"), workers=1, apps=False).start()
    finally:
        os.sched_setaffinity(0, mine)


def in_figures(size, seconds):
    """Of one burst: the slowest, in us, and how many were not answered."""
    slowest = GIVE_UP_SECONDS if seconds[-1] is None else seconds[-1]
    return {f"slowest_{size}_us": slowest * 1e6, f"unanswered_{size}": seconds.count(None)}


def through(contender):
    figures = {}
    for size in SIZES:
        time.sleep(REST_SECONDS)
        name, value = contender.header.split(": ", 1)
        figures |= in_figures(size, burst(contender.url + PATH, size, {name: value}, GIVE_UP_SECONDS))
    lost = {key: value for key, value in figures.items() if key.startswith("unanswered") and value}
    if lost:
        raise Failed(f"not all were answered: {lost}")
    return figures


def directly(spark):
    figures = {}
    for size in SIZES:
        time.sleep(REST_SECONDS)
        figures |= in_figures(size, burst(spark.master_url + PATH, size, None, GIVE_UP_SECONDS))
    return figures

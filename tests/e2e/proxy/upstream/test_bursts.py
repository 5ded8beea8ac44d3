"""Many requests in one instant, after a rest in which every connection to Spark's UIs was closed (S51, T58)."""

import re
import urllib.request

import pytest

from burst import burst
from spark_cluster import wait_for

SIZES = [6, 40, 100]
SLOWEST = 2  # seconds; on a quiet machine it is a fifth of one, and what a dropped SYN costs is 1, 3 or 7 s more


def await_rest(gateway):
    """Until the gateway has closed all its connections to UIs."""
    def rests():
        with urllib.request.urlopen(f"{gateway.admin_url}/metrics", timeout=10) as answer:
            return re.search(r"^sparkgate_upstream_connections 0$", answer.read().decode(), re.M)
    wait_for(rests, "the connections to UIs to be closed", 60)


def light_pages(info):
    """A page of each kind of UI that costs little, so that the waiting is for connections."""
    running = info["apps"]["running"]["id"]
    return {"master": "/local/proxy/master/json/", "history": "/local/shs/api/v1/version",
            "worker": f"/local/proxy/{info['workers'][0]['id']}/json/", "driver": f"/local/proxy/{running}/api/v1/version"}


@pytest.mark.parametrize("size", SIZES)
def test_s51_a_burst_after_a_rest_is_answered_whole_and_at_once(gateway, admin, info, size):
    await_rest(gateway)
    took = {}
    for name, path in light_pages(info).items():
        took[name] = burst(gateway.url + path, size, {"Authorization": admin.headers["Authorization"]})
    slowest = {name: seconds[-1] for name, seconds in took.items()}
    assert None not in slowest.values(), {name: seconds.count(None) for name, seconds in took.items()}
    assert max(slowest.values()) < SLOWEST, slowest

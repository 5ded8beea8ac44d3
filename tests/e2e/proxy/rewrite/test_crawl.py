"""No link leaves the gateway, no page breaks by it: every UI of both versions, in each mode a cluster may run in."""

import pytest

from conftest import BASE, NAVIGATION, VERSIONS, Client, await_everything
from crawler import Crawler
from gateway import Gateway, cluster_entry, mounts_of
from spark_cluster import Cluster

PAGES_AT_LEAST = 40


def crawl(client, gateway, info, foreign=()):
    client.headers.update(NAVIGATION)
    mounts = mounts_of(info)
    starts = [f"{BASE}/", f"{BASE}/local/"] + [f"{BASE}{mount}/" for mount in mounts if "/driver-" not in mount]
    for app in info["apps"].values():
        starts.append(f"{BASE}/local/apps/{app['id']}")
    return Crawler(client, gateway, mounts, foreign).run(starts)


def test_crawl_finds_no_leak_and_no_new_error(admin, gateway, info):
    crawler = crawl(Client(gateway, admin.headers["Authorization"].split()[1]), gateway, info)
    print(crawler.report())
    assert not crawler.problems, crawler.report()
    assert len(crawler.pages) >= PAGES_AT_LEAST, sorted(crawler.pages)


def test_crawl_through_the_other_front():
    with Cluster(VERSIONS[0], workers=1) as cluster:
        info = cluster.info()
        with Gateway([cluster_entry(info)], BASE, {"server": {"front": "evhttp"}}) as gateway:
            crawler = crawl(Client(gateway, await_everything(gateway, info)), gateway, info)
    assert not crawler.problems, crawler.report()
    assert len(crawler.pages) >= PAGES_AT_LEAST / 2, sorted(crawler.pages)


# A cluster that was set up for another proxy: Spark's own (T3, T4), or one that was given a path (T1).
OLD_PROXY = "old.example"
MODES = {
    "reverse_proxy": {"spark.ui.reverseProxy": "true"},
    "reverse_proxy_url": {"spark.ui.reverseProxy": "true", "spark.ui.reverseProxyUrl": f"http://{OLD_PROXY}/spark"},
    "proxy_base": {"spark.ui.proxyBase": "/someone/elses/prefix"},
    # what the Spark Operator sets (T40): redirects have the prefix, too, and lose their query
    "proxy_base_redirected": {"spark.ui.proxyBase": "/old/base", "spark.ui.proxyRedirectUri": "/"},
}


# an address to reach Spark by is the same code in both versions (T4), and a cluster takes a minute
@pytest.mark.parametrize("mode, version", [(mode, version) for mode in MODES for version in VERSIONS
                                           if (mode, version) != ("reverse_proxy_url", "3.5")])
def test_crawl_of_a_cluster_that_is_set_up_for_another_proxy(mode, version):
    with Cluster(version, workers=1, conf=MODES[mode]) as cluster:
        info = cluster.info()
        with Gateway([cluster_entry(info)], BASE) as gateway:
            crawler = crawl(Client(gateway, await_everything(gateway, info)), gateway, info, [OLD_PROXY])
    assert not crawler.problems, crawler.report()
    assert len(crawler.pages) >= PAGES_AT_LEAST / 2, sorted(crawler.pages)

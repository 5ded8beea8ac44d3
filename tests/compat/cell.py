"""One cell of the matrix: cell.py VERSION MODE RESULT.json crawls one cluster and looks at it in Chromium."""

import json
import pathlib
import re
import signal
import sys
import time

import world  # first: it says where the tests' modules are

from playwright.sync_api import sync_playwright

from browser import chromium, enter_by_link
from conftest import BASE
from crawler import Crawler
from gateway import mounts_of
from java_install import version_of
from look import Pair, one_of_each

PAGES_AT_LEAST = 20
LEAK = re.compile(r": (links to|leaves the prefix|Location with|<\w+ [^>]*> has the UI's own|setUIRoot)")


def crawl(there):
    mounts, base = mounts_of(there.info), BASE
    starts = [f"{base}/", f"{base}/local/"] + [f"{base}{mount}/" for mount in mounts]
    starts += [f"{base}/local/apps/{app['id']}" for app in there.info["apps"].values()]
    crawler = Crawler(there.client(), there.gateway, mounts, [world.OLD_PROXY])
    crawler.direct.verify = str(there.pem) if there.pem else True
    return crawler.run(starts)


def look(there, crawler):
    wrong, pages = [], one_of_each(crawler.pages)
    with sync_playwright() as playwright, chromium(playwright, ignore_https_errors=True) as context:
        enter_by_link(context.new_page(), there.gateway)
        pair = Pair(context, crawler.direct_url, crawler.mount_of)
        for url in pages:
            wrong += [f"{url.removeprefix(there.gateway.origin)}: {text}"[:600] for text in pair.look(url)]
    return wrong, len(pages)


def run(version, mode):
    began = time.monotonic()
    with world.World(version, mode) as there:
        up = time.monotonic()
        crawler = crawl(there)
        crawled = time.monotonic()
        wrong, looked_at = look(there, crawler)
    leaks = [text for text in crawler.problems if LEAK.search(text)]
    errors = [text for text in crawler.problems if not LEAK.search(text)]
    if len(crawler.pages) < PAGES_AT_LEAST:
        errors.append(f"only {len(crawler.pages)} pages were found")
    return {"leaks": leaks, "errors": errors, "browser": wrong, "pages": len(crawler.pages), "urls": len(crawler.visited),
            "looked_at": looked_at, "java": version_of(there.cluster.java),
            "seconds": [round(up - began), round(crawled - up), round(time.monotonic() - crawled)]}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the cluster goes, too
    result = run(*sys.argv[1:3])
    pathlib.Path(sys.argv[3]).write_text(json.dumps(result, indent=1) + "\n")

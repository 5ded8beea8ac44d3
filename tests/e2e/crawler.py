"""Visits everything below the gateway as a browser would and notes what is wrong.

Wrong is: a URL that leaves the prefix; an error, another media type or another title than the same page gives when
asked directly; a UI's own host:port left in an attribute, a Location or a JSON value; a page whose setUIRoot is not
its mount.
"""

import collections
import re
import time
import urllib.parse

import requests

import pages

PER_SHAPE = 3       # of URLs that differ in numbers and values only
TEXT_TYPES = ("text/html", "text/css", "application/json", "text/json", "text/javascript", "application/javascript")
AT_MOST = 800       # a catch-all root (T49) makes an endless site of one wrong relative link
SKIPPED = re.compile(r"/kill/?(\?|$)|/_gate/logout")  # what is not for looking
# JSON whose values are a user's own settings: shown as they are (T35)
FREE_TEXT_JSON = re.compile(r"/environment$|/sql(/|\?|$)")


def shape(url):
    """URLs of one shape lead to pages of one kind."""
    parts = urllib.parse.urlsplit(url)
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "0", parts.path)
    keys = {key.split(".")[-1] for key, _ in urllib.parse.parse_qsl(parts.query)}  # completedJob.sort, failedJob.sort
    return path, tuple(sorted(keys - {"desc", "pageSize"}))


def media_type(response):
    return response.headers.get("Content-Type", "").split(";")[0].strip().lower()


class Crawler:
    """`mounts` maps a mount, without the base, to the URL of the UI behind it; `foreign` are hosts no link may name. Of the
    URLs that have one `shape` a few are visited."""

    def __init__(self, client, gateway, mounts, foreign=(), shape=shape):
        self.client, self.gateway, self.shape = client, gateway, shape
        self.mounts = {gateway.base + mount: url for mount, url in mounts.items()}
        self.direct = requests.Session()
        self.direct.trust_env = False
        hosts = sorted({urllib.parse.urlsplit(url).netloc for url in mounts.values()} | set(foreign))
        self.backend = re.compile("|".join(rf"(?<!\d){re.escape(host)}(?!\d)" for host in hosts))
        self.problems, self.visited, self.pages = [], {}, set()
        self.counts, self.queue = collections.Counter(), collections.deque()

    def problem(self, url, text):
        self.problems.append(f"{url.removeprefix(self.gateway.origin)}: {text}"[:600])

    def mount_of(self, path):
        return max((mount for mount in self.mounts if path == mount or path.startswith(mount + "/")), key=len, default=None)

    # -- where to go ---------------------------------------------------------------------------------------------

    def add(self, url, referrer):
        """Queues an absolute URL, or says why it must not be there."""
        url = urllib.parse.urldefrag(url)[0]
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or SKIPPED.search(url):
            return
        if self.backend.search(parts.netloc):
            self.problem(referrer, f"links to the UI's own address: {url}")
        elif f"{parts.scheme}://{parts.netloc}" != self.gateway.origin:
            own = url == f"{self.gateway.admin_url}/tokens"  # an origin of its own (S0)
            if parts.hostname in ("127.0.0.1", "localhost") and not own:
                self.problem(referrer, f"links to another local address: {url}")
        elif not (parts.path + "/").startswith(self.gateway.base + "/"):
            self.problem(referrer, f"leaves the prefix: {url}")
        elif url not in self.visited and self.counts[self.shape(url)] < PER_SHAPE:
            self.counts[self.shape(url)] += 1
            self.visited[url] = referrer
            self.queue.append(url)

    def run(self, starts):
        for start in starts:
            self.add(self.gateway.origin + start, "start")
        while self.queue and len(self.visited) < AT_MOST:
            self.visit(self.queue.popleft())
        if self.queue:
            self.problem(self.queue[0], f"more than {AT_MOST} URLs: links that lead deeper and deeper (T49)?")
        return self

    # -- one URL -------------------------------------------------------------------------------------------------

    def visit(self, url):
        with self.client.get(url, stream=True) as response:
            kind = media_type(response)
            self.compare(url, response)
            if "Location" in response.headers:
                target = response.headers["Location"]
                if self.backend.search(target):
                    self.problem(url, f"Location with the UI's own address: {target}")
                self.add(urllib.parse.urljoin(url, target), url)
            elif kind in TEXT_TYPES and response.status_code == 200:
                self.read(url, kind, response.text)

    def read(self, url, kind, text):
        if kind == "text/html" and not urllib.parse.urlsplit(url).path.endswith("-template.html"):
            self.pages.add(url)
            self.read_page(url, text)
        elif kind.endswith("json"):
            self.read_json(url, text)
        else:
            for reference in pages.references(kind, text):
                self.add(urllib.parse.urljoin(url, reference), url)

    def read_page(self, url, text):
        page = pages.parse_html(text)
        mount = self.mount_of(urllib.parse.urlsplit(url).path)
        for tag, name, value in page.attributes:
            # inline data is content (T34)
            if self.backend.search(value) and not value.startswith("data:"):
                self.problem(url, f'<{tag} {name}="{value[:200]}"> has the UI\'s own address')
        if mount and page.ui_root not in (None, mount):
            self.problem(url, f"setUIRoot('{page.ui_root}') is not the mount {mount}")
        for reference in page.references + pages.ajax(url, text, page):
            if not reference.startswith(("#", "data:", "javascript:")):
                self.add(urllib.parse.urljoin(url, reference), url)

    def read_json(self, url, text):
        path = urllib.parse.urlsplit(url).path
        try:
            value = requests.models.complexjson.loads(text)
        except ValueError as error:
            self.problem(url, f"broken JSON: {error}")
            return
        for keys, string in pages.json_strings(value):
            if re.match(r"https?://", string) and not FREE_TEXT_JSON.search(path):
                self.add(string, url)
        if path.endswith("/shs/api/v1/applications"):
            for link in pages.rows_of_history(path.removesuffix("/api/v1/applications"), text):
                self.add(urllib.parse.urljoin(url, link), url)

    # -- the same asked directly ---------------------------------------------------------------------------------

    def direct_url(self, url):
        parts = urllib.parse.urlsplit(url)
        mount = self.mount_of(parts.path)
        if mount is None:
            return None
        rest = parts.path[len(mount):] or "/"
        return self.mounts[mount] + rest + (f"?{parts.query}" if parts.query else "")

    def compare(self, url, response):
        direct = self.direct_url(url)
        if direct is None:
            if response.status_code >= 400:
                self.problem(url, f"{response.status_code}, linked from {self.visited[url]}")
            return
        if urllib.parse.urlsplit(url).path in self.mounts:
            return  # the mount without its slash: the gateway's own redirect
        differences = self.differences(response, direct)
        for rest_s in (0, 0, 0, 1, 2, 4):
            # a running application changes, and its history is loaded anew now and then (T38): what stays counts
            if not differences:
                return
            time.sleep(rest_s)
            with self.client.get(url, stream=True) as again:
                differences = self.differences(again, direct)
        for text in differences:
            self.problem(url, f"{text}; linked from {self.visited[url]}")

    def differences(self, response, direct):
        with self.direct.get(direct, stream=True, allow_redirects=False, timeout=60) as plain:
            found = self.compare_heads(response, plain)
            if plain.status_code == response.status_code == 200 and media_type(plain) == "text/html":
                titles = [pages.parse_html(answer.text).title for answer in (response, plain)]
                if titles[0] != titles[1]:
                    found.append(f"title {titles[0]!r}, directly {titles[1]!r}")
            return found

    @staticmethod
    def compare_heads(response, plain):
        found = []
        if response.status_code != plain.status_code:
            found.append(f"{response.status_code}, directly {plain.status_code}")
        if media_type(response) != media_type(plain):
            found.append(f"is {media_type(response)}, directly {media_type(plain)}")
        policies = [re.sub(r"nonce-[^']+", "nonce", answer.headers.get("Content-Security-Policy", ""))
                    for answer in (response, plain)]
        if policies[0] != policies[1]:
            found.append(f"CSP {policies[0]!r}, directly {policies[1]!r}")
        return found

    def report(self):
        return f"{len(self.problems)} problems on {len(self.pages)} pages:\n" + "\n".join(self.problems[:40])

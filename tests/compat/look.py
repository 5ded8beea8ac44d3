"""Chromium on one page of each kind that the crawl has found, beside the same page asked of Spark itself.

A page fails by what fails on it and does not fail on the direct page, by rows or graphs that the direct page has and it has
not, and by log lines that became HTML (S99). What leaves the gateway is a failure whatever the direct page does.
"""

import re
import urllib.parse

from playwright.sync_api import Error

from browser import Notebook

# what a person opens on a page; nothing of it changes anything
OPENS = [".log-more-btn", ".log-new-btn", ".expand-application-timeline", ".expand-job-timeline", ".expand-task-assignment-timeline",
         ".expand-dag-viz", ".expand-additional-metrics"]
COUNTS = """() => ({
    rows: document.querySelectorAll("tbody tr").length,
    graphs: document.querySelectorAll("svg g, .vis-item, .vis.timeline .item").length > 0 ? 1 : 0,
    log: document.querySelectorAll(".log-content pre").length,
    markup: document.querySelectorAll(".log-content pre *").length})"""
NOTHING = {"rows": 0, "graphs": 0, "log": 0}  # the gateway's own page has none beside it
# What is Spark's own fault. 4.3 gives the graph of a job an "onclick" against its own policy (spark-dag-viz.js). The master's page of
# its environment loads a module as a plain script (environmentpage.js, 4.2 and 4.3). A worker's log page of 3.2 has no utils.js.
ON_A_GRAPH = re.compile(r"Executing inline event handler violates")
OF_A_SCRIPT = re.compile(r"Cannot use import statement outside a module|getBaseURI is not defined")
NO_SCRIPT = re.compile(r"setUIRoot is not defined")  # what the page itself calls first
QUIET_MS = 15000
TRIES = 3  # a running application changes between the two


def kind_of(url):
    """Pages of one kind differ in ids and in what is sorted."""
    parts = urllib.parse.urlsplit(url)
    path = re.sub(r"(app|driver|worker|local)-\d[^/]*", r"\1", re.sub(r"/\d+(?=/|$)", "/0", parts.path))
    keys = {key for key, _ in urllib.parse.parse_qsl(parts.query)} & {"appId", "driverId", "showIncomplete", "logType", "executorId"}
    return path, tuple(sorted(keys))


def one_of_each(urls):
    """The longest query of a kind says most: a page of details and not its list."""
    kinds = {}
    for url in sorted(urls, key=lambda url: (len(url), url)):
        kinds.setdefault(kind_of(url), url)
    return sorted(kinds.values())


class Eye:
    """One tab, and what goes wrong in it."""

    def __init__(self, context):
        self.page = context.new_page()
        self.notes = Notebook(self.page, "")

    def begin(self, url):
        self.notes.clear()
        self.notes.origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
        self.page.goto(url, wait_until="commit")

    def settle(self):
        try:
            self.page.wait_for_load_state("networkidle", timeout=QUIET_MS)
        except Error:
            pass  # a page that asks on and on is looked at as it is

    def press(self, selector):
        button = self.page.locator(selector).first
        can = button.count() and button.is_visible() and button.is_enabled()
        if can:
            button.click()
        return can

    def seen(self):
        return {"failed": list(self.notes.failed), "errors": self.notes.plain_errors(), "foreign": list(self.notes.foreign),
                **self.page.evaluate(COUNTS)}


class Pair:
    """The gateway and Spark itself, side by side. `direct_url` and `mount_of` are the crawler's."""

    def __init__(self, context, direct_url, mount_of):
        self.ours, self.theirs = Eye(context), Eye(context)
        self.direct_url, self.mount_of = direct_url, mount_of

    def look(self, url):
        """What is wrong with it, as sentences."""
        direct = self.direct_url(url)
        for _ in range(TRIES):
            wrong = self.differences(url, direct, *self.see(url, direct))
            if not wrong:
                return []
        return wrong

    def see(self, url, direct):
        """Both with everything on them opened; they load beside each other."""
        eyes = [(self.ours, url), *([(self.theirs, direct)] if direct else [])]
        for eye, address in eyes:
            eye.begin(address)
        for eye, _ in eyes:
            eye.settle()
        for selector in OPENS:
            pressed = [eye for eye, _ in eyes if eye.press(selector)]
            for eye in pressed:
                eye.settle()
        return self.ours.seen(), self.theirs.seen() if direct else dict.fromkeys(("failed", "errors"), []) | NOTHING

    def differences(self, url, direct, seen, own):
        mount = self.mount_of(urllib.parse.urlsplit(url).path) or ""
        ours = self.below(seen["failed"], urllib.parse.urljoin(url, "/").rstrip("/") + mount)
        theirs = self.below(own["failed"], urllib.parse.urljoin(direct, "/").rstrip("/")) if direct else set()
        wrong = [f"asks elsewhere: {foreign}" for foreign in seen["foreign"]]
        wrong += [f"fails: {text}" for text in sorted(ours - theirs)]
        wrong += [f"console: {text}" for text in self.complaints(seen, own)]
        wrong += [f"{seen[what]} {what}, directly {own[what]}" for what in ("rows", "graphs", "log") if seen[what] < own[what]]
        if seen["markup"]:
            wrong.append(f"{seen['markup']} elements in the text of a log")
        return wrong

    @staticmethod
    def complaints(seen, own):
        """A direct page that was made for another proxy gets none of its scripts. It draws no graph, and has nothing to say of either."""
        more = sorted(set(seen["errors"]) - set(own["errors"]))
        without_graph, without_script = own["graphs"] < seen["graphs"], any(map(NO_SCRIPT.match, own["errors"]))
        return [text for text in more if not (without_graph and ON_A_GRAPH.match(text) or without_script and OF_A_SCRIPT.match(text))]

    @staticmethod
    def below(failed, start):
        """Failures without what differs between the two: where the UI lies, and numbers."""
        return {re.sub(r"\d+", "0", text.replace(start + "/", "/")) for text in failed}

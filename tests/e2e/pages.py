"""What a browser would ask for next, read out of one page: links, scripts, styles, forms, modules, and AJAX.

`references()` gives what stands in the text; `ajax()` what Spark's scripts compute from the address and from
setUIRoot (T22-T28, checked against the scripts of 3.5.9 and 4.3.0).
"""

import html.parser
import json
import re
import urllib.parse
from dataclasses import dataclass, field

URL_ATTRIBUTES = {"href", "src", "action", "formaction", "poster", "data", "xlink:href", "data-detail-url", "background"}
MODULE = re.compile(r"""(?:^|[;\s}])(?:import|export)\s*(?:[\w*{}\s,$]+?\sfrom\s*)?["']([^"'\n]+)["']""")
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
# a path in a script that nothing is put before (T16, T17)
BARE_PATH = re.compile(r"""(?<![+\s])\s*["'](/static/[^"'\n]+)["']""")
UI_ROOT = re.compile(r"setUIRoot\('([^']*)'\)")
APP_BASE = re.compile(r"setAppBasePath\('([^']*)'\)")
LOG_PARAMS = re.compile(r"initLogPage\('([^']*)'")


@dataclass
class Page:
    title: str = ""
    attributes: list = field(default_factory=list)  # (tag, name, value), every attribute, decoded
    references: list = field(default_factory=list)  # what a browser or a person may follow, as written
    scripts: list = field(default_factory=list)     # bodies of inline scripts
    forms: list = field(default_factory=list)       # (method, action, [(name, value)])
    ui_root: str = None
    app_base: str = ""


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.page, self.inside, self.form = Page(), None, None

    def handle_starttag(self, tag, attrs):
        attrs = [(name, value or "") for name, value in attrs]
        self.page.attributes += [(tag, name, value) for name, value in attrs]
        given = dict(attrs)
        if tag == "form":
            self.form = (given.get("method", "get").lower(), given.get("action", ""), [])
            self.page.forms.append(self.form)
        elif tag == "input" and self.form and given.get("name"):
            self.form[2].append((given["name"], given.get("value", "")))
        if tag != "form":
            self.page.references += [v for n, v in attrs if n in URL_ATTRIBUTES]
        if tag in ("script", "title", "style"):
            self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None
        if tag == "form":
            self.form = None

    def handle_data(self, text):
        if self.inside == "script":
            self.page.scripts.append(text)
        elif self.inside == "title":
            self.page.title += text.strip()
        elif self.inside == "style":
            self.page.references += CSS_URL.findall(text)


def parse_html(text):
    parser = Parser()
    parser.feed(text)
    page = parser.page
    for script in page.scripts:
        page.references += MODULE.findall(script)
        page.ui_root = next(iter(UI_ROOT.findall(script)), page.ui_root)
        page.app_base = next(iter(APP_BASE.findall(script)), page.app_base)
    for method, action, fields in page.forms:
        if method == "get":
            # a GET form replaces the query of its action; its anchor does not travel
            page.references.append(action.split("#")[0].split("?")[0] + "?" + urllib.parse.urlencode(fields))
    return page


def references(kind, text):
    """URLs as written in an answer of that media type."""
    if kind == "text/html":
        return parse_html(text).references
    if kind == "text/css":
        return CSS_URL.findall(text)
    if kind.endswith("javascript"):
        return [name for name in MODULE.findall(text) if name.startswith((".", "/", "http"))] + BARE_PATH.findall(text)
    return []


def json_strings(value, path=()):
    """(path of keys, string) for every string in decoded JSON."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from json_strings(inner, path + (key,))
    elif isinstance(value, list):
        for inner in value:
            yield from json_strings(inner, path)


# -- what Spark's scripts compute ------------------------------------------------------------------------------------

def guess(url, ui_root):
    """utils.js: (base of the REST API and the templates, "app[/attempt]" or None), out of the address alone (T22-T24)."""
    words = url.split("?")[0].split("/")
    if "proxy" in words:
        at = words.index("proxy")
        return "/".join(words[:at + 2]), words[at + 1]
    if "history" in words:
        at = words.index("history")
        attempt = words[at + 2] if len(words) > at + 2 and words[at + 2].isdigit() else None
        return "/".join(words[:at]), words[at + 1] + (f"/{attempt}" if attempt else "")
    return ui_root, None


def table_query(extra):
    """A first page of a server-side DataTable (T25)."""
    pairs = [("draw", 1), ("start", 0), ("length", 20), ("search[value]", ""), ("search[regex]", "false"),
             ("order[0][column]", 0), ("order[0][dir]", "asc"), *extra]
    for number, name in enumerate(["index", "taskId", "attempt", "status"]):
        pairs += [(f"columns[{number}][data]", name), (f"columns[{number}][name]", name),
                  (f"columns[{number}][searchable]", "true"), (f"columns[{number}][orderable]", "true")]
    return urllib.parse.urlencode(pairs)


def stage_calls(base, api, url):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    stage = f"{api}/stages/{query.get('id')}"
    table = table_query([("numTasks", 1), ("columnIndexToSort", 0), ("columnNameToSort", "Index"), ("search", "")])
    attempt = f"{stage}/{query.get('attempt', 0)}"
    return [attempt, f"{attempt}/taskSummary?quantiles=0,0.25,0.5,0.75,1.0", f"{attempt}/taskTable?{table}",
            f"{api}/allexecutors", f"{base}/static/stagespage-template.html"]


def sql_calls(api, url):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    if "/execution" in url:
        return [f"{api}/sql/{query.get('id')}?details=false&planDescription=false"]
    return [f"{api}/sql/sqlTable?{table_query([])}"]


def history_calls(root):
    return [f"{root}/api/v1/applications?limit=100", f"{root}/static/historypage-template.html"]


def log_calls(text, url, root):
    """log-view.js getRESTEndPoint: what Load More and Load New ask for. Before 4.3 Spark's script leaves out the root, which
    the gateway puts into it (T18); a browser tells whether it does (tests/compat/look.py)."""
    calls = []
    for params in LOG_PARAMS.findall(text):
        base, _ = guess(url, None)
        calls.append(f"{base or root}/log{params}&offset=0&byteLength=100")
    return calls


def loads(page, name):
    """True when the page brings in the script of that name, by tag or as a module."""
    return any(name in reference for reference in page.references)


def ajax(url, text, page):
    """The URLs that this page's scripts fetch when it is opened."""
    root = page.ui_root or ""
    base, app = guess(url, root)
    api = f"{base}/api/v1/applications/{app}"
    calls = log_calls(text, url, root)
    if loads(page, "executorspage.js"):
        calls += [f"{api}/allexecutors", f"{api}/allmiscellaneousprocess", f"{base}/static/executorspage-template.html"]
    if loads(page, "stagepage.js"):
        calls += stage_calls(base, api, url)
    if loads(page, "environmentpage.js") and app and app.startswith("app-"):  # the master's has no AJAX
        calls.append(f"{api}/environment")
    if loads(page, "allexecutionspage.js") or loads(page, "executionpage.js"):
        calls += sql_calls(api, url)
    if loads(page, "historypage.js"):
        calls += history_calls(root)
    return calls


def rows_of_history(root, text):
    """historypage.js: the links it writes into the table (T28)."""
    links = []
    for app in json.loads(text):
        for attempt in app["attempts"]:
            tail = app["id"] + (f"/{attempt['attemptId']}" if attempt.get("attemptId") else "")
            links += [f"{root}/history/{tail}/jobs/", f"{root}/api/v1/applications/{tail}/logs"]
    return links

"""An application whose UI is an attacker's (S0): what its page tries when an administrator opens it, and what came of it.

The page runs every attempt by itself and notes what it got in `window.report`; `attack()` opens it and gives that.
"""

import json
import urllib.parse

from fake_spark import App

# What a UI may say to widen its reach; the gateway drops all of it.
FIELDS = [("Service-Worker-Allowed", "/"), ("Clear-Site-Data", '"cookies", "storage"'), ("Access-Control-Allow-Origin", "*"),
          ("Access-Control-Allow-Credentials", "true"), ("Set-Cookie", "sparkgate=stolen; Path=/"),
          ("Set-Cookie", "sparkgate-admin=stolen; Path=/"), ("Set-Cookie", "sparkgate-app=stolen; Path=/"),
          ("Set-Cookie", "__Host-sparkgate=stolen; Path=/; Secure"), ("Set-Cookie", "theirs=1; Path=/")]

SCRIPT = r"""
const T = JSON.parse(document.getElementById("targets").textContent), report = {};
const JSON_BODY = JSON.stringify({client_name: T.wanted.client_name, token_type: T.wanted.token_type});
window.report = report;
const wait = (ms) => new Promise((go) => setTimeout(go, ms));

async function attempt(name, act) {
  try { report[name] = String(await Promise.race([act(), wait(3000).then(() => "nothing came")])); }
  catch (error) { report[name] = "refused: " + error.name; }
}
const show = async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`;
const ask = (url, options) => fetch(url, {credentials: "include", ...options}).then(show);
const event = (target, ...names) => new Promise((go) => names.forEach((n) => target.addEventListener(n, () => go(n))));
const add = (tag, fields) => document.body.appendChild(Object.assign(document.createElement(tag), fields));

async function fetches() {
  const api = T.admin + T.tokens, plain = {method: "POST", headers: {"Content-Type": "text/plain"}, body: JSON_BODY};
  await attempt("cors list", () => ask(api));
  await attempt("cors page", () => ask(T.admin + "/tokens"));
  await attempt("cors create", () => ask(api, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON_BODY}));
  await attempt("cors header", () => ask(api, {method: "POST", headers: {"X-CSRF-Token": "1", "Content-Type": "application/json"}, body: JSON_BODY}));
  await attempt("cors create as text", () => ask(api, plain));
  await attempt("cors delete", () => ask(api + "/" + T.known, {method: "DELETE"}));
  await attempt("no-cors list", () => ask(api, {mode: "no-cors"}));
  await attempt("no-cors page", () => ask(T.admin + "/tokens", {mode: "no-cors"}));
  await attempt("no-cors create", () => ask(api, {mode: "no-cors", ...plain}));
  await attempt("no-cors page form", () => ask(T.admin + "/tokens", {mode: "no-cors", method: "POST", body: new URLSearchParams(T.wanted)}));
  await attempt("beacon", () => navigator.sendBeacon(api, new Blob([JSON_BODY], {type: "text/plain"})));
  await attempt("xhr", () => new Promise((go, fail) => {
    const x = new XMLHttpRequest(); x.open("GET", api); x.withCredentials = true;
    x.onload = () => go("read " + x.responseText); x.onerror = () => fail(new TypeError()); x.send();
  }));
  await attempt("module", () => import(api).then(() => "loaded"));
  await attempt("event source", () => event(new EventSource(api, {withCredentials: true}), "open", "error"));
  await attempt("websocket", () => event(new WebSocket(api.replace("http", "ws")), "open", "error"));
}

async function elements() {
  await attempt("script tag", () => event(add("script", {src: T.admin + T.tokens}), "load", "error").then((n) => n + " " + Object.keys(window).includes("items")));
  await attempt("style sheet", async () => {
    const link = add("link", {rel: "stylesheet", href: T.admin + "/tokens"});
    return await event(link, "load", "error") + " " + (link.sheet ? link.sheet.cssRules.length : "no sheet");
  });
  for (const tag of ["iframe", "object", "embed"]) await attempt(tag, async () => {
    const frame = add(tag, tag === "object" ? {data: T.admin + "/tokens"} : {src: T.admin + "/tokens"});
    await Promise.race([event(frame, "load", "error"), wait(1500)]);
    const inner = frame.contentDocument || (frame.contentWindow && frame.contentWindow.document);
    return inner ? "read " + inner.documentElement.outerHTML : "no document";
  });
  await attempt("iframe scripted", async () => {
    const frame = add("iframe", {src: T.admin + "/tokens"});
    await Promise.race([event(frame, "load"), wait(1500)]);
    frame.contentWindow.location = "javascript:parent.report.ran=document.documentElement.outerHTML";
    await wait(200);
    return frame.contentWindow.location.href;
  });
}

async function forms() {
  for (const action of [T.admin + T.tokens, T.admin + "/tokens", ...T.pages]) for (const target of ["hidden", "_blank"])
    for (const enctype of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]) {
      add("iframe", {name: "hidden"});
      const form = add("form", {method: "post", action, target, enctype}), fields = {...T.wanted};
      const split = JSON_BODY.replace("}", ',"note":"');
      if (enctype === "text/plain") { for (const n in fields) delete fields[n]; fields[split] = '"}'; }
      for (const name in fields) form.append(Object.assign(document.createElement("input"), {name, value: fields[name]}));
      HTMLFormElement.prototype.submit.call(form);
      await wait(150);
    }
  report.forms = "sent";
}

async function windows() {
  await attempt("popup", async () => {
    const w = window.open(T.admin + "/tokens", "loot");
    await wait(1500);
    report["popup is cut off"] = String(!w || w.closed);
    return "read " + w.document.documentElement.outerHTML;
  });
  await attempt("popup message", async () => {
    const heard = event(window, "message");
    window.open(T.admin + "/tokens", "loot").postMessage("token?", "*");
    return await heard;
  });
  await attempt("popup script", async () => {
    const w = window.open(T.admin + "/tokens", "loot");
    await wait(800);
    w.location = "javascript:opener.report.ran=document.documentElement.outerHTML";
    await wait(300);
    return w.location.href;
  });
  await attempt("opener", async () => window.opener ? "read " + window.opener.document.documentElement.outerHTML : "no opener");
}

async function workers() {
  const register = (url, scope) => navigator.serviceWorker.register(url, scope ? {scope} : {}).then((r) => r.scope);
  await attempt("worker above", () => register("sw.js", "/"));
  await attempt("worker on the base", () => register("sw.js", T.base + "/"));
  await attempt("worker on a neighbour", () => register("sw.js", T.neighbour));
  await attempt("worker of the admin origin", () => register(T.admin + "/sw.js", T.admin + "/"));
  await attempt("worker of the gateway", () => register(T.base + "/_gate/static/session.js", T.base + "/"));
  await attempt("worker of its own", () => register("sw.js"));
  report.scopes = JSON.stringify((await navigator.serviceWorker.getRegistrations()).map((r) => new URL(r.scope).pathname));
}

async function tricks() {
  await attempt("history", async () => history.pushState(null, "", T.admin + "/tokens"));
  await attempt("referrer", () => fetch(location.href, {referrer: T.admin + "/tokens"}).then(show));
  await attempt("referrer policy", () => ask(T.admin + T.tokens, {mode: "no-cors", method: "POST", body: JSON_BODY, referrerPolicy: "unsafe-url"}));
  await attempt("document domain", async () => { document.domain = "127.0.0.1"; return "set"; });
  report.cookie = document.cookie;
  report.storage = JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]);
  report.timing = JSON.stringify(performance.getEntries().map((e) => e.name));
}

async function oauth() {
  const form = (fields) => ({method: "POST", body: new URLSearchParams(fields)});
  for (const [what, fields] of Object.entries({
    "refresh": {grant_type: "refresh_token", refresh_token: "guess"},
    "register": {grant_type: "registration_token", registration_token: "guess"},
    "password": {grant_type: "password", username: "admin", password: "admin"},
    "client": {grant_type: "client_credentials"},
    "exchange": {grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: "session"},
  })) await attempt("oauth " + what, () => ask(T.gate + "/_gate/oauth/token", form(fields)));
  await attempt("oauth introspect", () => ask(T.gate + "/_gate/oauth/introspect", form({token: T.known})));
  await attempt("oauth revoke", () => ask(T.gate + "/_gate/oauth/revoke", form({token: T.known})));
  for (const path of ["/api/v1/tokens", "/tokens", "/_gate/tokens", "/metrics"]) {
    await attempt("public " + path, () => ask(T.gate + path));
    await attempt("public create " + path, () => ask(T.gate + path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON_BODY}));
  }
}

async function neighbours() {
  for (const [name, url] of Object.entries(T.read)) {
    await attempt("read " + name, () => ask(url));
    await attempt("read blindly " + name, () => ask(url, {mode: "no-cors"}));
    await attempt("frame " + name, async () => {
      const frame = add("iframe", {src: url});
      await Promise.race([event(frame, "load"), wait(1500)]);
      return frame.contentDocument ? "read " + frame.contentDocument.documentElement.outerHTML : "no document";
    });
    await attempt("open " + name, async () => {
      const w = window.open(url, "other");
      await wait(1500);
      return "read " + w.document.documentElement.outerHTML;
    });
  }
  for (const [name, url] of Object.entries(T.kill)) for (const method of ["GET", "POST"]) {
    await attempt(`kill ${name} ${method}`, () => ask(url, {method}));
    await attempt(`kill ${name} ${method} blindly`, () => ask(url, {method, mode: "no-cors"}));
    const form = add("form", {action: url, method, target: "killer"});
    form.append(Object.assign(document.createElement("input"), {name: "id", value: "1"}));
    add("iframe", {name: "killer"});
    form.submit();
    await wait(300);
    form.target = "_blank";
    form.submit();
    await wait(300);
  }
}

(async () => {
  for (const part of T.parts) await ({fetches, elements, forms, windows, workers, tricks, oauth, neighbours})[part]();
  report.done = "yes";
})();
"""

PARTS = ["fetches", "elements", "forms", "windows", "workers", "tricks", "oauth", "neighbours"]
PAGE = """<!doctype html><title>{name}</title><body><h1>A Spark UI like any other</h1>
<script type="application/json" id="targets">{targets}</script><script src="{mount}/static/attack.js"></script></body>"""


class Hostile(App):
    """`targets`: what its script is told; set before its page is opened."""

    def __init__(self, app, name="hostile"):
        super().__init__(app, name)
        self.targets = {}

    def page(self, request):
        if request.parts.path == "/static/attack.js":
            return 200, "text/javascript", SCRIPT, FIELDS
        if request.parts.path == "/sw.js":
            return 200, "text/javascript", "self.addEventListener('fetch', () => {});", FIELDS
        mount = dict(request.headers.items()).get("X-Forwarded-Context", "")
        return 200, "text/html", PAGE.format(name=self.name, targets=json.dumps(self.targets), mount=mount), FIELDS

    def aim(self, gateway, known, read=None, kill=None, neighbour="/", parts=PARTS):
        """`known`: id of a token; `read` and `kill`: names and addresses of what is not its own."""
        self.targets = {"admin": gateway.admin_url, "tokens": "/api/v1/tokens", "gate": gateway.url, "base": gateway.base,
                        "wanted": {"client_name": "stolen", "token_type": "admin", "form": "guess"}, "known": known, "neighbour": neighbour,
                        "pages": [f"{gateway.admin_url}{path}" for path in (
                            f"/tokens/{known}/revoke", f"/tokens/{known}/disable", "/_gate/logout", "/_gate/login")],
                        "read": read or {}, "kill": kill or {}, "parts": parts}


def attack(page, url, timeout=180000):
    """Opens the hostile UI and gives what its script noted."""
    page.goto(url)
    page.wait_for_function("window.report && window.report.done", timeout=timeout)
    return page.evaluate("window.report")


def tokens_on_record(gateway):
    """Every token but for its last use."""
    listed = json.loads(gateway.command("token", "list").stdout)
    return sorted((({k: v for k, v in t.items() if not k.startswith("last_used")}) for t in listed), key=lambda t: t["id"])


def sign_in(page, address, token):
    """By the form of a sign-in page, wherever that leads."""
    page.goto(address)
    page.locator("[name=token]").fill(token)
    with page.expect_navigation():
        page.locator("form:has([name=token]) button").first.click()


def path_of(url):
    return urllib.parse.urlsplit(url).path

"""Sums up a run: min, median and max of every figure, the bars, and the table that is printed. Pure: no clock but of()."""

import datetime
import pathlib
import platform
import re
import statistics

# load -> what it is, and the figure that counts: its key, its unit, by how much it is divided
LOADS = {
    "page": ("4 KB log page, 32 connections", "cpu_us", "us CPU a request", 1),
    "first-seen": ("4 KB log page, 4 connections, an RS256 token never seen before with each request", "cpu_us", "us CPU a request", 1),
    "ext-auth": ("answer to an nginx that asks about a request, 32 connections; nginx: 204 by itself", "cpu_us", "us CPU a request", 1),
    "ext-auth-calm": ("the same, each connection resting a millisecond between two requests", "p99_us", "us until 99 % have their answer", 1),
    "links": ("page of Spark's that is full of links, 32 connections", "cpu_us", "us CPU a request", 1),
    "script": ("90 KB script that Spark forbids to keep, 32 connections", "cpu_us", "us CPU a request", 1),
    "master": ("1.1 MB master page of 5,000 known workers, 8 connections", "cpu_us", "us CPU a request", 1),
    "event-log": ("1 GiB event log, one client", "cpu_us", "ms CPU", 1000),
    "tls": ("TLS 1.3, session resumed: a connection with one 4 KB log page", "cpu_us", "us CPU a connection", 1),
    "http2": ("4 KB log page over TLS and HTTP/2, one connection with 32 streams", "cpu_us", "us CPU a request", 1),
    "burst": ("40 GETs in one instant at a real Spark, after 10 s of rest", "slowest_40_us", "ms until the last has its answer", 1000),
    "idle": ("connections that had one answer and rest", "kib_each", "KiB each", 1),
}

# What is held to what: a figure (load, contender, and its key unless it is the load's own), what its median is divided by, and
# how much is allowed. Negative: at least so much. None: there is no bar, the ratio is said.
PLAIN, JWT = ("page", "nginx"), ("page", "HAProxy jwt_verify")
BARS = [
    ("4 KB, verified bearer, of nginx without any check", ("page", "sparkgate"), PLAIN, 1.0),
    ("4 KB, verified bearer, of HAProxy jwt_verify", ("page", "sparkgate"), JWT, 0.55),
    ("4 KB, session (memory), of nginx without any check", ("page", "sparkgate session"), PLAIN, 1.0),
    ("4 KB, session (memory), of HAProxy jwt_verify", ("page", "sparkgate session"), JWT, 0.55),
    ("4 KB, front evhttp, of the front direct", ("page", "sparkgate, front evhttp"), ("page", "sparkgate"), None),
    ("4 KB, session in Redis, of session (memory)", ("page", "sparkgate session in Redis"), ("page", "sparkgate session"), 1.05),
    ("4 KB, session in Redis by rediss:, of redis:", ("page", "sparkgate session in Redis by TLS"), ("page", "sparkgate session in Redis"), 1.02),
    ("first-seen token, of cached + one EVP_DigestVerify", ("first-seen", "sparkgate"), "floor", 1.1),
    ("first-seen token, of cached at full load + one check", ("first-seen", "sparkgate"), "floor at full load", None),
    ("ext-auth, session (memory), p99 in ms", ("ext-auth-calm", "sparkgate session"), 1000, 1),
    ("ext-auth, verified bearer, p99 in ms", ("ext-auth-calm", "sparkgate"), 1000, 1),
    ("ext-auth, session (memory), of its own page", ("ext-auth", "sparkgate session"), ("page", "sparkgate session"), None),
    ("ext-auth, session (memory), of nginx's own 204", ("ext-auth", "sparkgate session"), ("ext-auth", "nginx"), 1.0),
    ("90 KB script, of nginx proxying it", ("script", "sparkgate"), ("script", "nginx"), 0.7),
    ("90 KB script, of nginx with larger buffers", ("script", "sparkgate"), ("script", "nginx, 32 KiB buffers"), None),
    ("1.1 MB master page rewritten, of nginx untouched", ("master", "sparkgate"), ("master", "nginx"), 1.0),
    ("1.1 MB master page, of nginx with larger buffers", ("master", "sparkgate"), ("master", "nginx, 32 KiB buffers"), None),
    ("TLS, session resumed, of nginx without any check", ("tls", "sparkgate"), ("tls", "nginx"), None),
    ("TLS, session resumed, front evhttp, of the front direct", ("tls", "sparkgate, front evhttp"), ("tls", "sparkgate"), None),
    ("4 KB page over HTTP/2, session, of nginx http2 without any check", ("http2", "sparkgate session"), ("http2", "nginx"), None),
    ("4 KB page over HTTP/2, bearer, of nginx http2 without any check", ("http2", "sparkgate"), ("http2", "nginx"), 0.85),
    ("1 GiB event log, CPU of nginx's", ("event-log", "sparkgate"), ("event-log", "nginx"), 1.1),
    ("1 GiB event log, CPU of nginx's with larger buffers", ("event-log", "sparkgate"), ("event-log", "nginx, 32 KiB buffers"), None),
    ("1 GiB event log, MiB over idle", ("event-log", "sparkgate", "over_idle_kib"), 1024, 64),
    *((f"burst of {size} at a real Spark, slowest in s", ("burst", "sparkgate", f"slowest_{size}_us"), 1000000, 0.5) for size in (6, 40, 100)),
    *((f"burst of {size} at a real Spark, of asked directly", ("burst", "sparkgate", f"slowest_{size}_us"),
       ("burst", "asked directly", f"slowest_{size}_us"), 0.5) for size in (6, 40, 100)),
    ("idle connection, KiB each", ("idle", "sparkgate"), 1, 8),
    ("idle connections held", ("idle", "sparkgate", "held"), 1, -10000),  # at least
]
# A cached path, to which one EVP_DigestVerify comes: of the same client at the same pace, and of one that keeps the load's core full.
FLOORS = {"floor": ("first-seen", "sparkgate, tokens seen before"), "floor at full load": ("page", "sparkgate")}
ELSEWHERE = {"stage page in Chromium, second visit": "needs a browser and Spark: not a load of this bench"}


def spread(rounds):
    """{key: {min, median, max}} of measurements that have the same keys."""
    keys = rounds[0].keys()
    return {key: {"min": min(r[key] for r in rounds), "median": statistics.median(r[key] for r in rounds),
                  "max": max(r[key] for r in rounds)} for key in keys}


def machine():
    """In words, without a name that anybody gave it."""
    cpus = re.findall(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text(), re.M))
    control = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return (f"{len(cpus)} cores of {cpus[0] if cpus else platform.machine()}, Linux {platform.release().split('-')[0]}, "
            f"{release.get('PRETTY_NAME', 'unknown')}, TCP {control.read_text().strip() if control.exists() else 'unknown'}")


def of(results, missing, verify, rounds, seconds):
    """`results`: {load: {contender: [measurement of a round]}}; `verify`: us of EVP_DigestVerify, one a round."""
    figures = {load: {name: spread(measured) for name, measured in by.items()} for load, by in results.items()}
    result = {"date": datetime.date.today().isoformat(), "machine": machine(), "rounds": rounds, "seconds_each": seconds,
              "loads": figures, "missing": missing}
    if verify:
        result["evp_digest_verify_us"] = spread([{"us": value} for value in verify])["us"]
    result["bars"] = bars(result)
    return result


def median(result, of_what):
    load, name, *key = of_what
    figure = result["loads"].get(load, {}).get(name)
    return figure[key[0] if key else LOADS[load][1]]["median"] if figure else None


def base(result, against):
    """What a figure is divided by; None when that was not measured."""
    if against in FLOORS:
        cached, check = median(result, FLOORS[against]), result.get("evp_digest_verify_us")
        return cached + check["median"] if cached and check else None
    return against if isinstance(against, (int, float)) else median(result, against)


def verdict(figure, limit):
    if limit is None:
        return "no bar"
    return "PASS" if (figure >= -limit if limit < 0 else figure <= limit) else "FAIL"


def bars(result):
    judged = []
    for title, what, against, limit in BARS:
        figure, divisor = median(result, what), base(result, against)
        row = {"bar": title, "limit": limit and abs(limit), "at_least": bool(limit) and limit < 0, "figure": None, "verdict": "not measured"}
        if figure is not None and divisor:
            row |= {"figure": figure / divisor, "verdict": verdict(figure / divisor, limit)}
        judged.append(row)
    return judged


def one_line(load, measured):
    _, key, unit, divisor = LOADS[load]
    return f"{measured[key] / divisor:.1f} {unit}"


def row(name, load, figures):
    """One contender: the figure's spread, and what else was measured of it."""
    _, key, _, divisor = LOADS[load]
    main = figures[key]
    cells = [f"{name:28}"] + [f"{main[which] / divisor:8.1f}" for which in ("min", "median", "max")]
    for field, scale, form in (("per_second", 1, "8.0f"), ("p50_us", 1000, "8.2f"), ("p99_us", 1000, "8.2f"), ("peak_kib", 1024, "8.1f")):
        cells.append(f"{figures[field]['median'] / scale:{form}}" if field in figures else " " * 7 + "-")
    return " ".join(cells)


def table(load, by_name):
    title, _, unit, _ = LOADS[load]
    head = f"{'':28} {'min':>8} {'median':>8} {'max':>8} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'peak MiB':>8}"
    return [f"{title}: {unit}", head, *(row(name, load, figures) for name, figures in by_name.items()), ""]


def bar_line(judged):
    if judged["figure"] is None:
        return f"{judged['bar']:52} {'-':>9}  {judged['verdict']}"
    limit = "" if judged["limit"] is None else f"{'>=' if judged['at_least'] else '<='} {judged['limit']:g}"
    return f"{judged['bar']:52} {judged['figure']:9.2f}  {limit:9} {judged['verdict']}"


def text(result):
    lines = ["", f"{result['date']}, {result['machine']}; {result['rounds']} rounds of {result['seconds_each']} s, interleaved", ""]
    for load, by_name in result["loads"].items():
        lines += table(load, by_name)
    if "evp_digest_verify_us" in result:
        lines += [f"one EVP_DigestVerify, RS256: {result['evp_digest_verify_us']['median']:.1f} us", ""]
    lines += [bar_line(judged) for judged in result["bars"]]
    lines += [f"{what:52} {'-':>9}  {why}" for what, why in ELSEWHERE.items()]
    lines += [f"without {name}: {reason}" for name, reason in result["missing"].items()]
    return "\n".join(lines)

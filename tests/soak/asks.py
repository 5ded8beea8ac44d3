"""What is asked in one go: bearer tokens, sessions, strangers, who was taken away, Spark's pages and files."""

import hashlib
import json
import re
import time

import content
from client import ask
from model import Question
from people import COOKIE, FULL_NAMES

UI = "/local/ui/soak"
NAVIGATION = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "same-origin")]
PROGRAM = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Site", "same-origin")]
NAMES = re.compile(rb"soak-t\d+x|Alice Example|Root Example")


# -- contents --------------------------------------------------------------------------------------------------------

def is_echo(path):
    """The UI's answer to this very request, which must not have shown it who asked."""
    def check(answer):
        try:
            said = json.loads(answer.body)
        except ValueError:
            return "not the echo"
        if said.get("target") != path:
            return f"the echo of {said.get('target')!r}, not of {path!r}"
        if "authorization" in said["names"] or ("cookie" in said["names"]):
            return "a credential reached the UI"
        return None
    return check


def is_page_of(name):
    """A page that names its reader and nobody else."""
    def check(answer):
        seen = {found.decode() for found in NAMES.findall(answer.body)}
        return None if seen == {name} else f"a page for {sorted(seen)}, not {name}"
    return check


def is_bytes(expected):
    def check(answer):
        if answer.body == expected:
            return None
        return f"{len(answer.body)} bytes, {hashlib.sha256(answer.body).hexdigest()[:12]}, not {len(expected)}, {hashlib.sha256(expected).hexdigest()[:12]}"
    return check


def has(*words):
    return lambda answer: None if all(word in answer.body for word in words) else f"without {words}"


# -- people who may --------------------------------------------------------------------------------------------------

async def echo(load, gate, who, kind, fields=(), fresh=False):
    path = f"/echo/{load.nonce()}?who={kind}"
    # Who is known and has no role is let in nowhere, and until the sign-out is everywhere that is what is said.
    question = Question(kind, gate, {403}, (), who) if who.role == "none" else Question(kind, gate, {200}, {"ui"}, who, is_echo(path))
    answer = await ask(gate, "GET", UI + path, [who.header, *fields], fresh=fresh)
    load.model.judge(question, answer)
    return answer


async def bearer(load, rng):
    _, who = load.someone(rng)
    await echo(load, load.any_gate(rng), who, "bearer", fresh=rng.random() < 0.1)


async def third(load, rng):
    _, who = load.someone(rng, ["three"])
    await echo(load, load.world.three, who, "third", fresh=rng.random() < 0.1)


async def session(load, rng):
    if not load.people.sessions:
        return
    who, gate = rng.choice(load.people.sessions), load.any_gate(rng)
    answer = await echo(load, gate, who, "session", rng.choice([NAVIGATION, PROGRAM]), rng.random() < 0.1)
    if answer.outcome in (302, 401):
        load.people.lost(who)


async def home(load, rng):
    who = rng.choice([*load.people.sessions, *load.people.own["pair"]] or [load.people.root["pair"]])
    gate = load.any_gate(rng)
    answer = await ask(gate, "GET", "/", [who.header, *NAVIGATION])
    load.model.judge(Question("home", gate, {200}, (), who, is_page_of(who.name) if who.name != "soak-root" else None), answer)
    if who.kind == "session" and answer.outcome in (302, 401):
        load.people.lost(who)


async def first_seen(load, rng):
    """A token of the provider's that no gateway has seen."""
    who = await load.people.new_robot()
    if who:
        for gate in load.world.pair:
            await echo(load, gate, who, "first-seen")
        if load.people.robots:
            await echo(load, load.any_gate(rng), rng.choice(load.people.robots), "seen")


async def first_own(load, rng):
    """One of ours is good everywhere from the next request on."""
    site = rng.choice(["pair", "pair", "three"])
    if len(load.people.own[site]) > 25:
        return
    who = await load.people.make(site)
    if who:
        for gate in load.world.pair if site == "pair" else [load.world.three]:
            await echo(load, gate, who, "first-own")


# -- people who may not ----------------------------------------------------------------------------------------------

async def stranger(load, rng):
    gate = rng.choice(load.world.gates)
    cookie = COOKIE if gate is not load.world.three else "sparkgate_gate"
    token = load.someone(rng, [load.people.site(gate)])[1].header[1]
    at = rng.randrange(len(token) // 2, len(token) - 4)
    bent = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
    fields, want, traits = rng.choice([
        (NAVIGATION, {302}, ()), (PROGRAM, {401}, ()), ([("Authorization", "Bearer nonsense")], {401}, ()),
        ([("Authorization", bent)], {401}, ()), ([("Authorization", token), ("Authorization", token)], {400}, ()),
        ([("Cookie", f"{cookie}={'A' * 43}"), *NAVIGATION], {302}, {"stranger"}),
        ([("Cookie", f"{cookie}={rng.randbytes(32).hex()[:43]}"), *PROGRAM], {401}, {"stranger"})])
    answer = await ask(gate, "GET", f"{UI}/echo/{load.nonce()}", fields)
    load.model.judge(Question("stranger", gate, want, traits), answer)


async def graveyard(load, rng):
    if not load.people.graveyard:
        return
    site, who = rng.choice(load.people.graveyard)
    gate = load.world.three if site == "three" else load.any_gate(rng)
    await echo(load, gate, who, "taken-away", rng.choice([NAVIGATION, PROGRAM]))


async def forbidden(load, rng):
    """What a user may not, though known."""
    users = [who for who in [*load.people.sessions, *load.people.own["pair"]] if who.role == "user"]
    if not users:
        return
    who, gate = rng.choice(users), load.any_gate(rng)
    fields = [who.header, ("Origin", gate.origin), ("Content-Type", "application/x-www-form-urlencoded"), *PROGRAM]
    answer = await ask(gate, "POST", "/local/proxy/master/app/kill/", fields, b"id=app-20000101000000-0000&terminate=true")
    load.model.judge(Question("forbidden", gate, {403}, (), who), answer)
    if who.kind == "session" and answer.outcome in (302, 401):
        load.people.lost(who)


# -- Spark -----------------------------------------------------------------------------------------------------------

def spark_pages(world):
    """(path, what must be there); a cluster of --cluster may have no applications."""
    pages = [("/local/proxy/master/", has(b"Spark Master at")), ("/local/proxy/master/json/", has(b'"aliveworkers" : 1')),
             (f"/local/proxy/{world.spark['workers'][0]['id']}/", has(b"Spark Worker at")), ("/local/shs/api/v1/applications", has(b"["))]
    for role, app in world.spark["apps"].items():
        over = role == "finished"
        pages.append((f"/local/shs/api/v1/applications/{app['id']}", has(app["id"].encode())) if over else
                     (f"/local/proxy/{app['id']}/jobs/", has(b"Spark Jobs", app["name"].encode())))
    return pages


async def spark_page(load, rng):
    path, check = rng.choice(spark_pages(load.world))
    gate, who = load.any_gate(rng), load.someone(rng)[1]
    answer = await ask(gate, "GET", path, [who.header])
    load.model.judge(Question("spark", gate, {200}, {"spark"}, who, check), answer)


def static_paths(world):
    running = world.spark["apps"].get("running")
    mounts = ["proxy/master", "shs", *([f"proxy/{running['id']}"] if running else [])]
    names = ["webui.css", "webui.js", "bootstrap.bundle.min.js", "spark-logo-rev.svg", "utils.js"]
    return [f"/local/{mount}/static/{name}" for mount in mounts for name in names]


async def learn_static(load):
    """Digest and ETag of each file while nothing goes wrong; both gateways must give the same."""
    who = load.people.root["pair"]
    for path in static_paths(load.world):
        given = []
        for gate in load.world.pair:
            answer = await ask(gate, "GET", path, [who.header])
            if answer.outcome == 200:
                given.append((hashlib.sha256(answer.body).hexdigest(), answer.field("etag")))
        if given:
            assert len(given) == 2 and len({digest for digest, _ in given}) == 1, (path, given)
            load.files[path] = given[0]
    assert len(load.files) >= 6, load.files


async def static(load, rng):
    path = rng.choice(sorted(load.files))
    digest, etag = load.files[path]
    gate, who, again = load.any_gate(rng), load.someone(rng)[1], rng.random() < 0.3 and etag
    answer = await ask(gate, "GET", path, [who.header, *([("If-None-Match", etag)] if again else [])])

    def check(given):
        if given.status == 200 and hashlib.sha256(given.body).hexdigest() != digest:
            return f"another content of {path}"
        return None
    load.model.judge(Question("static", gate, {200, 304} if again else {200}, {"spark"}, who, check), answer)


async def file(load, rng):
    """A file of our UI, whole."""
    size, seed = rng.choice([0, 1, 700, 4096, 65536, 400000, 2000000]), rng.randrange(8)
    gate, who = rng.choice(load.world.gates), None
    who = load.someone(rng, [load.people.site(gate)])[1]
    answer = await ask(gate, "GET", f"{UI}/file/{seed}/{size}", [who.header], fresh=rng.random() < 0.2)
    load.model.judge(Question("file", gate, {200}, {"ui"}, who, is_bytes(content.block(str(seed), size))), answer)


# -- changes, and what watches ---------------------------------------------------------------------------------------

async def take_away(load, rng):
    """A token that both gateways know is taken away, and asked for from then on."""
    site = rng.choice(["pair", "pair", "three"])
    own = [who for who in load.people.own[site] if who.ending is None]
    if len(own) > 4:
        await load.people.revoke(site, rng.choice(own))
    await load.people.settle_doubts()


async def people_change(load, rng):
    people = load.people
    if len(people.sessions) > 4 and rng.random() < 0.6:
        await people.sign_out(rng.choice(people.sessions))
    elif len(people.sessions) < 8:
        await people.sign_in(rng.choice(sorted(FULL_NAMES)))


async def refused_sessions(load, rng):
    """Who has no role gets no session."""
    del rng
    if time.monotonic() - getattr(load, "last_nobody", 0) > 10:
        load.last_nobody = time.monotonic()
        await load.people.no_entry()


async def probe(load, rng):
    gate = rng.choice(load.world.gates)
    path = rng.choice(["/ping", "/ready", "/metrics"])
    answer = await ask(gate, "GET", path, admin=True, seconds=10)
    load.model.judge(Question(path[1:], gate, {200}, {"ready"} if path == "/ready" else ()), answer)

"""Who asks: tokens of the gateways' own, the provider's tokens, sessions; made, shown, and taken away while the load runs.

Those that were taken away stay in the graveyard and are shown again and again. Whoever is not known to have been
taken away or not (the answer was 503 or never came) is in doubt, and tried again.
"""

import asyncio
import collections
import contextlib
import html
import json
import re
import time
import urllib.parse

import requests

from client import Answer, ask
from model import Credential, Question
from provider_people import Person

COOKIE = "__Host-sparkgate_gate"
TOKENS = "/api/v1/tokens"
LANDING = "/local/ui/soak/echo/landing"
FULL_NAMES = {"alice": "Alice Example", "root": "Root Example"}
requests.packages.urllib3.disable_warnings()  # the gateway's certificate is made for the run


class Writing:
    """Who writes to the store holds this; a fault that may lose what Redis has just been told waits for all of them."""

    def __init__(self):
        self.writers, self.shut, self.condition = 0, False, asyncio.Condition()

    async def __aenter__(self):
        async with self.condition:
            await self.condition.wait_for(lambda: not self.shut)
            self.writers += 1

    async def __aexit__(self, *_):
        async with self.condition:
            self.writers -= 1
            self.condition.notify_all()

    @contextlib.asynccontextmanager
    async def stopped(self):
        async with self.condition:
            await self.condition.wait_for(lambda: not self.shut)
            self.shut = True
            await self.condition.wait_for(lambda: self.writers == 0)
        try:
            yield
        finally:
            async with self.condition:
                self.shut = False
                self.condition.notify_all()


class People:
    def __init__(self, world, model, rng):
        self.world, self.model, self.rng, self.writing, self.count = world, model, rng, Writing(), 0
        self.root = {}      # site -> an administrator's token
        self.own = {"pair": [], "three": []}
        self.sessions, self.robots = [], []
        self.doubts, self.shaky = [], False
        self.graveyard = collections.deque(maxlen=60)  # (site, credential)

    def site(self, gate):
        return "three" if gate is self.world.three else "pair"

    def gate_of(self, site):
        return self.world.three if site == "three" else self.rng.choice(self.world.pair)

    def bearer(self, kind, token, name, role="user", ident=None):
        return Credential(kind, ("Authorization", f"Bearer {token}"), name, role, ident)

    async def prepare(self):
        for site, gate in (("pair", self.world.one), ("three", self.world.three)):
            self.root[site] = self.bearer("own", self.world.admin_token(gate), "soak-root", "admin")
            for _ in range(6):
                await self.make(site)
        for user in ("alice", "root", "alice"):
            await self.sign_in(user)
        await self.new_robot()

    # -- tokens of our own -------------------------------------------------------------------------------------------

    async def make(self, site):
        """A new token, judged; None if there is none."""
        self.count += 1
        name, gate = f"soak-t{self.count}x", self.gate_of(site)
        question = Question("make", gate, {201}, {"api"})
        body = json.dumps({"client_name": name, "access_ttl": "20d"}).encode()
        async with self.writing:
            answer = await ask(gate, "POST", TOKENS, [self.root[site].header, ("Content-Type", "application/json")], body, admin=True)
        self.model.judge(question, answer)
        if answer.outcome != 201:
            return None
        made = json.loads(answer.body)
        token = self.bearer("own", made["access_token"], name, "user", made["id"])
        # what a clock that is ahead has dated is not valid yet, by any other
        token.doubtful = bool(self.model.during(gate.name, answer.sent, answer.done, "ahead"))
        self.own[site].append(token)
        return token

    async def revoke(self, site, token):
        """Takes it away; whether that worked is in the credential."""
        gate, again = self.gate_of(site), token.ending is not None
        token.ending = token.ending or time.monotonic()
        async with self.writing:
            answer = await ask(gate, "DELETE", f"{TOKENS}/{token.ident}", [self.root[site].header], admin=True)
        self.model.judge(Question("revoke", gate, {204, 404} if again else {204}, {"api"}), answer)
        if token in self.own[site]:
            self.own[site].remove(token)
        self.settle(site, token, answer.outcome in (204, 404))

    def settle(self, site, credential, is_ended):
        if is_ended:
            credential.ended, credential.doubtful = time.monotonic(), False
            self.graveyard.append((site, credential))
        else:
            credential.doubtful = True
            self.doubts.append((site, credential))

    async def settle_doubts(self):
        """Tries again what is in doubt."""
        for site, credential in [self.doubts.pop(0) for _ in range(min(4, len(self.doubts)))]:
            await (self.sign_out if credential.kind == "session" else self.revoke)(*([] if credential.kind == "session" else [site]), credential)

    # -- the provider's ----------------------------------------------------------------------------------------------

    async def new_robot(self):
        """A token that no gateway has seen; None while the provider is away."""
        try:
            token = await asyncio.to_thread(self.world.provider.service_token, "robot")
        except OSError:
            return None
        robot = self.bearer("jwt", token, "robot")
        self.robots = [old for old in self.robots[-5:] if time.monotonic() - old.made < 200] + [robot]
        return robot

    def forget_robots(self):
        """Their key is not published any more: they may be refused, and are of no more use."""
        self.robots = []

    # -- sessions ----------------------------------------------------------------------------------------------------

    async def enter(self, user):
        """A person with a browser, from the first page to the callback's answer: (answer, cookie); None if the provider was away."""
        gate, answer, person = self.world.two, Answer(), Person(user)
        person.verify = False
        async with self.writing:
            page = await asyncio.to_thread(walk_in, person, gate, self.world.provider.issuer)
        answer.done = time.monotonic()
        if page is None:
            self.model.ends["sign-in", "provider away"] += 1
            return None
        if isinstance(page, str):
            answer.error = page
        else:
            answer.end, answer.status, answer.body = "whole", page.status_code, page.content
            answer.fields = {name.lower(): [value] for name, value in page.headers.items()}
        return answer, person.cookies.get(COOKIE)

    async def sign_in(self, user):
        entered = await self.enter(user)
        if entered is None:
            return
        answer, cookie = entered
        question = Question("sign-in", self.world.two, {302, 303}, {"sign-in"}, None, lambda _: None if cookie else "no session's cookie")
        if self.model.judge(question, answer) and answer.outcome in (302, 303):
            role = "admin" if user == "root" else "user"
            self.sessions.append(Credential("session", ("Cookie", f"{COOKIE}={cookie}"), FULL_NAMES[user], role))
            self.sessions[-1].doubtful = self.shaky

    async def no_entry(self):
        """Somebody without a role signs in at the provider: known then, and let in nowhere."""
        entered = await self.enter("nobody")
        if entered is None:
            return
        answer, cookie = entered
        self.model.judge(Question("sign-in", self.world.two, {302, 303}, {"sign-in"}), answer)
        if answer.outcome in (302, 303) and cookie:
            nobody = Credential("session", ("Cookie", f"{COOKIE}={cookie}"), "Nobody Example", "none")
            nobody.doubtful = self.shaky  # a gateway whose clock is ahead ends it, on both
            for gate in self.world.pair:
                answer = await ask(gate, "GET", LANDING, [nobody.header])
                self.model.judge(Question("no-role", gate, {403}, ("no-role",), nobody), answer)
            await self.sign_out(nobody)

    async def sign_out(self, session):
        gate = self.rng.choice(self.world.pair)
        session.ending = session.ending or time.monotonic()
        fields = [session.header, ("Origin", gate.origin), ("Content-Type", "application/x-www-form-urlencoded"),
                  ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "navigate")]
        async with self.writing:
            answer = await ask(gate, "POST", "/_gate/logout", fields, b"")
        self.model.judge(Question("sign-out", gate, {200, 302, 303}, {"sign-out"}), answer)
        if session in self.sessions:
            self.sessions.remove(session)
        self.settle("pair", session, answer.outcome in (200, 302, 303))

    def doubt_sessions(self):
        """Something happens that may rightly end them."""
        self.shaky = True
        for session in self.sessions:
            session.doubtful = True

    def doubt_changes(self, seconds):
        """Whoever was made or taken away in these last seconds may be so no more."""
        since = time.monotonic() - seconds
        for who in [*self.sessions, *self.own["pair"]]:
            who.doubtful = who.doubtful or who.made > since
        buried = [row for row in self.graveyard if row[1].ended > since and row[0] == "pair"]
        for row in buried:
            row[1].doubtful = True
            self.graveyard.remove(row)

    def forget_doubted(self):
        """Whoever signed in before or in that time is asked for no more."""
        self.shaky = False
        self.sessions = [session for session in self.sessions if not session.doubtful]

    def lost(self, session):
        """It has been refused, rightly or not: nobody uses it again."""
        if session in self.sessions and session.ending is None:
            session.doubtful = True
            self.sessions.remove(session)


def walk_in(person, gate, issuer):
    """What the callback answered; a text if the gateway failed, None if the provider did."""
    try:
        page = person.follow(person.step(gate.url + LANDING))
        links = re.findall(r'href="([^"]*start=sso[^"]*)"', page.text)
        if not links:
            return page
        answer = person.step(urllib.parse.urljoin(page.url, html.unescape(links[0])))
        if answer.status_code not in (302, 303):
            return answer
        last = person.sign_in(answer.headers["Location"], lambda url: url.startswith(gate.url + LANDING))
        return None if last.url.startswith(issuer) else last
    except requests.RequestException as error:
        at = error.request.url if error.request else ""
        return None if at.startswith(issuer) else f"{type(error).__name__} at {at.split('?')[0]}"
    except (AssertionError, StopIteration) as error:
        at = person.seen[-1][1] if person.seen else ""
        return None if at.startswith(issuer) else f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        person.close()

"""What may be answered to whom, and when. Every answer is judged against this; every wrong one is kept.

A fault excuses the answers of its rows in EXCUSES while it lasts and for its settling time, at the gateways that it touches. Nothing
excuses a 200 for what was taken away, but the store's silence for 30 seconds.
"""

import collections
import threading
import time

TAKEN_S = 1.0    # what is taken away is refused everywhere after this
SILENT_S = 30.0  # a known session or token goes on for so long without the store
SLACK_S = 1.0    # clocks of this program and of a busy machine
WRONG_MAX, WRONG_EACH = 300, 40  # wrong answers that are kept word by word, of all kinds and of each

# fault, what an answer is about (a trait of the question), how it may end besides
EXCUSES = [
    ("store", "own", {503}), ("store", "session", {503}), ("store", "stranger", {503}), ("store", "api", {503}),
    ("cut", "own", {503}), ("cut", "session", {503}), ("cut", "stranger", {503}), ("cut", "api", {503}),
    ("cut", "sign-in", {503}), ("cut", "sign-out", {503}), ("cut", "ready", {503}),
    ("store", "sign-in", {503}), ("store", "sign-out", {503}), ("store", "ready", {503}), ("store", "tunnel", {"over"}),
    ("provider", "sign-in", {503}),
    ("keys", "sign-in", {403, 503}), ("keys", "jwt", {401, 503}),
    # by such a clock the provider's tokens ran out an hour ago; while it is away that is over the grace of five minutes
    ("ahead", "session", {503}), ("ahead", "no-role", {302, 401}),
    ("ahead", "jwt", {401}), ("ahead", "sign-in", {400, 403, 503}), ("back", "sign-in", {400, 403, 503}),
    ("back", "jwt", {401}), ("back", "own", {401}), ("back", "api", {401}), ("back", "tunnel", {"over"}),
    ("descriptors", "any", {"cut", "late", "short", "over", 502, 503, 504}),
    ("ui", "ui", {502, 503, 504, "short"}),
    ("full", "api", {503, 507}), ("full", "own", {503}), ("full", "ready", {503}),
]
TABLE = collections.defaultdict(set)
for _fault, _trait, _ends in EXCUSES:
    TABLE[_fault, _trait] |= _ends


class Episode:
    """One fault, from its beginning to when all of it must be over."""

    def __init__(self, kind, fault, gates, settle):
        self.kind, self.fault, self.gates, self.settle = kind, fault, gates, settle
        self.began, self.ended = time.monotonic(), None
        self.silent_from = self.silent_until = None  # the store, wholly

    def touches(self, gate, since, until):
        over = float("inf") if self.ended is None else self.ended + self.settle
        return gate in self.gates and since <= over and until >= self.began - 0.05


class Credential:
    """Something somebody shows. `known_at`: when a gateway's worker can have read it last is not known, so it is not asked."""

    def __init__(self, kind, header, name, role="user", ident=None):
        self.kind, self.header, self.name, self.role, self.ident = kind, header, name, role, ident
        self.made = time.monotonic()
        self.ending = self.ended = None  # when somebody began to take it away, and when that was confirmed
        self.doubtful = False            # it may have been taken away, or lost with a fault

    @property
    def refusals(self):
        return {302, 401} if self.kind == "session" else {401}


class Question:
    def __init__(self, kind, gate, want, traits=(), who=None, check=None):
        self.kind, self.gate, self.want, self.who, self.check = kind, gate, set(want), who, check
        self.traits = {*traits, "any", *({who.kind} if who else ())}
        self.forbidden = set()


class Model:
    def __init__(self, note):
        self.note, self.episodes, self.lock = note, [], threading.Lock()
        self.right, self.wrong, self.ends = collections.Counter(), collections.Counter(), collections.Counter()
        self.excused, self.wrongs = collections.Counter(), []
        self.names = set()  # of everybody there is

    # -- faults ------------------------------------------------------------------------------------------------------

    def begin(self, kind, fault, gates, settle=3.0):
        episode = Episode(kind, fault, {gate.name for gate in gates}, settle)
        with self.lock:
            self.episodes = [old for old in self.episodes if old.ended is None or old.ended > time.monotonic() - 300] + [episode]
        self.note(f"fault {kind} begins at {', '.join(sorted(episode.gates))}")
        return episode

    def end(self, episode):
        episode.ended = time.monotonic()
        self.note(f"fault {episode.kind} ends after {episode.ended - episode.began:.1f} s")

    def during(self, gate, since, until, *faults):
        return [episode for episode in self.episodes if episode.fault in faults and episode.touches(gate, since, until)]

    # -- answers -----------------------------------------------------------------------------------------------------

    def allowed(self, question, answer):
        """How this answer may end, and how only a fault lets it."""
        want, gate = self.expected(question, answer), question.gate.name
        with self.lock:
            episodes = list(self.episodes)
        extra = set()
        for episode in episodes:
            if episode.touches(gate, answer.sent, answer.done):
                for trait in question.traits:
                    extra |= TABLE.get((episode.fault, trait), set())
        return want, extra - question.forbidden

    def expected(self, question, answer):
        who = question.who
        if who is None or (who.ending is None and not who.doubtful):
            question.forbidden |= self.silent_too_long(question, answer)
            return question.want - question.forbidden
        if who.doubtful or who.ended is None or answer.sent <= self.last_moment(who, question.gate.name):
            return question.want | who.refusals | ({"over"} if question.kind == "tunnel" else set())
        return who.refusals

    def last_moment(self, who, gate):
        """Until when what was taken away may be let in."""
        last = who.ended + TAKEN_S + 0.2
        for episode in self.during(gate, who.ending, who.ended + TAKEN_S, "store"):
            healed = float("inf") if episode.ended is None else episode.ended + TAKEN_S
            last = max(last, min(episode.began + SILENT_S + SLACK_S, healed))
        return last

    def silent_too_long(self, question, answer):
        """200 is no answer to what only the store knows when it has been silent for longer than it may."""
        if not question.traits & {"own", "session"}:
            return set()
        for episode in self.during(question.gate.name, answer.sent, answer.done, "store"):
            began, until = episode.silent_from, episode.silent_until or float("inf")
            if began and answer.sent > began + SILENT_S + SLACK_S and answer.done < until:
                return {200}
        return set()

    def judge(self, question, answer):
        """Whether this answer may be what it is."""
        want, extra = self.allowed(question, answer)
        outcome = answer.outcome
        self.ends[question.kind, outcome] += 1
        problem = None
        if outcome not in want and outcome not in extra:
            problem = f"got {outcome}, expected {sorted(map(str, want | extra))}"
        elif outcome == 503 and "retry-after" not in answer.fields and "ready" not in question.traits:
            problem = "503 without Retry-After"
        elif outcome in question.want and question.check:
            problem = question.check(answer)
        if problem:
            self.is_wrong(question, answer, problem)
        else:
            self.right[question.kind] += 1
            self.excused[question.kind] += outcome not in want
        return problem is None

    def is_wrong(self, question, answer, problem):
        self.wrong[question.kind] += 1
        near = [f"{episode.kind}@{'+'.join(sorted(episode.gates))}" for episode in self.episodes
                if episode.touches(question.gate.name, answer.sent - 5, answer.done + 1)]
        who = question.who
        text = (f"WRONG {question.kind} at {question.gate.name}: {problem}; {answer.error or 'no error'}; "
                f"sent {answer.done - answer.sent:.2f} s before its end; faults near: {', '.join(near) or 'none'}; "
                f"who: {f'{who.kind} {who.name}, made {answer.sent - who.made:.1f} s before' if who else 'nobody'}; "
                f"request id {answer.field('x-request-id') or '-'}; {answer.body[:160]!r}")
        if len(self.wrongs) < WRONG_MAX and self.wrong[question.kind] <= WRONG_EACH:
            self.wrongs.append(text)
            self.note(text)

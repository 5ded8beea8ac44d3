"""Askers that take their time, leave, or send in unusual ways; and the UI that dies in mid-body."""

import asyncio
import contextlib
import hashlib
import json

import content
from asks import UI, is_bytes, is_echo
from client import Answer, Link, ask, ending, receive, request
from model import Question

HEAD_S = 10  # server.limits.head_timeout: who takes longer to send is told 408
SLOW = 120  # seconds for those that are slow on purpose


async def lines(load, rng):
    gate = rng.choice(load.world.gates)
    who = load.someone(rng, [load.people.site(gate)])[1]
    seed, count = rng.randrange(1000), rng.choice([1, 40, 2000])
    answer = await ask(gate, "GET", f"{UI}/lines/{seed}/{count}", [who.header], seconds=SLOW)
    whole = b"".join(content.lines(str(seed), count))
    load.model.judge(Question("lines", gate, {200}, {"ui"}, who, is_bytes(whole)), answer)


async def dying(load, rng):
    """What broke off must look so."""
    gate = rng.choice(load.world.gates)
    who = load.someone(rng, [load.people.site(gate)])[1]
    seed, size = rng.randrange(8), rng.choice([1000, 65536, 300000])
    at, how = rng.randrange(size), rng.choice(["close", "reset", "chunk"])
    answer = await ask(gate, "GET", f"{UI}/die/{seed}/{size}/{at}/{how}", [who.header], fresh=True)

    def check(given):
        if given.status == 200 and not content.block(str(seed), size).startswith(given.body):
            return "what came is not the beginning of it"
        return None
    load.model.judge(Question("dying", gate, {"short", 502}, {"ui"}, who, check), answer)


async def aborted(load, rng):
    """Reads a part and leaves, as a browser that is killed does."""
    gate = rng.choice(load.world.gates)
    who = load.someone(rng, [load.people.site(gate)])[1]
    answer, link, part = Answer(), None, rng.choice([0, 1, 1000, 200000])
    block = content.block("a", 2000000)
    async with ending(answer):
        try:
            link = await Link.open(gate)
            await link.send(request(gate, "GET", f"{UI}/file/a/2000000", [who.header]))
            if part:
                answer.status, answer.fields = await link.head()
                answer.body = await link.reader.readexactly(part) if answer.status == 200 else b""
                answer.end = "whole"
        finally:
            if link:
                link.reset()

    def check(given):
        return None if block.startswith(given.body) else "what came is not the beginning of it"
    load.model.judge(Question("aborted", gate, {200} if part else {"cut"}, {"ui"}, who, check), answer)


async def slow_reader(load, rng):
    gate = rng.choice(load.world.gates)
    who = load.someone(rng, [load.people.site(gate)])[1]
    seed, answer, link = rng.randrange(8), Answer(), None
    async with ending(answer, SLOW):
        try:
            link = await Link.open(gate, window=8192)
            await link.send(request(gate, "GET", f"{UI}/file/{seed}/400000", [who.header]))
            await receive(link, answer, "GET", pause=0.02, take=4096)
        finally:
            if link:
                link.close()
    load.model.judge(Question("slow-reader", gate, {200}, {"ui"}, who, is_bytes(content.block(str(seed), 400000))), answer)


def is_sunk(path, body):
    def check(answer):
        try:
            said = json.loads(answer.body)
        except ValueError:
            return "not the sink's answer"
        mine = {"target": path, "length": len(body), "sha": hashlib.sha256(body).hexdigest()}
        return None if said == mine else f"the sink got {said}, not {mine}"
    return check


async def slow_writer(load, rng):
    gate = rng.choice(load.world.gates)
    who = load.someone(rng, [load.people.site(gate)])[1]
    body, path = content.block(f"w{rng.randrange(8)}", rng.choice([100, 30000, 200000])), f"/sink/{load.nonce()}"
    answer, link = Answer(), None
    async with ending(answer, SLOW):
        try:
            link = await Link.open(gate)
            data = request(gate, "POST", UI + path, [who.header], body)
            head = len(data) - len(body)
            await link.send(data[:head])
            with contextlib.suppress(OSError):  # it may have been refused before the end: then that is read
                for at in range(head, len(data), len(body) // 12 + 1):
                    await asyncio.sleep(rng.uniform(0.02, 0.25))
                    await link.send(data[at:at + len(body) // 12 + 1])
            await receive(link, answer, "POST")
        finally:
            if link:
                link.close()
    check = is_sunk(path, body)
    question = Question("slow-writer", gate, {200}, {"ui"}, who, lambda given: check(given) if given.status == 200 else None)
    if answer.done - answer.sent > HEAD_S - 1:  # this machine was busy: it was to take 3
        question.want |= {408, "cut"}
    load.model.judge(question, answer)


async def pipelined(load, rng):
    """Several requests in one packet; the answers come in their order."""
    gate = rng.choice(load.world.gates)
    site = load.people.site(gate)
    asked = [(f"/echo/{load.nonce()}", load.someone(rng, [site])[1]) for _ in range(rng.choice([2, 6, 16]))]
    data = b"".join(request(gate, "GET", UI + path, [who.header]) for path, who in asked)
    link, first = None, Answer()
    answers = [Answer() for _ in asked]
    async with ending(first, SLOW):
        try:
            link = await Link.open(gate)
            await link.send(data)
            for answer in answers:
                async with ending(answer):
                    await receive(link, answer, "GET")
                if answer.end != "whole":
                    break
        finally:
            if link:
                link.close()
    for (path, who), answer in zip(asked, answers):
        answer.done, answer.error = max(answer.done, first.done), answer.error or first.error
        load.model.judge(Question("pipelined", gate, {200}, {"ui"}, who, is_echo(path)), answer)
        if answer.end != "whole":
            break


async def continued(load, rng):
    """Asks first whether it may send: who is not let in is told so before, and not to go on."""
    gate = rng.choice(load.world.gates)
    known = rng.random() < 0.7
    who = load.someone(rng, [load.people.site(gate)])[1] if known else None
    body, path = content.block("c", rng.choice([10, 5000, 150000])), f"/sink/{load.nonce()}"
    fields = [who.header if who else ("Authorization", "Bearer nonsense"), ("Expect", "100-continue"), ("Content-Length", len(body))]
    answer, link, told = Answer(), None, False
    async with ending(answer, SLOW):
        try:
            link = await Link.open(gate)
            await link.send(request(gate, "POST", UI + path, fields))
            status, given = await link.head()
            if status == 100:
                told = True
                await link.send(body)
                await receive(link, answer, "POST")
            else:
                answer.status, answer.fields, answer.end = status, given, "short"
                answer.body = b"".join([piece async for piece in link.content("POST", status, given)])
                answer.end = "whole"
        finally:
            if link:
                link.close()

    def refused(given):
        return "told to go on, and then refused" if told else None
    question = Question("100-continue", gate, {200}, {"ui"}, who, is_sunk(path, body)) if who else \
        Question("100-refused", gate, {401}, (), None, refused)
    load.model.judge(question, answer)

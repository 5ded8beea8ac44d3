"""WebSockets: what is said comes back, and a tunnel ends soon after what let it in."""

import asyncio
import base64
import time

from client import Answer, Broken, Link, ending
from echo_socket import CLOSE, frame
from model import Question

PATH = "/local/ui/talk/chat"
ENDS_S = 2.0  # a second is promised; a busy machine has another


async def open_tunnel(load, gate, who, answer, rng):
    """The link of a tunnel that was agreed to, or None."""
    link = await Link.open(gate)
    key = base64.b64encode(rng.randbytes(16)).decode()
    fields = [f"GET {gate.base}{PATH} HTTP/1.1", f"Host: {gate.host}", "Upgrade: websocket", "Connection: Upgrade", f"Origin: {gate.origin}",
              f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", ": ".join(who.header)]
    await link.send("\r\n".join(fields).encode() + b"\r\n\r\n")
    answer.status, answer.fields = await link.head()
    answer.end = "whole"
    if answer.status == 101:
        return link
    answer.body = b"".join([piece async for piece in link.content("GET", answer.status, answer.fields)])
    link.close()
    return None


async def hear(link, expected):
    """The next frame, which is to be this one."""
    try:
        got = await link.reader.readexactly(len(expected))
    except asyncio.IncompleteReadError as error:
        raise Broken(f"the tunnel ended, {len(error.partial)} bytes of a frame in") from error
    if got != expected:
        raise ValueError("another message came back")


def chatter(load, rng, gate):
    crowd = [*load.people.own[load.people.site(gate)]]
    if gate is not load.world.three:
        crowd += load.people.sessions
    crowd = [who for who in crowd if who.ending is None]
    return rng.choice(crowd) if crowd else load.people.root[load.people.site(gate)]


async def talk(load, rng):
    gate = rng.choice(load.world.gates)
    who, answer, link, wrong = chatter(load, rng, gate), Answer(), None, []
    async with ending(answer, 90):
        try:
            link = await open_tunnel(load, gate, who, answer, rng)
            if link:
                answer.end = "over"
                for _ in range(rng.randrange(1, 12)):
                    said = rng.randbytes(rng.choice([0, 5, 300, 70000]))
                    await link.send(frame(said, 2, b"\0\0\0\0"))
                    await hear(link, frame(said, 2))
                    await asyncio.sleep(rng.uniform(0.05, 1.5))
                await link.send(frame(b"\x03\xe8", CLOSE, b"\0\0\0\0"))
                answer.end = "whole"
        except ValueError as error:
            wrong.append(str(error))
        finally:
            if link:
                link.close()
    question = Question("tunnel", gate, {101}, {"tunnel"}, who, lambda _: wrong[0] if wrong else None)
    if who.ending is not None:
        question.want |= {"over", *who.refusals}
    if wrong:
        answer.end = "whole"
    load.model.judge(question, answer)


async def cut_off(load, rng):
    """The token is taken away while its tunnel is open."""
    gate = load.any_gate(rng)
    who = await load.people.make("pair")
    if not who:
        return
    answer, link = Answer(), None
    async with ending(answer, 60):
        try:
            link = await open_tunnel(load, gate, who, answer, rng)
            if link:
                await asyncio.sleep(rng.uniform(0.1, 1))
                await load.people.revoke("pair", who)
                answer.end = "over" if await is_over(link) else "whole"
        finally:
            if link:
                link.close()
    if answer.status != 101:
        load.model.judge(Question("tunnel", gate, {101}, {"tunnel"}, who), answer)
        return
    if who.ended is None or load.model.during(gate.name, who.made, time.monotonic(), "store"):
        return  # whether it was taken away, or heard of, is not known
    load.model.judge(Question("tunnel-cut", gate, {"over"}, {"own"}), answer)


async def is_over(link):
    try:
        async with asyncio.timeout(ENDS_S):
            while await link.reader.read(4096):
                pass
            return True
    except TimeoutError:
        return False
    except OSError:
        return True

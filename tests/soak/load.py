"""The load: kinds of askers at their rates, each with what it checks. Everything is asked of loopback and bounded in number."""

import asyncio
import random
import time

import asks
import asks_slow
import asks_socket
from client import POOL

# kind, a second, at most so many at once
KINDS = [
    (asks.bearer, 40, 12), (asks.session, 25, 8), (asks.home, 8, 4), (asks.first_seen, 3, 3), (asks.first_own, 2, 3),
    (asks.stranger, 12, 6), (asks.graveyard, 12, 6), (asks.forbidden, 5, 4), (asks.spark_page, 4, 2), (asks.static, 12, 4),
    (asks.file, 6, 4), (asks.third, 12, 6), (asks.probe, 3, 3), (asks.take_away, 0.7, 2), (asks.people_change, 0.4, 2),
    (asks.refused_sessions, 1, 1),
    (asks_slow.lines, 2, 3), (asks_slow.dying, 4, 4), (asks_slow.aborted, 4, 4), (asks_slow.slow_reader, 0.8, 6),
    (asks_slow.slow_writer, 1, 8), (asks_slow.pipelined, 2, 3), (asks_slow.continued, 4, 4),
    (asks_socket.talk, 0.8, 8), (asks_socket.cut_off, 0.2, 2),
]


class Load:
    def __init__(self, world, model, people, seed, scale):
        self.world, self.model, self.people, self.scale = world, model, people, scale
        self.running, self.tasks, self.seed = asyncio.Event(), set(), seed
        self.rng = random.Random(f"{seed} load")
        self.files = {}  # (gate, path) -> (digest, ETag), of Spark's static files
        self.nonces = 0

    def start(self):
        self.loops = [asyncio.create_task(self.drive(*row)) for row in KINDS]
        self.running.set()

    async def stop(self):
        for loop in self.loops:
            loop.cancel()
        await asyncio.gather(*self.loops, return_exceptions=True)
        await self.pause()

    async def pause(self):
        """Returns when nobody asks any more and no connection is left."""
        self.running.clear()
        while self.tasks:
            await asyncio.wait(set(self.tasks), timeout=60)
        POOL.close()

    def resume(self):
        self.running.set()

    async def drive(self, kind, rate, most):
        """Asks at random moments, `rate` of them a second; what is over `most` at once is left out."""
        rng, under_way = random.Random(f"{self.seed} {kind.__name__}"), set()
        while True:
            await self.running.wait()
            await asyncio.sleep(rng.expovariate(rate * self.scale))
            if len(under_way) < most and self.running.is_set():
                task = asyncio.create_task(self.guard(kind, rng))
                for tasks in (under_way, self.tasks):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)

    async def guard(self, kind, rng):
        try:
            await kind(self, rng)
        except Exception as error:  # a fault of this program: never passed over
            self.model.wrong[f"soak-{kind.__name__}"] += 1
            self.model.wrongs.append(f"the asker {kind.__name__} failed: {type(error).__name__}: {error}")
            self.model.note(self.model.wrongs[-1])

    # -- what askers share -------------------------------------------------------------------------------------------

    def nonce(self):
        self.nonces += 1
        return f"n{self.nonces}-{time.monotonic_ns() % 1000003}"

    def any_gate(self, rng):
        return rng.choice(self.world.pair)

    def someone(self, rng, sites=("pair",)):
        """(site, a token that is good)."""
        site = rng.choice(sites)
        own = self.people.own[site]
        return site, rng.choice(own) if own else self.people.root[site]

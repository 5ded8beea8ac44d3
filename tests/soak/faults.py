"""What goes wrong: five lanes of faults, each dealt from a shuffled pack, so that each comes early and all come again.

A fault begins an episode of the model before anything happens, undoes what it did, waits until what it touched is whole again, and ends
the episode. What does not become whole in time is a failure of its own.
"""

import asyncio
import collections
import contextlib
import random
import resource
import signal
import time

import faults_conf
import faults_store
from client import ask
from spark_cluster import wait_for

HEALS_S = 75  # a silence of Redis that comes meanwhile lasts up to 40
HOUR = 3600
KEYS_S = 70  # until a new key is known everywhere: auth/issuers/jwks_fetch.c asks once a minute, and again after 5 s if nobody answers


class Faults:
    def __init__(self, world, model, people, load, seed, pace, skip=()):
        self.world, self.model, self.people, self.load, self.pace = world, model, people, load, pace
        self.running, self.lanes, self.busy = asyncio.Event(), [], 0
        self.seed, self.skip = seed, skip
        self.done, self.unhealed = collections.Counter(), []

    def start(self):
        self.running.set()
        self.watching = asyncio.create_task(faults_store.watch(self))
        self.lanes = [asyncio.create_task(self.lane(name, kinds)) for name, kinds in LANES.items()]

    async def lane(self, name, kinds):
        rng = random.Random(f"{self.seed} {name}")
        while True:
            pack = [kind for kind in kinds if kind.__name__ not in self.skip]
            if not pack:
                return
            rng.shuffle(pack)
            for kind in pack:
                await asyncio.sleep(rng.uniform(60, 180) if name == "keys" else rng.uniform(2, 6) * self.pace)
                await self.running.wait()
                await self.one(kind, rng)

    async def one(self, kind, rng):
        self.busy += 1
        try:
            await kind(self, rng)
            self.done[kind.__name__] += 1
        except Exception as error:  # the fault itself could not be made or undone
            self.unhealed.append(f"{kind.__name__}: {type(error).__name__}: {error}")
            self.model.note(f"FAULT FAILED {self.unhealed[-1]}")
        finally:
            self.busy -= 1

    async def pause(self):
        """Returns when everything is whole."""
        self.running.clear()
        while self.busy:
            await asyncio.sleep(0.2)

    def resume(self):
        self.running.set()

    async def stop(self):
        await self.pause()
        for task in (*self.lanes, self.watching):
            task.cancel()
        await asyncio.gather(*self.lanes, self.watching, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def episode(self, kind, fault, gates, settle=3.0):
        episode = self.model.begin(kind, fault, gates, settle)
        try:
            yield episode
        finally:
            self.model.end(episode)

    def provider_answers(self):
        try:
            return self.world.provider.counters() is not None
        except OSError:
            return False

    async def heals(self, condition, what, seconds=HEALS_S):
        await asyncio.to_thread(wait_for, condition, what, seconds)

    async def answers(self, gate, seconds=HEALS_S):
        """Until /ready says so."""
        began = time.monotonic()
        while (answer := await ask(gate, "GET", "/ready", admin=True, fresh=True, seconds=5)).outcome != 200:
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"{gate.name} is not ready after {seconds} s: {answer.outcome} {answer.error}")
            await asyncio.sleep(0.2)


def some_gates(faults, rng):
    pair = faults.world.pair
    return rng.choice([pair, pair[:1], pair[1:], [faults.world.three]])


# -- the provider ----------------------------------------------------------------------------------------------------

async def provider_slow(faults, rng):
    async with faults.episode("provider slow", "provider", faults.world.pair, 5):
        await asyncio.to_thread(faults.world.provider.control, "delay", ms=rng.choice([500, 2500, 8000]))
        await asyncio.sleep(rng.uniform(5, 12))
        await asyncio.to_thread(faults.world.provider.control, "delay", ms=0)
        await asyncio.sleep(8)  # those who came last still wait


async def provider_down(faults, rng):
    seconds = rng.uniform(4, 15)
    async with faults.episode("provider down", "provider", faults.world.pair, 5):
        await asyncio.to_thread(faults.world.provider.control, "down", ms=int(seconds * 1000))
        await asyncio.sleep(seconds)
        await faults.heals(faults.provider_answers, "the provider")


async def provider_hangs(faults, rng):
    async with faults.episode("provider hangs", "provider", faults.world.pair, 8):
        faults.world.provider.daemon.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(rng.uniform(3, 10))
        finally:
            faults.world.provider.daemon.signal(signal.SIGCONT)
        await faults.heals(faults.provider_answers, "the provider")


async def new_keys(faults, keep):
    """Gateways ask for a key that they do not know once a minute (S19), so a provider changes it more seldom."""
    async with faults.episode(f"new keys, the old ones {'stay' if keep else 'go'}", "keys", faults.world.pair, KEYS_S):
        while True:
            await faults.heals(faults.provider_answers, "the provider", 60)
            with contextlib.suppress(OSError):  # another fault has taken it away meanwhile
                await asyncio.to_thread(faults.world.provider.control, "rotate", keep=keep)
                break
        await asyncio.sleep(3)
        if not keep:
            faults.people.forget_robots()


async def keys_added(faults, _):
    await new_keys(faults, True)


async def keys_replaced(faults, _):
    await new_keys(faults, False)


# -- the machine -----------------------------------------------------------------------------------------------------

async def clock(faults, rng, kind, seconds):
    gates = some_gates(faults, rng)
    if kind == "ahead" and gates[0] in faults.world.pair:
        faults.people.doubt_sessions()
    async with faults.episode(f"clock {seconds:+d} s", kind, gates, 5):
        for gate in gates:
            gate.set_clock(seconds)
        await asyncio.sleep(rng.uniform(5, 10))
        for gate in gates:
            gate.set_clock(0)
        await asyncio.sleep(2)
    if kind == "ahead":
        await asyncio.sleep(5)  # the settling time
        faults.people.forget_doubted()


async def clock_ahead(faults, rng):
    """The provider's ID tokens have run out by such a clock: a session that is renewed then ends, on all gateways."""
    await clock(faults, rng, "ahead", HOUR)


async def clock_back(faults, rng):
    await clock(faults, rng, "back", -HOUR)


async def descriptors(faults, rng):
    """As many as are open, and a few; then as before."""
    gate = rng.choice(faults.world.gates)
    async with faults.episode("descriptors at their limit", "descriptors", [gate], 6):
        was = resource.prlimit(gate.pid, resource.RLIMIT_NOFILE)
        try:
            resource.prlimit(gate.pid, resource.RLIMIT_NOFILE, (gate.descriptors() + rng.randrange(4), was[1]))
            await asyncio.sleep(rng.uniform(3, 8))
        finally:
            resource.prlimit(gate.pid, resource.RLIMIT_NOFILE, was)
        await faults.answers(gate)


async def stderr_stalled(faults, rng):
    """Nothing is excused: who reads the log is nobody's business."""
    gate = rng.choice(faults.world.gates)
    async with faults.episode("stderr stalled", "stderr", [gate], 0):
        gate.daemon.reading.clear()
        try:
            await asyncio.sleep(rng.uniform(8, 15))
        finally:
            gate.daemon.reading.set()
        await faults.answers(gate)


async def disk_full(faults, rng):
    gate, ballast = faults.world.three, faults.world.disk / "ballast"
    async with faults.episode("disk full", "full", [gate], 3):
        try:
            with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
                while out.write(bytes(4096)):
                    pass
            await asyncio.sleep(rng.uniform(5, 10))
        finally:
            ballast.unlink()
        await faults.answers(gate)


async def ui_killed(faults, rng):
    world = faults.world
    async with faults.episode("UI killed", "ui", world.gates, 2):
        await asyncio.to_thread(world.ui.kill)
        await asyncio.sleep(rng.uniform(0.2, 4))
        await asyncio.to_thread(world.ui.start)


LANES = {
    "store": faults_store.ALL,
    "provider": [provider_slow, provider_down, provider_hangs],
    "keys": [keys_added, keys_replaced],
    "machine": [clock_ahead, clock_back, descriptors, stderr_stalled, disk_full],
    "conf": [ui_killed, *faults_conf.ALL],
}

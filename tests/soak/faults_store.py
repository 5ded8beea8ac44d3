"""Redis killed, paused, silent, failed over, its connections cut.

Redis replicates after it has answered, so what it was told just before a fail-over may be lost with no fault of the gateway's: where that
could happen nobody writes (people.Writing), and the replica has all before.
"""

import asyncio
import signal
import time

from model import SILENT_S
from redis_server import Sentinels

WHOLE_S = 60  # for Sentinels to agree again


async def ready_again(faults, episode):
    """Both gateways say that the store is back."""
    for gate in faults.world.pair:
        await faults.answers(gate)
    episode.silent_until = episode.silent_until or time.monotonic()


async def whole(faults):
    await faults.heals(faults.world.redis_is_whole, "one master, one replica, and Sentinels that agree", WHOLE_S)


async def watch(faults):
    """Sentinels may act by themselves on a busy machine: then the last changes may be lost, and who they were about is in doubt."""
    world, last = faults.world, await asyncio.to_thread(faults.world.named_master)
    while True:
        await asyncio.sleep(0.5)
        now = await asyncio.to_thread(world.named_master)
        if now and last and now != last and not faults.model.during("one", time.monotonic() - 2, time.monotonic(), "store"):
            async with faults.episode("Redis failed over by itself", "store", world.pair) as episode:
                faults.people.doubt_changes(15)
                await whole(faults)
                faults.people.doubt_changes(15)
                await ready_again(faults, episode)
        last = now or last


async def cut(server, kind):
    """The gateways' connections of this kind, not the Sentinels'."""
    for line in (await asyncio.to_thread(server.call, "CLIENT", "LIST", "TYPE", kind)).decode().splitlines():
        fields = dict(word.partition("=")[::2] for word in line.split())
        if not fields["name"].startswith("sentinel-"):
            await asyncio.to_thread(server.call, "CLIENT", "KILL", "ID", fields["id"])


async def redis_killed(faults, rng):
    """The master dies, the replica is promoted, the dead one comes back as its replica. Writing goes on meanwhile."""
    world = faults.world
    await whole(faults)
    async with faults.episode("Redis killed", "store", world.pair) as episode:
        async with faults.people.writing.stopped():
            await faults.heals(world.replicated, "the replica to have everything")
            dead, heir = world.redis_master()
            await asyncio.to_thread(dead.kill)
        await faults.heals(heir.is_master, "the fail-over", WHOLE_S)
        await ready_again(faults, episode)
        await asyncio.sleep(rng.uniform(0, 3))
        dead.replica_of = heir
        await asyncio.to_thread(dead.start)
        await whole(faults)


async def redis_paused(faults, rng):
    """Too short for the Sentinels."""
    world = faults.world
    await whole(faults)
    async with faults.episode("Redis paused", "store", world.pair) as episode:
        master, _ = world.redis_master()
        master.freeze()
        await asyncio.sleep(rng.uniform(0.2, 0.7))
        master.thaw()
        await ready_again(faults, episode)
        await whole(faults)


async def redis_hung(faults, rng):
    """Long enough for a fail-over; the old master wakes up and still thinks that it is one."""
    world = faults.world
    await whole(faults)
    async with faults.people.writing.stopped():
        await faults.heals(world.replicated, "the replica to have everything")
        async with faults.episode("Redis hung", "store", world.pair) as episode:
            old, heir = world.redis_master()
            old.freeze()
            try:
                await faults.heals(heir.is_master, "the fail-over", WHOLE_S)
                await asyncio.sleep(rng.uniform(0, 4))
            finally:
                old.thaw()
            await whole(faults)
            await ready_again(faults, episode)


async def redis_failed_over(faults, _):
    world = faults.world
    await whole(faults)
    async with faults.people.writing.stopped():
        await faults.heals(world.replicated, "the replica to have everything")
        async with faults.episode("Redis failed over", "store", world.pair) as episode:
            _, heir = world.redis_master()
            world.sentinels.ask(world.sentinels.ports[0], "SENTINEL", "FAILOVER", Sentinels.NAME)
            await faults.heals(heir.is_master, "the fail-over", WHOLE_S)
            await whole(faults)
            await ready_again(faults, episode)


async def redis_silent(faults, rng):
    """Both servers say nothing, for less or more than what a known session may go on without them."""
    world = faults.world
    await whole(faults)
    async with faults.episode("Redis silent", "store", world.pair) as episode:
        master, other = world.redis_master()
        for server in (other, master):
            server.freeze()
        episode.silent_from = time.monotonic()
        try:
            await asyncio.sleep(rng.choice([rng.uniform(3, 15), SILENT_S + 8]))
        finally:
            episode.silent_until = time.monotonic()
            master.daemon.signal(signal.SIGCONT)
            await asyncio.sleep(0.3)
            other.daemon.signal(signal.SIGCONT)
        await whole(faults)
        await ready_again(faults, episode)


async def redis_cut(faults, rng):
    """Connections are cut, and made again: nothing is excused that a token or a session is for."""
    world = faults.world
    await whole(faults)
    async with faults.episode("Redis connections cut", "cut", world.pair):
        master, _ = world.redis_master()
        for _ in range(rng.randrange(1, 6)):
            await cut(master, rng.choice(["normal", "pubsub"]))
            await asyncio.sleep(rng.uniform(0.1, 1))


ALL = [redis_killed, redis_paused, redis_hung, redis_failed_over, redis_silent, redis_cut]

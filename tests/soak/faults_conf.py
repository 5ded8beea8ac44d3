"""SIGHUP with good and broken files, certificates that are replaced and broken. None of it excuses a single answer."""

import asyncio
import copy
import ssl
import time

from client import Link, ask

SEEN_S = 8  # for a reload, and for a certificate, which is looked at every two seconds


async def until(condition, what, seconds=SEEN_S):
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"gave up after {seconds} s waiting for {what}")
        await asyncio.sleep(0.2)


async def reload(faults, gate):
    """A reload opens files: where descriptors are at their limit it is refused, with a line in the log, and asked for again."""
    sent = time.monotonic()
    gate.reload()
    await asyncio.sleep(1)
    while faults.model.during(gate.name, sent, time.monotonic(), "descriptors"):
        await asyncio.sleep(2)
        sent = time.monotonic()
        gate.reload()
        await asyncio.sleep(1)


def status_of(faults, gate, path, expected):
    """Whether this path answers so to somebody known; while the store or the clock is away, whether it answers otherwise than before is not known."""
    async def is_so():
        root = faults.people.root[faults.people.site(gate)]
        return (await ask(gate, "GET", path, [root.header], fresh=True, seconds=10)).outcome == expected
    return is_so


async def good_file(faults, rng):
    """One more UI, and back."""
    gate = rng.choice(faults.world.gates)
    async with faults.episode("SIGHUP, good file", "conf", [gate], 0):
        before = copy.deepcopy(gate.conf["clusters"])
        gate.conf["clusters"][0]["uis"] = [*before[0]["uis"], {"name": "more", "url": faults.world.ui.url}]
        try:
            await reload(faults, gate)
            await until(status_of(faults, gate, "/local/ui/more/file/1/1", 200), "the new UI", 60)
        finally:
            gate.conf["clusters"] = before
            await reload(faults, gate)
        await until(status_of(faults, gate, "/local/ui/more/file/1/1", 404), "the new UI to go", 60)


BROKEN = ["", "{", "server: {listen: nowhere}\n", "clusters: []\n", "no-such-key: 1\n", "\0", "store: [1, 2]\n"]


async def broken_file(faults, rng):
    """Whatever it says, the old one holds, and the log says why."""
    gate = rng.choice(faults.world.gates)
    async with faults.episode("SIGHUP, broken file", "conf", [gate], 0):
        for text in rng.sample(BROKEN, 3):
            gate.config.write_text(text)
            gate.daemon.signal(1)
            await asyncio.sleep(rng.uniform(0.1, 0.8))
        await reload(faults, gate)


async def certificate(gate):
    link = await Link.open(gate)
    try:
        return link.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        link.reset()


async def good_certificate(faults, _):
    gate = faults.world.two
    async with faults.episode("certificate replaced", "conf", [gate], 0):
        await asyncio.to_thread(gate.renew)
        expected = ssl.PEM_cert_to_DER_cert(gate.pem.read_text().split("-----END PRIVATE KEY-----\n")[1])

        async def is_new():
            try:
                return await certificate(gate) == expected
            except OSError:
                return False
        await until(is_new, "the new certificate", 30)


async def broken_certificate(faults, rng):
    """The old one stays."""
    gate = faults.world.two
    async with faults.episode("certificate broken", "conf", [gate], 0):
        good = gate.pem.read_text()
        gate.pem.write_text(rng.choice(["", "-----BEGIN nothing", good[:300], good.split("-----END PRIVATE KEY-----\n")[1]]))
        await asyncio.sleep(rng.uniform(2.5, 5))
        gate.pem.write_text(good)
        await asyncio.sleep(2.5)


ALL = [good_file, broken_file, good_certificate, broken_certificate]

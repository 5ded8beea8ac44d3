"""What every process must keep: it lives, its sanitizers are silent, it answers, and it does not grow.

Growth is judged where nothing happens: at the end of the last quarter and of the one before, everybody leaves, all faults are over,
and what is resident and open then is compared. What it was under load is printed beside it.
"""

import asyncio
import statistics
import time

SAMPLE_S = 5
GROWTH = 1.02
REST_S = 6  # without a change of descriptors
REST_MAX_S = 90


class Check:
    def __init__(self, world, model):
        self.world, self.model = world, model
        self.samples = []   # (when, gate, KiB, descriptors), under load
        self.calm = []      # (label, {gate: (KiB, descriptors)})
        self.crashes = []

    def start(self):
        self.task = asyncio.create_task(self.watch())

    async def watch(self):
        while not self.crashes:
            self.look()
            for gate in self.world.gates:
                if not self.crashes:
                    self.samples.append((time.monotonic(), gate.name, gate.resident_kib(), gate.descriptors()))
            await asyncio.sleep(SAMPLE_S)

    def look(self):
        """Notes who has ended or whose sanitizer spoke."""
        for gate in self.world.gates:
            code = gate.daemon.process.poll()
            if code is not None:
                self.crashes.append(f"{gate.name} ended with {code}")
            self.crashes += [f"{gate.name}: {line}" for line in gate.daemon.bad]
        for crash in self.crashes:
            self.model.note(f"CRASH {crash}")

    async def rest(self, label):
        """Once nothing has changed for a while: what is resident and open."""
        began = since = time.monotonic()
        last = None
        while time.monotonic() - since < REST_S and time.monotonic() - began < REST_MAX_S:
            now = [gate.descriptors() for gate in self.world.gates]
            if now != last:
                last, since = now, time.monotonic()
            await asyncio.sleep(0.5)
        self.calm.append((label, {gate.name: (gate.resident_kib(), gate.descriptors()) for gate in self.world.gates}))
        facts = ", ".join(f"{name} {kib} KiB {count} descriptors" for name, (kib, count) in self.calm[-1][1].items())
        self.model.note(f"at rest, {label}: {facts}")

    def growth(self):
        """(what, before, after, whether it is too much), of the last two rests."""
        if len(self.calm) < 2:
            return []
        (_, before), (_, after) = self.calm[-2:]
        rows = []
        for name in after:
            for at, what in enumerate(("KiB resident", "descriptors")):
                was, now = before[name][at], after[name][at]
                rows.append((f"{name}: {what} at rest", was, now, now > was * GROWTH))
        return rows

    def under_load(self, since, until):
        """{gate: medians of KiB and descriptors} of that time."""
        medians = {}
        for gate in self.world.gates:
            rows = [row[2:] for row in self.samples if row[1] == gate.name and since <= row[0] < until]
            if rows:
                medians[gate.name] = tuple(int(statistics.median(column)) for column in zip(*rows))
        return medians

#!/usr/bin/env python3
"""make soak MINUTES=30 SEED=1: the campaign; README.md says what it does. Ends in `soak: N passed, N failed, 0 skipped`."""

import argparse
import asyncio
import contextlib
import os
import pathlib
import random
import resource
import shutil
import signal
import sys
import tempfile
import time

OWN_MOUNTS = "SOAK_MOUNTS"  # set in the copy of this program that has mounts of its own


def in_own_mounts():
    """The tmpfs is nobody else's, and gone with this process, however it ends."""
    if os.geteuid() != 0:
        sys.exit("make soak needs root: it mounts a small tmpfs and moves limits of the gateways it started")
    if OWN_MOUNTS not in os.environ:
        os.environ[OWN_MOUNTS] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


class Campaign:
    def __init__(self, args, world, folder):
        from check import Check
        from faults import Faults
        from load import Load
        from model import Model
        from people import People
        self.args, self.world, self.began = args, world, time.monotonic()
        self.log = open(folder / "faults.log", "w", buffering=1)
        self.model = Model(self.note)
        self.people = People(world, self.model, random.Random(f"{args.seed} people"))
        self.load = Load(world, self.model, self.people, args.seed, args.scale)
        pace = min(max(args.minutes / 10, 0.5), 2)
        self.faults = Faults(world, self.model, self.people, self.load, args.seed, pace, args.skip.split(","))
        self.check = Check(world, self.model)

    def note(self, text):
        line = f"{time.monotonic() - self.began:8.2f} {text}"
        self.log.write(line + "\n")
        if self.args.verbose or "WRONG" in text or "CRASH" in text or "FAILED" in text or "at rest" in text:
            print(line, flush=True)

    async def run(self):
        import asks
        await self.people.prepare()
        await asks.learn_static(self.load)
        self.check.start()
        self.load.start()
        self.faults.start()
        total = self.args.minutes * 60
        quarter = min(15 * 60, total / 4)
        self.marks = []
        for label, seconds in (("the first part", total - 2 * quarter), ("the quarter before", quarter), ("the last quarter", quarter)):
            since = time.monotonic()
            await self.work(max(seconds, 0))
            self.marks.append((label, since, time.monotonic()))
            await self.calm(label)
            if self.check.crashes:
                break
        await self.faults.stop()
        await self.load.stop()
        self.check.task.cancel()

    async def work(self, seconds):
        self.faults.resume()
        self.load.resume()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.check.crashes:
            await asyncio.sleep(0.5)

    async def calm(self, label):
        if self.check.crashes:
            return
        await self.faults.pause()
        await asyncio.sleep(6)  # the settling times
        await self.load.pause()
        await self.check.rest(label)

    # -- what came of it ---------------------------------------------------------------------------------------------

    def report(self):
        rows = [*self.answer_rows(), *self.fault_rows(), *self.growth_rows()]
        rows.append(("every gateway lives, and no sanitizer spoke", not self.check.crashes))
        for name, is_right in rows:
            if not is_right:
                print(f"  FAILED: {name}")
        failed = sum(not is_right for _, is_right in rows)
        print(f"seed {self.args.seed}, {self.args.minutes:g} minutes, {sum(self.model.right.values())} right answers, "
              f"{sum(self.model.wrong.values())} wrong")
        print(f"soak: {len(rows) - failed} passed, {failed} failed, 0 skipped", flush=True)
        return failed == 0

    def answer_rows(self):
        model, rows = self.model, []
        print(f"{'answers':14} {'right':>8} {'by a fault':>10} {'wrong':>6}  how they ended")
        for kind in sorted({*model.right, *model.wrong}):
            ends = ", ".join(f"{end} {count}" for (name, end), count in sorted(model.ends.items(), key=str) if name == kind)
            print(f"{kind:14} {model.right[kind]:8} {model.excused[kind]:10} {model.wrong[kind]:6}  {ends}")
            rows.append((f"{kind}: {model.wrong[kind]} wrong answers", model.wrong[kind] == 0))
        return rows

    def fault_rows(self):
        print("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(self.faults.done.items())))
        bad = {text.split(":")[0] for text in self.faults.unhealed}
        return [(f"{name} is over and all is well", name not in bad) for name in sorted({*self.faults.done, *bad})]

    def growth_rows(self):
        for label, since, until in self.marks:
            print(f"under load, {label}, median (KiB resident, descriptors): {self.check.under_load(since, until)}")
        rows = []
        for what, was, now, is_much in self.check.growth():
            print(f"{what}: {was}, then {now} ({now / was:.3f})")
            rows.append((f"{what} grew from {was} to {now}", not is_much))
        return rows


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--scale", type=float, default=1, help="of the load")
    parser.add_argument("--skip", default="", help="faults that are left out, by name, with commas")
    parser.add_argument("--cluster", metavar="FILE", help="use a Spark that runs already: what spark_cluster.py --json FILE wrote")
    parser.add_argument("--verbose", action="store_true", help="every fault is printed, too")
    args = parser.parse_args()
    args.seed = random.randrange(1 << 31) if args.seed is None else args.seed
    return args


async def run(args, world, kept):
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    campaign = Campaign(args, world, kept)
    try:
        await campaign.run()
    finally:
        is_right = campaign.report()
    return is_right


def main():
    args = arguments()
    in_own_mounts()
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    from world import FAKETIME, ROOT, World
    if not FAKETIME:
        sys.exit("libfaketime is missing: sh tests/support/install.sh soak")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    kept = ROOT / "build" / "soak" / str(args.seed)
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    print(f"soak: seed {args.seed}, {args.minutes:g} minutes; what happened is written to {kept.relative_to(ROOT)}/", flush=True)
    folder, is_right = pathlib.Path(tempfile.mkdtemp(prefix="sparkgate-soak-")), False
    try:
        with World(folder, lambda text: print(text, flush=True), args.cluster) as world:
            try:
                is_right = asyncio.run(run(args, world, kept))
            finally:
                with contextlib.suppress(OSError):
                    for gate in world.gates:
                        gate.keep_logs(kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()

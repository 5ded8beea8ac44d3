"""Bytes that our readers take are read by others, h11 and llhttp, to the same; or why not is a row of differences.toml.

  build/venv/bin/python tests/fuzz/differential.py --dump build/tests/fuzz/diff_dump --seconds 15 --seed 1

What ours refuse is nobody's concern here. Of what they take, others may refuse some, or read it otherwise, only as a row
says, and its examples show.
"""

import argparse
import collections
import pathlib
import random
import time

import diff_inputs
import diff_known
import diff_readers

BATCH = 250
SAVED = diff_readers.ROOT / "build" / "fuzz"
Finding = collections.namedtuple("Finding", "reader aspect mine other reading")


def of_head(mine, other):
    """Which parts of two heads differ."""
    for aspect in ("minor", "method", "target", "status", "reason", "fields"):
        if aspect in mine and mine[aspect] != other[aspect]:
            yield aspect


def of_whole(mine, other):
    for aspect in ("end", "content", "keep_alive"):
        if mine[aspect] != other[aspect] and other[aspect] is not None:
            yield aspect


def of_part(mine, other, stops):
    """Ours waits for more, or refused the content behind this head."""
    if other["whole"] and stops == "more":
        yield "end"
    if not mine["content"].startswith(other["content"]) and not other["content"].startswith(mine["content"]):
        yield "content"


def differences(reader, ours, theirs):
    """A finding for each thing that is read otherwise; none behind a message whose end is not the same."""

    def finding(aspect, mine, other):
        return Finding(reader, aspect, mine, other, theirs)

    for mine, other in zip(ours["messages"], theirs["messages"]):
        yield from (finding(aspect, mine, other) for aspect in of_head(mine, other))
        if not mine["whole"]:
            yield from (finding(aspect, mine, other) for aspect in of_part(mine, other, ours["stops"]))
            return
        if not other["whole"]:
            yield finding("refused" if theirs["stops"] == "bad" else "end", mine, other)
            return
        found = [finding(aspect, mine, other) for aspect in of_whole(mine, other)]
        yield from found
        if any(one.aspect == "end" for one in found):
            return
    n, m = len(ours["messages"]), len(theirs["messages"])
    if n > m:
        yield finding("refused" if theirs["stops"] == "bad" else "end", ours["messages"][m], None)
    elif m > n and ours["stops"] in ("all", "more") and theirs["messages"][n]["whole"]:
        yield finding("end", None, theirs["messages"][n])


def mark(stream, reading):
    """Each message with its bytes: rules look at what trimming has taken away."""
    at = 0
    for message in reading["messages"]:
        message["bytes"] = stream[at:message["end"]]
        at = message["end"]


class Comparison:
    def __init__(self, dump):
        self.ours = diff_readers.ours(dump)
        self.others = {"h11": diff_readers.H11(), "llhttp": diff_readers.llhttp()}
        self.rows = diff_known.rows()
        self.taken, self.messages = 0, 0
        self.met = collections.Counter()
        self.unknown = []

    def findings(self, streams):
        """(stream, finding) of all that are taken, or may be once more has come."""
        readings = self.ours.read(streams)
        asked = [(s, r) for s, r in zip(streams, readings) if r["messages"] or r["stops"] == "more"]
        for (_, stream), reading in asked:
            mark(stream, reading)
        self.taken += sum(bool(reading["messages"]) for _, reading in asked)
        self.messages += sum(len(reading["messages"]) for _, reading in asked)
        for name, other in self.others.items():
            for (stream, mine), theirs in zip(asked, other.read([stream for stream, _ in asked])):
                yield from ((stream, finding) for finding in differences(name, mine, theirs))

    def run(self, streams):
        for stream, finding in self.findings(streams):
            row = diff_known.row_of(self.rows, stream[0], finding)
            if row:
                self.met[row["id"]] += 1
            else:
                self.unknown.append((stream, finding))

    def close(self):
        for reader in (self.ours, *self.others.values()):
            reader.close()


def show(stream, finding):
    """What a person needs to judge it; the bytes are kept as a file."""
    SAVED.mkdir(parents=True, exist_ok=True)
    name = f"differential-{abs(hash(stream)) % 10**8:08d}"
    (SAVED / name).write_bytes(stream[1])
    print(f"  {finding.reader}, {finding.aspect} ({stream[0]}, build/fuzz/{name}): {stream[1][:300]!r}\n"
          f"    ours:   {finding.mine}\n    theirs: {finding.other} {finding.reading['reason']}")


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, problems):
        self.passed, self.failed = self.passed + (not problems), self.failed + bool(problems)
        print(f"  {'differential':<12} {name:<48} {'FAILED' if problems else 'ok'}", flush=True)
        for problem in problems[:5]:
            show(*problem) if isinstance(problem, tuple) else print(f"    {problem}")


def check_rows(comparison, count):
    """Each row's examples show what the row says, and nothing else."""
    readme = (pathlib.Path(__file__).parent / "README.md").read_text()
    for row in comparison.rows:
        examples, found = diff_known.examples(row), []
        for example in examples:
            found += comparison.findings([example])
        problems = [pair for pair in found if diff_known.row_of(comparison.rows, pair[0][0], pair[1]) is not row]
        if len(found) != len(examples):
            problems.append(f"{len(examples)} examples differ in {len(found)} ways")
        if f"`{row['id']}`" not in readme:
            problems.append("README.md does not name it")
        count.check(row["id"], problems)


KINDS = {
    "requests by the grammar": (diff_inputs.requests, False),
    "answers by the grammar": (diff_inputs.answers, False),
    "requests with mistakes": (diff_inputs.requests, True),
    "answers with mistakes": (diff_inputs.answers, True),
}


def check_kind(comparison, count, name, seed, seconds):
    make, is_mistaken = KINDS[name]
    seeds = [stream for stream in diff_inputs.corpora() if stream[0] in ("q" if make is diff_inputs.requests else "rh")]
    rng = random.Random(f"{seed} {name}")
    until, asked, taken = time.monotonic() + seconds, 0, comparison.taken
    while time.monotonic() < until and not comparison.unknown:
        streams = [make(rng) if not is_mistaken or rng.random() < 0.8 else rng.choice(seeds) for _ in range(BATCH)]
        comparison.run([diff_inputs.mistaken(rng, stream) for stream in streams] if is_mistaken else streams)
        asked += BATCH
    count.check(f"{name}: {asked}, {comparison.taken - taken} of them taken", comparison.unknown)
    comparison.unknown = []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dump", required=True, help="the program that says what ours read")
    parser.add_argument("--seconds", type=float, default=15, help="all together")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    comparison, count = Comparison(options.dump), Count()
    check_rows(comparison, count)
    comparison.run(list(diff_inputs.corpora()))
    count.check("the corpora", comparison.unknown)
    comparison.unknown = []
    for name in KINDS:
        check_kind(comparison, count, name, options.seed, options.seconds / len(KINDS))
    comparison.close()
    print(f"  seed {options.seed}: {comparison.taken} streams taken with {comparison.messages} messages; differences met: " +
          (", ".join(f"{name} {n}" for name, n in sorted(comparison.met.items())) or "none"))
    print(f"differential: {count.passed} passed, {count.failed} failed, 0 skipped")
    return 1 if count.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

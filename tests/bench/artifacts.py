#!/usr/bin/env python3
"""`make bench-artifacts`: one long artifact (MIB, 1024) through sparkgate into a real S3 server, and the same by curl straight to it, in turn.

ROUNDS (5), LISTENER (admin or public). Prints seconds and CPU of both, and memory over what was resident before; the median of the ratios of
throughput. curl signs as sparkgate does: neither reads the file twice. Who is first changes from round to round.

The storage and the file are in memory (/dev/shm), where there is room for them. On a disk the kernel's page cache has its say, and not the same
for both: a virtual machine that takes pages back from its host at their first use pays a second for each half GiB, in some runs.
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from gateway import Gateway  # noqa: E402
from s3_server import S3Server  # noqa: E402

ROUNDS, MIB = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("MIB", "1024"))
LISTENER = os.environ.get("LISTENER", "admin")
NOWHERE = "http://127.0.0.1:9"  # nothing is launched here


def cluster(s3):
    return {"name": "prod", "masters": [NOWHERE],
            "launch": {"rest": NOWHERE, "artifacts": s3.conf(), "profiles": [{"name": "small", "roles": ["everyone"]}]}}


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(gate, s3, run):
    pathlib.Path(f"/proc/{gate.pid}/clear_refs").write_text("5")
    idle, before, began = gate.resident_kib(), (cpu_s(gate.pid), cpu_s(s3.daemon.pid)), time.monotonic()
    run()
    return {"s": time.monotonic() - began, "gate": cpu_s(gate.pid) - before[0], "s3": cpu_s(s3.daemon.pid) - before[1],
            "kib": gate.peak_kib() - idle}


def through(gate, token, file):
    header = file.with_suffix(".header")
    header.write_text(f"Authorization: Bearer {token}\n")
    header.chmod(0o600)
    base = gate.admin_url if LISTENER == "admin" else gate.url
    subprocess.run(["curl", "-fsS", "-H", f"@{header}", "-T", str(file), "-o", "/dev/null", f"{base}/api/v1/artifacts/long"], check=True)


def straight(s3, file):
    done = s3.curl("-f", "-T", file, f"{s3.url}/straight/long")
    if done.returncode:
        sys.exit(done.stderr)


def in_memory():
    """What the storage replaces stays until the new object is whole: the file, two objects, and one that comes."""
    memory = pathlib.Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 5 * MIB << 20:
        tempfile.tempdir = str(memory)


def main():
    ratios, most = [], 0
    in_memory()
    with tempfile.TemporaryDirectory(prefix="sparkgate-artifacts-") as name, S3Server() as s3, Gateway([cluster(s3)]) as gate:
        file = pathlib.Path(name) / "long"
        with file.open("wb") as out:
            for _ in range(MIB):
                out.write(os.urandom(1 << 20))
        token = gate.create_token()["access_token"]
        for _ in range(2):  # what is made once, and room for an object that replaces another
            through(gate, token, file)
            straight(s3, file)
        for number in range(ROUNDS):
            ways = {"ours": lambda: through(gate, token, file), "theirs": lambda: straight(s3, file)}
            order = list(ways) if number % 2 == 0 else list(reversed(ways))
            done = {way: measure(gate, s3, ways[way]) for way in order}
            ours, theirs = done["ours"], done["theirs"]
            ratios.append(theirs["s"] / ours["s"])
            most = max(most, ours["kib"])
            print(f"  round {number + 1}/{ROUNDS}: {ours['s']:.2f} s ({MIB / ours['s']:.0f} MiB/s), sparkgate {ours['gate']:.2f} s of CPU, the S3 server "
                  f"{ours['s3']:.2f} s, {ours['kib']} KiB over idle; curl {theirs['s']:.2f} s, the S3 server {theirs['s3']:.2f} s", file=sys.stderr, flush=True)
    print(f"artifact of {MIB} MiB by the {LISTENER} listener: {statistics.median(ratios):.2f} of curl's throughput (from {min(ratios):.2f} to "
          f"{max(ratios):.2f}); at most {most} KiB over idle")


if __name__ == "__main__":
    main()

"""What the tests started ends with them, also when they are killed."""

import pathlib
import subprocess
import sys

from spark_cluster import wait_for

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
KILLED = """
import os, pathlib, signal, sys, time
from spark_cluster import Daemon, wait_for
words = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
one = Daemon("waits", words, dict(os.environ), sys.argv[1], pathlib.Path(sys.argv[1]) / "log", orphaned=signal.SIGKILL)
wait_for(lambda: "ready" in one.tail(), "it", 60, one.check)
print(one.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def state_of(pid):
    """As /proc says it; Z where nobody has asked for its end yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def test_a_server_that_would_wait_at_sigterm_ends_when_its_tests_are_killed(tmp_path):
    """An API server waits for its etcd, which ends in the same moment."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=SUPPORT, capture_output=True, text=True, timeout=120)
    pid = int(killed.stdout)
    wait_for(lambda: state_of(pid) in ("Z", "X", "gone"), f"the end of {pid}", 60)

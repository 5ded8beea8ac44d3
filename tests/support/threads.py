"""One thread of a process held, while the others run: what a hang is to them. Needs the right to trace it."""

import ctypes
import os
import pathlib

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WALL = 0x40000000  # also threads


def threads_of(pid):
    """Threads whose loops turn: not the keeper, not the one that writes the log."""
    def waits_in(tid):
        return pathlib.Path(f"/proc/{pid}/task/{tid}/wchan").read_text()

    return [int(tid) for tid in sorted(os.listdir(f"/proc/{pid}/task")) if int(tid) != pid and "poll" in waits_in(tid)]


def hold(tid):
    """Stops one thread and lets the others run. `release(tid)` ends it."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(PTRACE_ATTACH, tid, None, None) == 0, os.strerror(ctypes.get_errno())
    os.waitpid(tid, WALL)


def has_ended(tid):
    """Whether a thread that is held was ended with its process, which is there until this is asked."""
    try:
        return os.waitpid(tid, WALL | os.WNOHANG)[0] == tid
    except ChildProcessError:
        return True


def release(tid):
    ctypes.CDLL(None).ptrace(PTRACE_DETACH, tid, None, None)

"""One thread of a process held, while the others run: what a hang is to them. Needs the right to trace it."""

import ctypes
import os
import pathlib

PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def threads_of(pid):
    """Threads whose loops turn: not the keeper, not the one that writes the log."""
    def waits_in(tid):
        return pathlib.Path(f"/proc/{pid}/task/{tid}/wchan").read_text()

    return [int(tid) for tid in sorted(os.listdir(f"/proc/{pid}/task")) if int(tid) != pid and "poll" in waits_in(tid)]


def hold(tid):
    """Stops one thread and lets the others run. `release(tid)` ends it."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(PTRACE_ATTACH, tid, None, None) == 0, os.strerror(ctypes.get_errno())
    os.waitpid(tid, 0x40000000)  # __WALL


def release(tid):
    ctypes.CDLL(None).ptrace(PTRACE_DETACH, tid, None, None)

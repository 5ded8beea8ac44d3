"""Processes that are measured: started on one core, their CPU time and memory read from /proc, ended by their pid."""

import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

PROXY_CORE, LOAD_CORE = "0", "1"
HOST = "127.0.0.1"
START_SECONDS = 20
UNCHECKED = ssl.create_default_context()  # of loopback: nobody's certificate is looked at
UNCHECKED.check_hostname, UNCHECKED.verify_mode = False, ssl.CERT_NONE


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def wait_until(condition, what, seconds=START_SECONDS):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def status_of(url, headers=None):
    """The status of a GET; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=20, context=UNCHECKED) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def parent_of(stat):
    """The parent's pid in the text of /proc/PID/stat, whose second field may hold anything."""
    return int(stat.rsplit(")", 1)[1].split()[1])


def cpu_of(schedstat):
    """Microseconds on a core in the text of /proc/PID/task/TID/schedstat."""
    return int(schedstat.split()[0]) / 1000


def kib_of(status, field):
    """A field such as VmHWM of /proc/PID/status, in KiB."""
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M).group(1))


def children():
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            found.setdefault(parent_of(path.read_text()), []).append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Process:
    """A command with everything it starts itself, on one core; counted together."""

    def __init__(self, name, core, command, folder):
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "w") as log:
            self.popen = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, start_new_session=True)
        self.name = name

    def await_status(self, url, headers=None, wanted=200):
        seen = []

        def answers():
            if self.popen.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.popen.returncode}: {self.log.read_text()[-600:]}")
            seen.append(status_of(url, headers))
            return seen[-1] == wanted
        try:
            wait_until(answers, f"{self.name} at {url}")
        except TimeoutError as error:
            raise RuntimeError(f"{error}; status {seen[-1]}") from None

    def pids(self):
        """Its own pid and those of everything below it."""
        below, pids = children(), [self.popen.pid]
        for pid in pids:
            pids += below.get(pid, [])
        return pids

    def cpu_us(self):
        total = 0
        for pid in self.pids():
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += cpu_of(path.read_text())
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return total

    def await_rest(self):
        """Until it uses less than a hundredth of its core."""
        def rests():
            before = self.cpu_us()
            time.sleep(0.5)
            return self.cpu_us() - before < 5000
        wait_until(rests, f"{self.name} at rest", 60)

    def pause(self):
        os.killpg(self.popen.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.popen.pid, signal.SIGCONT)

    def kib(self, field):
        """Summed over its processes: what they share is counted in each."""
        return sum(kib_of(pathlib.Path(f"/proc/{pid}/status").read_text(), field) for pid in self.pids())

    def forget_peak(self):
        """VmHWM starts again at what is resident now."""
        for pid in self.pids():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)  # its own session: nobody else is in it
                self.popen.wait()

"""The machines of docs/production.md, made by its steps 1 to 3."""

import contextlib
import sys

from doc_machines import Machines, Page
from gateway import ROOT

ADDRESSES = {"proxy": "10.0.0.10", "gate1": "10.0.0.11", "gate2": "10.0.0.12", "redis": "10.0.0.13"}
NAMES = {"10.0.0.10": "spark.example.com spark-tokens.example.com"}
PAGE = Page("production.md")
# As runuser does, but the process that is started is the gateway itself, which gets the signals.
GATEWAY = "setpriv --reuid sparkgate --regid sparkgate --init-groups sparkgate --config /etc/sparkgate/sparkgate.yaml"
LAB = f"""env PYTHONPATH={ROOT}/tests/e2e {sys.executable} -c "
import echo_socket, threading
server = echo_socket.Server(('10.0.0.20', 8888), echo_socket.Handler)
server.handshakes, server.ended = [], threading.Event()
server.serve_forever()" """


class Site(Machines):
    def start_gate(self, name, settings=""):
        """`settings`: variables of the environment that differ from the page."""
        return self.start(name, f"env {settings} {GATEWAY}", f"curl -fsS http://{ADDRESSES[name]}:8481/ready")

    def refusal_of_start(self, name, settings=""):
        """What a gateway says that does not start."""
        return self.run(name, f"timeout 20 env {settings} {GATEWAY} 2>&1", check=False).stdout


@contextlib.contextmanager
def documented_site():
    """Both gateways run."""
    with Site(ADDRESSES, NAMES) as machines:
        machines.start("here", LAB, "curl -fsS http://10.0.0.20:8888/page")
        machines.run("redis", PAGE.shell("> redis-password"))
        for path in ("/etc/redis/sparkgate.conf", "/etc/sparkgate/sparkgate.yaml"):
            machines.write(path, PAGE.files[path])
        machines.run("redis", PAGE.shell("sparkgate.acl"))
        machines.start("redis", "runuser -u redis -- redis-server /etc/redis/redis.conf --daemonize no --supervised no --logfile ''",
                       "redis-cli -h 10.0.0.13 ping 2>&1 | grep -q NOAUTH")
        machines.run("gate1", PAGE.shell("useradd"))
        assert "error" not in machines.run("gate1", PAGE.shell("--check"))
        machines.gates = {name: machines.start_gate(name) for name in ("gate1", "gate2")}
        yield machines

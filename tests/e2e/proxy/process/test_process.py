"""The process under pressure: a log that nobody reads, threads that hang, listeners that are full, a second gateway."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import threading
import time

import pytest
import requests

from conftest import COOKIE, Client
from gateway import Gateway, binary
from redis_server import RedisServer
from signon import shared_store
from spark_cluster import HOST, free_port, wait_for
from threads import hold, release, threads_of
from tls_front import write_certificate
from upstream import Upstream

UI = "/local/ui/echo/"


def entry(url):
    return [{"name": "local", "uis": [{"name": "echo", "url": url}]}]


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def gate(upstream):
    with Gateway(entry(upstream.url)) as running:
        running.token = running.create_token("process", "admin")["access_token"]
        running.await_mounts([UI], running.token)
        yield running


def ping(gateway, timeout=5):
    return requests.get(f"{gateway.admin_url}/ping", timeout=timeout)


def metric(gateway, name):
    text = requests.get(f"{gateway.admin_url}/metrics", timeout=5).text
    return float(re.search(rf"^sparkgate_{name} (\S+)$", text, re.M).group(1))


class Started:
    """A gateway that the test starts itself: `gateway` gives its configuration, `words` go behind it."""

    def __init__(self, gateway, *words, limits=(), **more):
        gateway.write_config()
        self.gateway = gateway

        def limit():
            for what, values in limits:
                resource.setrlimit(what, values)

        more.setdefault("stderr", subprocess.PIPE)
        self.process = subprocess.Popen([str(binary()), "--config", str(gateway.config), *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, preexec_fn=limit, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def await_ping(self):
        def answers():
            assert self.process.poll() is None, self.process.communicate()[1]
            with contextlib.suppress(requests.ConnectionError):
                return ping(self.gateway).status_code == 200

        wait_for(answers, "/ping", 20)
        return self

    def refused(self):
        """What one that cannot start says."""
        said = self.process.communicate(timeout=20)[1].decode()
        assert self.process.returncode == 1, said
        return said.strip().splitlines()[-1]


@contextlib.contextmanager
def conf_of(clusters, settings=None, **more):
    """A gateway's configuration in a folder of its own; nothing runs."""
    gateway = Gateway(clusters, settings=settings, **more)
    try:
        yield gateway
    finally:
        gateway.stop()


# --- S53: a log that nobody reads ---


def ask_often(url, count, seconds):
    with requests.Session() as session:
        for _ in range(count):
            since = time.monotonic()
            assert session.get(url, timeout=10).status_code == 401
            seconds.append(time.monotonic() - since)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_s53_a_stalled_standard_error_stops_nobody(upstream, kind):
    if kind == "pipe":
        reader, writer = os.pipe()
    else:
        ours, theirs = socket.socketpair()
        reader, writer = ours.detach(), theirs.detach()
    with conf_of(entry(upstream.url)) as conf, Started(conf, stderr=writer) as gate:
        os.close(writer)
        gate.await_ping()
        seconds = []
        askers = [threading.Thread(target=ask_often, args=(f"{conf.url}{UI}", 500, seconds)) for _ in range(4)]
        for one in askers:
            one.start()
        for one in askers:
            one.join(60)
        assert len(seconds) == 2000
        assert statistics.quantiles(seconds, n=100)[98] < 1
        assert ping(conf).status_code == 200
        dropped = metric(conf, "log_lines_dropped_total")
        assert dropped > 0
        lines = read_lines(reader, lambda line: "lines were lost" in line.get("msg", ""))
        assert f"{int(dropped)} lines were lost" in lines[-1]["msg"]
        assert sum(line["event"] == "access" for line in lines) == 2000 - dropped
        gate.process.send_signal(signal.SIGTERM)
        read_lines(reader, lambda line: line["event"] == "stop")  # the last words come out
        assert gate.process.wait(20) == 0
    os.close(reader)


def read_lines(reader, is_last):
    """Each line of `reader` as it came, which is whole JSON, up to the one that `is_last`."""
    lines, rest = [], b""
    while not lines or not is_last(lines[-1]):
        chunk = os.read(reader, 65536)
        assert chunk, lines[-3:]
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines.append(json.loads(line))
            if is_last(lines[-1]):
                break
    return lines


def test_s53_a_gateway_whose_standard_error_is_stalled_ends_when_it_is_told(upstream):
    reader, writer = os.pipe()
    with conf_of(entry(upstream.url)) as conf, Started(conf, stderr=writer) as gate:
        os.close(writer)
        gate.await_ping()
        ask_often(f"{conf.url}{UI}", 2000, [])
        gate.process.send_signal(signal.SIGTERM)
        assert gate.process.wait(20) == 0
    os.close(reader)


# --- S54: threads that hang ---


def test_s54_ping_fails_while_a_worker_stands_still_and_says_which(gate):
    tid = threads_of(gate.pid)[0]
    hold(tid)
    try:
        assert ping(gate).text == "pong\n"
        wait_for(lambda: ping(gate).status_code == 503, "/ping to fail", 20)
        assert re.search(r"^server thread \d+ has not turned for 1\d s$", ping(gate).text, re.M)
    finally:
        release(tid)
    wait_for(lambda: ping(gate).status_code == 200, "/ping to be fine again", 10)


def test_s54_a_process_that_was_stopped_as_a_whole_is_well_at_once(gate):
    gate.daemon.signal(signal.SIGSTOP)
    time.sleep(11)
    gate.daemon.signal(signal.SIGCONT)
    assert ping(gate).status_code == 200


# --- S59, S60: who goes when a listener is full ---


def connect(port, source=HOST, said=b""):
    made = socket.create_connection((HOST, port), timeout=10, source_address=(source, 0))
    if said:
        made.sendall(said)
    return made


def is_open(made):
    made.setblocking(False)
    try:
        return made.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        made.setblocking(True)


def count_open(all_of_them):
    return sum(is_open(one) for one in all_of_them)


@contextlib.contextmanager
def many(count, port, said=b"", sources=(HOST,)):
    made = []
    try:
        for i in range(count):
            made.append(connect(port, sources[i % len(sources)], said))
        yield made
    finally:
        for one in made:
            one.close()


@pytest.mark.parametrize("said", [b"", b"GET /ping HTTP/1.1\r\nHos", b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab",
                                  b"nonsense\r\n\r\n"])
def test_s59_a_probe_is_answered_however_many_connections_rest_on_the_admin_listener(gate, said):
    with many(600, gate.admin_port, said):
        for _ in range(5):
            assert ping(gate).status_code == 200


def test_s59_the_connection_that_is_idle_longest_goes_and_not_the_newest(upstream):
    limits = {"server": {"threads": 1, "limits": {"connections": 4}}}
    with conf_of(entry(upstream.url), limits) as conf, Started(conf) as gate:
        gate.await_ping()
        with many(4, conf.port) as made:
            made[0].sendall(b"GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n")  # it is heard again, so the second is idle longest
            assert made[0].recv(12) == b"HTTP/1.1 400"
            made[0].close()
            made[0] = connect(conf.port)
            made[1].sendall(b"G")
            time.sleep(0.3)  # so that the byte is read before
            with connect(conf.port, said=f"GET / HTTP/1.1\r\nHost: {HOST}:{conf.port}\r\n\r\n".encode()) as newest:
                assert newest.recv(8) == b"HTTP/1.1"
                wait_for(lambda: count_open(made) == 3, "one to go", 5)
                assert [is_open(one) for one in made] == [True, True, False, True]


def test_s60_an_address_holds_as_many_connections_as_it_may_and_others_are_served(upstream):
    with conf_of(entry(upstream.url), {"server": {"limits": {"per_client": 8}}}) as conf, Started(conf) as gate:
        gate.await_ping()
        with many(40, conf.port, sources=("127.0.0.2",)) as greedy, many(8, conf.port, sources=("127.0.0.3",)) as modest:
            wait_for(lambda: count_open(greedy) <= 8, "the greedy one's to go", 5)
            assert is_open(greedy[-1])
            assert count_open(modest) == 8
            assert requests.get(f"{conf.url}{UI}", timeout=5).status_code == 401


def test_s60_trusted_proxies_may_hold_any_number(upstream):
    settings = {"server": {"limits": {"per_client": 8}, "trusted_proxies": ["127.0.0.2/32"]}}
    with conf_of(entry(upstream.url), settings) as conf, Started(conf) as gate:
        gate.await_ping()
        with many(100, conf.port, sources=("127.0.0.2",)) as made:
            assert requests.get(f"{conf.url}{UI}", timeout=5).status_code == 401
            time.sleep(1.5)  # a tick of each thread
            assert count_open(made) == 100


# --- S61: two on one address ---


def test_s61_a_second_gateway_on_an_address_says_which_and_what_to_do(gate, upstream):
    with conf_of(entry(upstream.url), port=gate.port) as conf, Started(conf) as second:
        said = second.refused()
    assert f"server.listen: cannot listen on {HOST}:{gate.port}: Address already in use" in said and "--join" in said
    with conf_of(entry(upstream.url), admin_port=gate.admin_port) as conf, Started(conf) as second:
        said = second.refused()
    assert f"admin.listen: cannot listen on {HOST}:{gate.admin_port}" in said
    assert ping(gate).status_code == 200


@pytest.mark.parametrize("first, second", [("0.0.0.0", HOST), (HOST, "0.0.0.0"), ("0.0.0.0", "0.0.0.0"), ("[::1]", "[::1]"), ("[::]", "0.0.0.0"),
                                           (HOST, "[::]")])
def test_s61_addresses_that_overlap_are_one_address(upstream, first, second):
    with conf_of(entry(upstream.url)) as one, conf_of(entry(upstream.url)) as two:
        one.merge({"server": {"listen": f"{first}:{one.port}"}})
        two.merge({"server": {"listen": f"{second}:{one.port}", "public_url": one.url}})
        with Started(one) as running:
            running.await_ping()
            with Started(two) as refused:
                assert f":{one.port}: Address already in use" in refused.refused()


def test_s61_of_many_that_start_at_once_one_runs(upstream):
    with conf_of(entry(upstream.url)) as conf, contextlib.ExitStack() as stack:
        started = [stack.enter_context(Started(conf)) for _ in range(6)]
        wait_for(lambda: sum(one.process.poll() is not None for one in started) == 5, "all but one to end", 20)
        assert ping(conf).status_code == 200


def test_s61_after_a_kill_the_next_one_starts_at_once(upstream):
    with conf_of(entry(upstream.url)) as conf:
        for _ in range(3):
            with Started(conf) as gate, many(5, gate.await_ping().gateway.port) as made:
                made[0].sendall(f"GET / HTTP/1.1\r\nHost: {HOST}:{conf.port}\r\n\r\n".encode())
                assert made[0].recv(8) == b"HTTP/1.1"
                gate.process.kill()
                gate.process.wait()


def test_s61_who_is_told_to_joins_a_gateway_on_the_same_store(upstream):
    with conf_of(entry(upstream.url)) as conf:
        with Started(conf) as first:
            first.await_ping()
            token = conf.create_token("joined", "user")["access_token"]
            wait_for(lambda: conf.get_with_token(UI, token) == 200, "the UI", 20)
            with Started(conf, "--join") as second:
                wait_for(lambda: count_listening(second.process.pid) >= 2, "the second to listen", 10)
                first.process.send_signal(signal.SIGTERM)
                assert first.process.wait(20) == 0
                wait_for(lambda: conf.get_with_token(UI, token) == 200, "the UI", 20)
                assert second.process.poll() is None


def count_listening(pid):
    """TCP sockets of the process that listen."""
    listening = {line.split()[9] for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
                 if line.split()[3] == "0A"}
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    return sum(link[8:-1] in listening for link in links if link.startswith("socket:["))


def test_s61_nobody_joins_a_gateway_on_another_store(gate, upstream):
    for store in (None, "memory:"):
        with conf_of(entry(upstream.url), port=gate.port, admin_port=gate.admin_port) as conf:
            conf.merge({"store": store} if store else {})
            with Started(conf, "--join") as second:
                said = second.refused()
            assert "--join" in said and ("another store" in said or "memory" in said), said


def test_s61_nobody_joins_a_program_that_is_no_gateway(upstream):
    with conf_of(entry(upstream.url)) as conf, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((HOST, conf.port))
        other.listen()
        with Started(conf, "--join") as second:
            assert "no gateway" in second.refused()


def test_s61_gateways_on_one_redis_join_and_others_do_not(upstream, tmp_path):
    with RedisServer() as redis, RedisServer() as other:
        settings = shared_store(redis, tmp_path)
        with conf_of(entry(upstream.url), settings) as conf, conf_of(entry(upstream.url), settings, port=conf.port, admin_port=conf.admin_port) as two, \
                conf_of(entry(upstream.url), shared_store(other, tmp_path), port=conf.port, admin_port=conf.admin_port) as stranger:
            with Started(conf) as first:
                first.await_ping()
                with Started(stranger, "--join") as refused:
                    assert "another store" in refused.refused()
                with Started(two, "--join") as second:
                    wait_for(lambda: count_listening(second.process.pid) >= 2, "the second to listen", 10)


# --- what the kernel is asked for ---


def test_connections_are_lowered_to_what_the_descriptors_are_enough_for(upstream):
    with conf_of(entry(upstream.url), {"server": {"limits": {"connections": 5000, "per_client": 5000}}}) as conf:
        with Started(conf, limits=[(resource.RLIMIT_NOFILE, (600, 600))]) as gate:
            gate.await_ping()
            with many(400, conf.port) as made:
                assert requests.get(f"{conf.url}{UI}", timeout=5).status_code == 401
                assert ping(conf).status_code == 200
                wait_for(lambda: count_open(made) <= 172, "the idle ones to go", 5)
            gate.process.send_signal(signal.SIGTERM)
            said = gate.process.communicate(timeout=20)[1].decode()
    assert re.search(r"600 file descriptors are too few for server.limits.connections: 5000, so it is 172; allow 10256 \(systemd: LimitNOFILE=", said)


def test_s69_nobody_dumps_the_memory_of_a_gateway(gate):
    limits = pathlib.Path(f"/proc/{gate.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    assert not is_dumpable(gate.pid)


def is_dumpable(pid):
    """Whether its own user may look into it: in a process that is not dumpable, what is in /proc is root's."""
    return os.stat(f"/proc/{pid}/auxv").st_uid != 0


@pytest.mark.parametrize("words, dumpable", [((), False), (("--dumpable",), True)])
def test_s69_a_developer_may_say_that_dumps_are_wanted(upstream, tmp_path, words, dumpable):
    with conf_of(entry(upstream.url), folder=tmp_path) as conf:
        tmp_path.chmod(0o777)
        for parent in tmp_path.parents:  # pytest's are for their owner alone
            if parent.owner() == tmp_path.owner() and parent.stat().st_mode & 0o077 == 0:
                parent.chmod(0o711)
        conf.write_config()
        conf.config.chmod(0o644)
        with Started(conf, *words, user="nobody", group="nogroup", extra_groups=[]) as gate:
            gate.await_ping()
            assert is_dumpable(gate.process.pid) == dumpable


def memory_of(pid):
    """Everything that the process can read of itself."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights, *_, name = [*line.split(), ""][:7]
            if "r" not in rights or "[v" in line:
                continue
            first, last = (int(number, 16) for number in where.split("-"))
            memory.seek(first)
            with contextlib.suppress(OSError):
                yield memory.read(last - first)


def test_s69_no_token_cookie_or_form_stays_in_memory_behind_its_request(gate):
    bearer, cookie, form = (f"{name}-canary-{os.urandom(8).hex()}" for name in ("bearer", "cookie", "form"))
    for url, origin in ((gate.url, gate.origin), (gate.admin_url, gate.admin_url)):
        for path in (UI, "/api/v1/tokens", "/"):
            requests.get(f"{url}{path}", headers={"Authorization": f"Bearer {bearer}"}, timeout=5)
            requests.get(f"{url}{path}", headers={"Cookie": f"{COOKIE}={cookie}"}, timeout=5)
        requests.post(f"{url}/_gate/login", data={"token": form}, headers={"Origin": origin}, timeout=5)
    requests.post(f"{gate.url}/_gate/oauth/token", data={"grant_type": "refresh_token", "refresh_token": form}, timeout=5)
    with socket.create_connection((HOST, gate.port), timeout=5) as unfinished:
        unfinished.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\nX: {'y' * 6000}".encode())
    requests.get(f"{gate.url}/", timeout=5)

    wait_for(lambda: left_in_memory(gate, [bearer, cookie, form]) == [], "what was said to be forgotten", 5)


def left_in_memory(gate, secrets):
    return [secret for part in memory_of(gate.pid) for secret in secrets if secret.encode() in part]


def tokens_of_answers(gate, url, verify=True):
    """New tokens and cookies out of each answer that carries one: the API's, the token endpoint's, the page's, the sign-in's."""
    def sign_in(url, session=requests):
        return session.post(f"{url}/_gate/login", data={"token": gate.token}, headers={"Origin": url, "Accept": "text/html"},
                            allow_redirects=False, timeout=5, verify=verify).cookies.values()
    made = requests.post(f"{gate.admin_url}/api/v1/tokens", json={"client_name": "told"},
                         headers={"Authorization": f"Bearer {gate.token}"}, timeout=5).json()
    form = {"grant_type": "refresh_token", "refresh_token": made["refresh_token"]}
    renewed = requests.post(f"{url}/_gate/oauth/token", data=form, timeout=5, verify=verify).json()
    cookies = [*sign_in(url), *sign_in(gate.admin_url)]  # a session that is used is remembered while it lasts
    visitor = requests.Session()
    sign_in(gate.admin_url, visitor)
    page = visitor.get(f"{gate.admin_url}/tokens", timeout=5).text
    form = {"form": re.search(r'name="form" value="([^"]+)"', page).group(1), "client_name": "shown"}
    page = visitor.post(f"{gate.admin_url}/tokens", data=form, headers={"Origin": gate.admin_url}, timeout=5).text
    shown = re.findall(r"<textarea id=[^>]*>([^<]+)</textarea>", page)
    assert len(shown) >= 2 and len(cookies) == 2
    return [*(answer[kind] for answer in (made, renewed) for kind in ("access_token", "refresh_token")), *shown, *cookies]


def test_s69_no_token_of_an_answer_stays_in_memory_behind_it(gate):
    secrets = tokens_of_answers(gate, gate.url)
    wait_for(lambda: left_in_memory(gate, secrets) == [], "what was answered to be forgotten", 5)


def test_s69_no_token_of_an_answer_over_tls_stays_in_memory_behind_it(upstream, tmp_path):
    pem = write_certificate(tmp_path, [HOST])
    pem.chmod(0o600)
    port = free_port()
    server = {"public_url": f"https://{HOST}:{port}/", "tls": {"certificate": str(pem), "key": str(pem)}}
    with Gateway(entry(upstream.url), settings={"server": server}, port=port) as secure:
        secure.token = secure.create_token("process", "admin")["access_token"]
        secrets = tokens_of_answers(secure, f"https://{HOST}:{port}", str(pem))
        wait_for(lambda: left_in_memory(secure, secrets) == [], "what was answered to be forgotten", 5)


# --- small ---


class Fixed(http.server.BaseHTTPRequestHandler):
    """Answers with the status in the path and, where there may be content, with a lot of it."""

    def do_GET(self):
        status = int(self.path.strip("/")) if self.path.strip("/").isdigit() else 200
        content = b'{"status": "ready", "more": "' + b"x" * 100000 + b'"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "public, s-maxage=60")
        self.send_header("Content-Length", "0" if status in (204, 304) else str(len(content)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def fixed():
    server = http.server.ThreadingHTTPServer((HOST, 0), Fixed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_ready_reads_an_answer_however_long_it_is(fixed, upstream):
    with conf_of(entry(upstream.url), admin_port=fixed) as conf:
        conf.write_config()
        made = subprocess.run([str(binary()), "--config", str(conf.config), "--ready"], capture_output=True, text=True, timeout=20)
    assert (made.returncode, made.stdout) == (0, "ready\n")


def test_answers_without_content_say_nothing_of_its_length_and_are_private(fixed):
    with Gateway(entry(f"http://{HOST}:{fixed}")) as gate:
        client = Client(gate, gate.create_token("fixed", "admin")["access_token"])
        wait_for(lambda: client.get(f"{UI}200").status_code == 200, "the UI", 20)
        for status in (204, 304):
            answer = client.get(f"{UI}{status}")
            assert answer.status_code == status and "Content-Length" not in answer.headers and "Transfer-Encoding" not in answer.headers
        for answer in (client.get(f"{UI}200"), client.get(f"{UI}204")):
            assert answer.headers["Cache-Control"] == "private"
        made = client.post(f"{gate.admin_url}/api/v1/tokens", json={"client_name": "x"}).json()
        gone = client.delete(f"{gate.admin_url}/api/v1/tokens/{made['id']}")
        assert gone.status_code == 204 and "Content-Length" not in gone.headers

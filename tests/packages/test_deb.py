"""The Debian package on a machine of its own, with a real systemd: installed, served, reloaded, watched, upgraded, removed, purged."""

import json
import pathlib
import re
import subprocess
import time

import pytest

from callers import visiting_from
from conftest import CONFIGURATION, NEW_LINE, ROOT
from distro_machine import Machine
from distro_root import Root
from spark_cluster import wait_for
from threads import has_ended, hold, release, threads_of

CONFIG = f"/{CONFIGURATION}"
STATE = "/var/lib/sparkgate"
PAGE = "http://127.0.0.1:8480/"
INSTALL_S = 60  # from nothing to the sign-in page
EXPOSURE = 2.0
LOAD_S, RESTARTS, UPGRADES = 60, 5, 6


def names_of(package):
    """The packages that it depends on."""
    said = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
    return [word.split()[0] for word in said.split(", ")]


def put(root, package):
    """The package's path there."""
    (root.path / "srv" / package.name).write_bytes(package.read_bytes())
    return f"/srv/{package.name}"


class Service:
    """sparkgate.service of a machine."""

    def __init__(self, machine):
        self.machine, self.run, self.root = machine, machine.run, machine.root

    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, "sparkgate").stdout.strip()

    @property
    def pid(self):
        """Its process, as it is numbered outside."""
        ids = self.machine.group / "system.slice/sparkgate.service/cgroup.procs"
        return int(ids.read_text().split()[0])

    def status(self, *words):
        return self.run("curl", "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", *words, check=False).stdout[-3:]

    def journal(self, *words):
        return self.run("journalctl", "--no-pager", "-u", "sparkgate", *words).stdout

    def listening(self):
        """{(address, port)} of the whole machine."""
        lines = self.run("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout
        return {(address, int(port, 16)) for address, port in re.findall(r"^\s*\d+: (\w+):(\w+) \S+ 0A ", lines, re.M)}

    def configure(self, text):
        (self.root.path / CONFIGURATION).write_text(text)

    def await_page(self):
        wait_for(lambda: self.status("-H", "Sec-Fetch-Mode: navigate", "-H", "Accept: text/html", PAGE) == "302", "the way to sign in", 20)

    def create_token(self):
        made = self.run("sparkgate", "token", "create", "--config", CONFIG, "--client-name", "me", "--token-type", "admin", user="sparkgate")
        return re.search(r'"access_token": ?"([^"]+)"', made.stdout).group(1)  # beside an audit line

    def await_token(self, token):
        wait_for(lambda: self.status("-H", f"Authorization: Bearer {token}", f"{PAGE}whoami") == "200", "the token to be good", 20)


@pytest.fixture(scope="module")
def service(deb):
    """Installed once for all tests."""
    with Root("bookworm") as root:
        root.install("curl", *names_of(deb))
        with Machine(root) as machine:
            made = Service(machine)
            machine.run("dpkg", "-i", put(root, deb))
            made.await_page()
            yield made


def test_an_installed_package_serves_and_is_told_apart_as_ready(service):
    assert service.show("ActiveState") == "active"
    assert service.show("StatusText") == "serving"
    assert service.run("systemctl", "is-enabled", "sparkgate").stdout.strip() == "enabled"
    assert service.run("sparkgate", "--config", CONFIG, "--check").stdout == f"{CONFIG}: fine\n"
    assert service.run("sparkgate", "--config", CONFIG, "--ready").stdout == "ready\n"


def test_state_is_the_services_alone(service):
    assert service.run("stat", "-c", "%a %U:%G", STATE).stdout == "700 sparkgate:sparkgate\n"
    listed = service.run("find", STATE, "-type", "f", "-printf", "%m %u\n").stdout.splitlines()
    assert set(listed) == {"600 sparkgate"} and len(listed) >= 3


def test_it_listens_on_loopback_alone(service):
    assert service.listening() == {("0100007F", 8480), ("0100007F", 8481)}


def test_unit_leaves_its_process_few_rights(service):
    said = service.run("systemd-analyze", "security", "--no-pager", "sparkgate").stdout
    exposure = float(re.search(r"Overall exposure level for sparkgate.service: ([\d.]+)", said).group(1))
    assert exposure < EXPOSURE, said
    status = pathlib.Path(f"/proc/{service.pid}/status").read_text()
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M)
    assert re.search(r"^CapEff:\s+0*400$", status, re.M)  # CAP_NET_BIND_SERVICE
    assert re.search(r"^Uid:\s+0\s", status, re.M) is None


def test_s180_the_first_sign_in_link_is_not_in_the_journal(service):
    assert "serves http://127.0.0.1:8480/" in service.journal()
    assert "_gate/login" not in service.journal("-o", "json")


def test_journal_has_priorities_and_no_prefixes(service):
    lines = [json.loads(line) for line in service.journal("-o", "json").splitlines() if line.startswith("{")]
    own = [(line["PRIORITY"], json.loads(line["MESSAGE"])["level"]) for line in lines if line["MESSAGE"].startswith("{")]
    assert set(own) >= {("6", "info"), ("4", "warn")}
    assert all(priority == {"info": "6", "warn": "4", "error": "3"}[level] for priority, level in own)


def test_reload_reads_the_configuration_again(service):
    before, pid = (service.root.path / CONFIGURATION).read_text(), service.pid
    service.configure(before + "log: {level: debug, access: false}\n")
    service.run("systemctl", "reload", "sparkgate")
    wait_for(lambda: "the configuration was read again" in service.journal(), "the reload", 10)
    service.configure(before)
    service.run("systemctl", "reload", "sparkgate")
    assert service.show("ActiveState") == "active" and service.pid == pid


def test_secrets_of_the_credential_store_are_found_by_their_names(service):
    store = service.root.path / "etc/credstore"
    store.mkdir(exist_ok=True)
    try:
        (store / "sparkgate.session.key").write_text("too short\n")
        (store / "sparkgate.session.key").chmod(0o600)
        assert service.run("systemctl", "restart", "sparkgate", check=False).returncode != 0
        assert "session.key_file" in service.journal("-p", "err")
        (store / "sparkgate.session.key").write_text("ab" * 32 + "\n")
        service.run("systemctl", "reset-failed", "sparkgate")
        service.run("systemctl", "restart", "sparkgate")
        assert "sparkgate.session.key" in service.run("ls", "/run/credentials/sparkgate.service").stdout
    finally:
        (store / "sparkgate.session.key").unlink()
        service.run("systemctl", "restart", "sparkgate")
    service.await_page()


def test_unit_names_each_secret_that_can_be_a_credential(service):
    table = (ROOT / "docs/settings.md").read_text()
    unit = (ROOT / "conf/packages/sparkgate.service").read_text()
    named = re.findall(r"^\| `\w[\w.]*_file` \| `(sparkgate\.[\w.]+)` \|", table, re.M)
    assert len(named) >= 4
    assert sorted(re.findall(r"^LoadCredential=(.*)$", unit, re.M)) == sorted(named)


def test_s54_a_gateway_whose_thread_stands_still_is_started_again(service):
    drop_in = "/run/systemd/system/sparkgate.service.d/soon.conf"
    service.run("sh", "-c", f"mkdir -p $(dirname {drop_in}) && printf '[Service]\\nWatchdogSec=3s\\n' >{drop_in} && systemctl daemon-reload")
    service.run("systemctl", "restart", "sparkgate")
    pid, restarts = service.pid, int(service.show("NRestarts"))
    tid = threads_of(pid)[0]
    hold(tid)
    try:
        wait_for(lambda: has_ended(tid), "the watchdog", 60)
    finally:
        release(tid)
    wait_for(lambda: int(service.show("NRestarts")) > restarts and service.show("ActiveState") == "active", "a new process", 30)
    service.await_page()
    assert service.pid != pid
    service.run("sh", "-c", f"rm {drop_in} && systemctl daemon-reload && systemctl restart sparkgate")


def visited(service, token):
    """32 connections of the machine's own, by token and by session."""
    jar = service.run("curl", "-sS", "-o", "/dev/null", "-c", "-", "-H", "Origin: http://127.0.0.1:8480", "--data-urlencode", f"token={token}",
                      f"{PAGE}_gate/login").stdout
    cookies = "; ".join("=".join(line.split("\t")[5:7]) for line in jar.splitlines() if "\t" in line)
    enter = ["nsenter", "-t", service.machine.first_process(), "-n", "--"]
    return visiting_from(enter, "127.0.0.1:8480", "/whoami", 32, [f"Authorization: Bearer {token}", f"Cookie: {cookies}"])


def restarted(service):
    before = service.show("MainPID")
    service.run("systemctl", "reset-failed", "sparkgate")  # so many are too many for systemd
    service.run("systemctl", "restart", "sparkgate")
    assert service.show("MainPID") not in ("0", before)


def test_s181_restarts_under_load_fail_no_request(service):
    token = service.create_token()
    with visited(service, token) as visitors:
        for _ in range(RESTARTS):
            restarted(service)
    assert visitors["wrong"] == [] and visitors["least"] > RESTARTS, visitors


def test_s181_a_changed_address_is_the_only_one_after_a_restart_and_none_stays_after_a_stop(service):
    before = (service.root.path / CONFIGURATION).read_text()
    service.configure(before.replace("127.0.0.1:8480\nadmin:", "127.0.0.1:8490\nadmin:"))
    try:
        restarted(service)
        wait_for(lambda: service.listening() == {("0100007F", 8490), ("0100007F", 8481)}, "the other address", 20)
        service.run("systemctl", "stop", "sparkgate")
        wait_for(lambda: service.listening() == set(), "no address", 20)
    finally:
        service.configure(before)
        service.run("systemctl", "start", "sparkgate")
    service.await_page()


def test_s200_sigusr2_replaces_the_process_and_a_restart_ends_the_one_that_took_over(service):
    before = service.show("MainPID")
    service.run("systemctl", "kill", "-s", "USR2", "--kill-who", "main", "sparkgate")
    wait_for(lambda: service.show("MainPID") not in ("0", before), "another main process", 60)
    assert service.show("ActiveState") == "active"
    service.await_page()
    restarted(service)
    service.await_page()


def test_stop_ends_it_well(service):
    service.run("systemctl", "stop", "sparkgate")
    assert service.show("Result") == "success"
    service.run("systemctl", "start", "sparkgate")
    service.await_page()


def test_s181_upgrades_and_ways_back_under_load_fail_no_request(service, deb, next_release):
    token, packages = service.create_token(), [put(service.root, next_release["deb"]), put(service.root, deb)]
    with visited(service, token) as visitors:
        for i in range(UPGRADES):
            before = service.show("MainPID")
            service.run("systemctl", "reset-failed", "sparkgate")
            service.run("dpkg", "-i", "--force-confold", packages[i % 2])
            assert service.show("MainPID") not in ("0", before)
            time.sleep(LOAD_S / UPGRADES)  # the figure is of so long a load
    assert visitors["wrong"] == [] and visitors["least"] > UPGRADES, visitors


def test_upgrade_keeps_configuration_and_state_removal_too_and_purge_leaves_nothing(service, deb, next_release):
    token = service.create_token()
    service.await_token(token)
    changed = (service.root.path / CONFIGURATION).read_text() + "tokens: {per_user: 11}\n"
    service.configure(changed)
    pid = service.pid
    service.run("dpkg", "-i", "--force-confold", put(service.root, next_release["deb"]))  # what apt asks, "no" being its default
    service.await_token(token)
    assert service.pid != pid
    assert service.run("dpkg-query", "-W", "-f", "${Version}", "sparkgate").stdout.endswith("-2")
    assert (service.root.path / CONFIGURATION).read_text() == changed
    service.run("dpkg", "-r", "sparkgate")
    assert service.run("systemctl", "is-active", "sparkgate", check=False).stdout.strip() != "active"
    assert not (service.root.path / "usr/bin/sparkgate").exists()
    assert (service.root.path / CONFIGURATION).read_text() == changed
    service.run("dpkg", "-i", "--force-confold", put(service.root, deb))
    service.await_token(token)
    service.run("dpkg", "-P", "sparkgate")
    left = service.run("find", "/etc", "/usr", "/var", "-path", "*sparkgate*", "-not", "-path", "/var/log/*").stdout.splitlines()
    assert left == []
    assert service.run("getent", "passwd", "sparkgate").returncode == 0  # so that nobody else gets its number


def test_upgrade_of_an_unchanged_configuration_brings_the_new_one(deb, next_release):
    with Root("bookworm") as root:
        began = time.monotonic()
        root.install(put(root, deb))
        with root.start("runuser", "-u", "sparkgate", "--", "sparkgate", "--config", CONFIG) as gateway:
            wait_for(lambda: root.run("sparkgate", "--config", CONFIG, "--ready", check=False).stdout == "ready\n", "the gateway", 20,
                     lambda: gateway.poll() is None or pytest.fail(gateway.stdout.read()))
            assert time.monotonic() - began < INSTALL_S
        assert root.run("stat", "-c", "%a %U", STATE).stdout == "700 sparkgate\n"  # without a systemd, too
        root.run("dpkg", "-i", put(root, next_release["deb"]))
        assert (root.path / CONFIGURATION).read_text().endswith(NEW_LINE)
        root.run("dpkg", "-P", "sparkgate")
        assert root.run("find", "/etc", "/usr", "/var/lib", "-path", "*sparkgate*").stdout == ""

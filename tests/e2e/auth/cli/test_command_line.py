"""`sparkgate token` and `session` as a person at a terminal and as a script, beside a running gateway and without one."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
import time

import pytest
import requests

from conftest import Client
from gateway import Gateway, binary
from redis_server import RedisServer
from signon import shared_store
from spark_cluster import free_port, wait_for
from upstream import Upstream

UI = "/other/ui/echo/"
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def gate(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    with Upstream() as upstream, RedisServer() as redis:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        store = shared_store(redis, folder) if request.param == "redis" else {}
        with Gateway([entry], "/gate", store, folder=folder) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready", "admin")["access_token"])
            yield gateway


class Screen:
    """What a command writes to a terminal of so many columns, and its exit code."""

    def __init__(self, gate, *words, columns=100):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        command = [str(binary()), *words[:2], "--config", str(gate.config), *words[2:]]
        with subprocess.Popen(command, stdout=slave, stderr=subprocess.PIPE) as process:
            os.close(slave)
            self.text = self.read(master).replace("\r\n", "\n")
            self.err = process.stderr.read().decode()
            self.code = process.wait(30)
        os.close(master)
        self.lines = self.text.splitlines()

    @staticmethod
    def read(master):
        said = b""
        while True:
            try:
                said += os.read(master, 65536)
            except OSError:  # EIO: the other side has closed
                return said.decode()

    def field(self, label):
        return next(line[len(label):].strip() for line in self.lines if line.startswith(label + "  "))


def answers(gate, made, status, within=1.0):
    """Whether the gateway's answer to a token becomes this, in time."""
    client, began = Client(gate, made["access_token"]), time.monotonic()
    wait_for(lambda: client.get(UI).status_code == status, f"{status}", 5)
    assert time.monotonic() - began < within + 0.2  # and what asking takes


def test_list_is_a_table_on_a_terminal_and_json_elsewhere(gate):
    made = gate.create_token("nightly-report", "user", "--user", "ann", "--scope", "view cluster:other")
    screen = Screen(gate, "token", "list", "--user", "ann", columns=160)
    assert screen.lines[0].split("  ")[0] == "ID" and "LAST USED" in screen.lines[0]
    row = next(line for line in screen.lines if line.startswith(made["id"]))
    assert re.split(r" {2,}", row) == [made["id"], "active", "user", "ann", "nightly-report", "view cluster:other",
                                      re.search(r"\d+s ago", row).group(), re.search(r"in [67]d", row).group(), "-"]
    assert json.loads(Screen(gate, "token", "list", "--json", "--user", "ann").text)[0]["id"] == made["id"]
    assert json.loads(gate.command("token", "list", "--user", "ann").stdout)[0]["id"] == made["id"]


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_table_fits_the_terminal(gate, columns):
    gate.create_token("a client with a name that goes on and on", "user", "--user", "somebody@a-long-name.example",
                      "--scope", "view logs environment metrics cluster:other")
    for kind in ("token", "session"):
        lines = Screen(gate, kind, "list", columns=columns).lines
        assert max(len(line) for line in lines) <= columns, lines


def test_script_records_the_same_table(gate, tmp_path):
    """A terminal that does not know its size, as recorders make them."""
    gate.create_token("recorded")
    command = shlex.join([str(binary()), "token", "list", "--config", str(gate.config)])
    done = subprocess.run(["script", "-qec", command, str(tmp_path / "typescript")], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0 and done.stdout.splitlines()[0].startswith("ID ")
    assert "recorded" in done.stdout


def test_s34_create_on_a_terminal_shows_the_secrets_apart_and_once(gate):
    screen = Screen(gate, "token", "create", "--client-name", "by hand")
    made = {"id": screen.field("id"), "access_token": screen.lines[screen.lines.index("access token, shown this once:") + 2]}
    refresh = screen.lines[screen.lines.index("refresh token, shown this once:") + 2]
    assert refresh.startswith("sgrt_")
    answers(gate, made, 200)
    for words in (("list",), ("list", "--json"), ("show", made["id"])):
        assert made["access_token"].split(".")[2] not in Screen(gate, "token", *words).text
    assert Screen(gate, "token", "show", made["id"]).field("client name") == "by hand"


def test_s40_no_name_or_note_reaches_the_terminal_as_a_command(gate):
    admin = gate.create_token("api", "admin")["access_token"]
    hostile = "x\u009b2J\u202egnp.exe\u2066\u0085y"
    answer = requests.post(f"{gate.admin_url}/api/v1/tokens", headers={"Authorization": f"Bearer {admin}"}, timeout=10,
                           json={"client_name": hostile, "note": hostile})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    screens = [Screen(gate, "token", *words) for words in (
        ("list",), ("list", "--json"), ("show", made["id"]), ("show", made["id"], "--json"), ("disable", made["id"]),
        ("revoke", "\x1b[2J", made["id"]))]
    for screen in screens:
        assert screen.lines and not CONTROLS.search(screen.text), screen.text
        assert not CONTROLS.search(screen.err), screen.err
    audited = [json.loads(line) for screen in screens for line in screen.err.splitlines() if line.startswith("{")]
    assert [(line["decision"], line["subject"]) for line in audited] == [("disable", f"client:{hostile}"), ("revoke", f"client:{hostile}")]


def test_s37_running_gateway_sees_disable_enable_and_revoke_within_a_second(gate):
    made = gate.create_token("switched")
    answers(gate, made, 200)
    gate.command("token", "disable", made["id"])
    answers(gate, made, 401)
    gate.command("token", "enable", made["id"])
    answers(gate, made, 200)
    gate.command("token", "revoke", made["id"])
    answers(gate, made, 401)
    refused = gate.command("token", "enable", made["id"], check=False)
    assert refused.returncode == 1 and "stays revoked" in refused.stderr
    answers(gate, made, 401)


def test_beginning_of_an_id_from_the_table_will_do(gate):
    made = gate.create_token("picked", "user", "--user", "picker")
    cell = Screen(gate, "token", "list", "--user", "picker", columns=80).lines[1].split()[0]
    assert cell.endswith("…") and made["id"].startswith(cell[:-1])
    assert Screen(gate, "token", "revoke", cell).lines == [f"revoked  {made['id']}"]
    answers(gate, made, 401)


def test_registration_token_is_turned_into_a_pair_by_its_receiver(gate):
    made = json.loads(gate.command("token", "create", "--client-name", "laptop", "--user", "ann", "--registration").stdout)
    assert "access_token" not in made
    assert Screen(gate, "token", "show", made["id"]).field("state") == "pending"
    form = {"grant_type": "registration_token", "registration_token": made["registration_token"]}
    pair = requests.post(f"{gate.url}/_gate/oauth/token", data=form, timeout=10).json()
    answers(gate, pair, 200)
    assert Screen(gate, "token", "show", made["id"]).field("state") == "active"
    assert requests.post(f"{gate.url}/_gate/oauth/token", data=form, timeout=10).status_code == 400


def test_s35_last_administrators_token_goes_by_force_only(gate):
    living = [token["id"] for token in json.loads(gate.command("token", "list", "--active").stdout)
              if token["role"] == "admin"]
    gate.command("token", "disable", *living[1:])
    for verb in ("revoke", "disable"):
        screen = Screen(gate, "token", verb, living[0])
        assert screen.code == 1 and "--force" in screen.err and screen.field("refused") == living[0]
    gate.command("token", "disable", "--force", living[0])
    gate.command("token", "enable", *living)


def test_command_line_works_while_the_gateway_is_down(gate):
    made = gate.create_token("away")
    gate.daemon.stop()
    try:
        assert made["id"] in gate.command("token", "list").stdout
        gate.command("token", "revoke", made["id"])
        later = gate.create_token("later")
    finally:
        gate.start()
    gate.await_mounts([UI], later["access_token"])
    answers(gate, made, 401)


def test_sessions_are_a_table_too(gate):
    made = gate.create_token("browser", "user", "--user", "bob")
    client = Client(gate)
    client.post("/_gate/login", data={"token": made["access_token"]}, headers={"Origin": gate.origin})
    assert client.get(UI).status_code == 200
    screen = Screen(gate, "session", "list", "--user", "bob")
    assert re.split(r" {2,}", screen.lines[0])[:2] == ["ID", "USER"] and " bob " in screen.lines[1]
    session = json.loads(gate.command("session", "list", "--user", "bob").stdout)[0]
    assert screen.lines[1].split()[0] == session["id"]
    assert Screen(gate, "session", "end", "--id", session["id"]).lines == ["ended  1"]
    assert Screen(gate, "session", "list", "--user", "bob").lines == ["no sessions"]
    wait_for(lambda: client.get(UI).status_code == 401, "the session to end", 5)


# --- a gateway without a configuration ---


def run(*words, **env):
    return subprocess.run([str(binary()), *words], capture_output=True, text=True, timeout=30, env={**os.environ, **env})


def test_commands_find_the_default_folder_by_themselves(tmp_path):
    folder = tmp_path / "sparkgate"
    home = {"XDG_STATE_HOME": str(tmp_path)}
    nowhere = run("token", "list", **home)
    assert nowhere.returncode == 1 and f"there is no store at {folder}/state.db: give --config FILE or --data DIR" in nowhere.stderr
    assert run("token", "create", "--client-name", "x", **home).returncode == 1 and not folder.exists()
    made = run("token", "create", "--client-name", "x", "--data", str(folder))
    assert made.returncode == 0, made.stderr
    assert [row["client_name"] for row in json.loads(run("token", "list", **home).stdout)] == ["x"]
    assert run("token", "create", "--client-name", "y", **home).returncode == 0
    assert json.loads(run("session", "list", **home).stdout) == []
    assert "/_gate/login?link=" in run("link", **home).stdout
    both = run("token", "list", "--config", "x", "--data", "y")
    assert both.returncode == 2 and "not both" in both.stderr


def test_flags_say_what_browsers_see_and_which_networks_are_trusted(tmp_path):
    flags = ["--master", "http://127.0.0.1:8080", "--data", str(tmp_path), "--public-url", "https://spark.example.net/ui/",
             "--network", "203.0.113.0/24,2001:db8::/32"]
    shown = run(*flags, "--print-config")
    assert shown.returncode == 0, shown.stderr
    assert "https://spark.example.net/ui/" in shown.stdout and "203.0.113.0/24" in shown.stdout and "2001:db8::/32" in shown.stdout
    wrong = run(*flags[:-1], "203.0.113.0/99", "--check")
    assert wrong.returncode == 1 and "--network" in wrong.stderr


def owner_of(path):
    return path.stat().st_uid, path.stat().st_gid


def test_s203_what_root_makes_in_somebodys_folder_belongs_to_them(tmp_path):
    os.chown(tmp_path, 12345, 12346)
    made = run("token", "create", "--client-name", "x", "--data", str(tmp_path / "deep" / "sparkgate"))
    assert made.returncode == 0, made.stderr
    found = [tmp_path / "deep", *(tmp_path / "deep").rglob("*")]
    assert len(found) >= 3 and {owner_of(path) for path in found} == {(12345, 12346)}, found


def test_s203_root_gives_away_no_file_that_a_link_leads_to(tmp_path):
    own, theirs = tmp_path / "roots", tmp_path / "folder"
    own.write_bytes(b"")
    theirs.mkdir()
    os.chown(theirs, 12345, 12346)
    (theirs / "state.db").symlink_to(own)
    run("token", "create", "--client-name", "x", "--data", str(theirs))
    assert owner_of(own)[0] == 0
    (theirs / "state.db").unlink()
    os.link(own, theirs / "state.db")
    run("token", "create", "--client-name", "x", "--data", str(theirs))
    assert owner_of(own)[0] == 0


# --- a first start on a terminal ---


def first_words(*flags, **environment):
    """What a first start says on a terminal, up to the link."""
    command = [str(binary()), "--master", "http://127.0.0.1:1", "--listen", f"127.0.0.1:{free_port()}", *flags]
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**os.environ, **environment}) as process:
        os.close(slave)
        said = b""
        while b"link=" not in said.rpartition(b"Sign in")[2] or not said.endswith(b"\n"):
            said += os.read(master, 65536)
        process.terminate()
        process.wait(20)
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def test_a_first_start_on_a_terminal_is_text_with_the_link_last(tmp_path):
    text = first_words("--data", str(tmp_path))
    assert f"Data:                 {tmp_path}\n" in text and f"sparkgate token create --data {tmp_path} --client-name NAME" in text
    assert re.search(r"^\d\d:\d\d:\d\d info  start: sparkgate ", text, re.M) and "{" not in text
    assert text.index("Another sign-in link") < text.index("Sign in as administrator")


def test_commands_of_a_first_start_in_the_default_folder_need_no_data(tmp_path):
    text = first_words(XDG_STATE_HOME=str(tmp_path))
    assert f"Data:                 {tmp_path}/sparkgate\n" in text and "Another sign-in link: sparkgate link\n" in text
    assert "A token for that page: sparkgate token create --client-name NAME --token-type admin\n" in text


def test_lines_for_eyes_leave_out_static_files_and_what_would_move_the_cursor(tmp_path):
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], "/gate", {"log": {"format": "text"}}, folder=tmp_path) as gateway:
            token = gateway.create_token("ready", "admin")["access_token"]
            gateway.await_mounts([UI], token)
            client = Client(gateway, token)
            for path in ("/_gate/static/gateway.css", "/_gate/static/none.css", f"{UI}static/orders", f"{UI}page", f"{UI}a%1b[2Jb"):
                client.get(path)
            wait_for(lambda: "2Jb" in gateway.log_text(), "the last line", 10)
            text = gateway.log_text()
    assert re.search(r"^\d\d:\d\d:\d\d info  access: GET /gate/other/ui/echo/page -> 200 in [\d.]+ ms for client:ready$", text, re.M), text
    assert "/static/none.css -> 404" in text and "/echo/static/orders -> 200" in text  # what fails, and what another UI calls so
    assert "gateway.css" not in text and "\x1b" not in text and '{"ts"' not in text


def test_a_request_for_another_host_name_is_told_the_right_address(tmp_path):
    with Gateway([{"name": "other", "uis": [{"name": "x", "url": "http://127.0.0.1:1"}]}], "/gate", folder=tmp_path) as gateway:
        headers = {"Host": "elsewhere.example"}
        answer = requests.get(f"{gateway.url}/", headers=headers, timeout=10)
        page = requests.get(f"{gateway.url}/", headers={**headers, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}, timeout=10)
    assert answer.status_code == page.status_code == 400 and f"{gateway.url}/" in answer.json()["detail"]
    assert f'<a class="button" href="{gateway.url}/">' in page.text and "/_gate/login" not in page.text
    assert '<svg class="mark" width="28" height="28"' in page.text  # there is no style sheet below another name

"""sparkgate-client: installed from the gateway, signed in by its own command, and what it does when something goes wrong."""

import base64
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import threading
import zipfile

import pytest
import requests

from client_install import WHEEL, VERSION, install, token_file
from conftest import ROOT
from gateway import Gateway
from played_launches import Played
from spark_cluster import wait_for
from token_client import UI, Api, opens
from upstream import Upstream
from visitors import AdminVisitor

sys.path.insert(0, str(ROOT / "clients" / "python"))

import sparkgate_client  # noqa: E402
from sparkgate_client import Gate, GateError  # noqa: E402
from sparkgate_client.command import main  # noqa: E402
from sparkgate_client.tokens import TokenFile  # noqa: E402


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with Upstream() as upstream:
        entry = {"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}
        with Gateway([entry], "/gate", {"tokens": {"per_user": 50}}, folder=tmp_path_factory.mktemp("gate")) as gateway:
            gateway.await_mounts([UI], gateway.create_token("ready")["access_token"])
            yield gateway


@pytest.fixture(scope="module")
def installed(gate, tmp_path_factory):
    return install(gate, tmp_path_factory.mktemp("venv"))


def spoil(file):
    """The access token is refused from now on."""
    tokens = json.loads(file.read_text())
    head, payload, signature = tokens["access_token"].split(".")
    tokens["access_token"] = ".".join([head, payload, signature[::-1]])
    file.write_text(json.dumps(tokens))
    return tokens


# --- what the gateway serves

def test_wheel_is_the_same_bytes_at_every_build_and_pip_finds_its_digest(gate, tmp_path):
    subprocess.run([sys.executable, ROOT / "clients" / "python" / "wheel.py", tmp_path / "again.whl"], check=True, timeout=60)
    index = requests.get(f"{gate.url}/_gate/client/", timeout=10)
    name, digest = re.search(r'<a href="([^"#]+)#sha256=([0-9a-f]{64})"', index.text).groups()
    served = requests.get(f"{gate.url}/_gate/client/{name}", timeout=10).content
    assert name == WHEEL and served == (tmp_path / "again.whl").read_bytes() and hashlib.sha256(served).hexdigest() == digest
    names = zipfile.ZipFile(io.BytesIO(served)).namelist()
    assert "sparkgate_client/py.typed" in names and not [name for name in names if "__pycache__" in name]
    for path in ("x.whl", f"{WHEEL}x", f"x{WHEEL}", ""):
        status = requests.get(f"{gate.url}/_gate/client/{path}", timeout=10).status_code
        assert status == (200 if path == "" else 404), path


def test_installed_command_is_the_gateways_version(installed):
    said = subprocess.run([installed / "sparkgate-client", "--version"], capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == f"sparkgate-client {VERSION}"
    listed = subprocess.run([installed / "pip", "list", "--format=json", "--disable-pip-version-check"], capture_output=True, text=True, timeout=60)
    names = {entry["name"] for entry in json.loads(listed.stdout)}
    assert names <= {"sparkgate-client", "sparkgate_client", "requests", "urllib3", "idna", "certifi", "charset-normalizer", "pip", "setuptools", "wheel"}


# --- signing in

def test_login_in_a_terminal_writes_tokens_that_nobody_else_reads(gate, installed, tmp_path):
    file, ann = tmp_path / "deep" / "token.json", AdminVisitor(gate, "ann")
    command = [installed / "sparkgate-client", "login", "--url", gate.url, "--token-file", file, "--scope", "view cluster:other"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    link = re.search(r"http\S+user_code=([A-Z-]+)", program.stderr.readline()).group(1)
    ann.allow(link)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    tokens = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and tokens["url"] == gate.url and tokens["scope"] == "view cluster:other"
    for secret in (tokens["access_token"], tokens["refresh_token"]):
        assert secret not in out + err
    me = subprocess.run([installed / "sparkgate-client", "whoami", "--token-file", file], capture_output=True, text=True, timeout=60)
    assert json.loads(me.stdout)["subject"] == "ann", me.stderr


def test_denied_login_says_so_and_leaves_no_file(gate, tmp_path):
    bob, told = AdminVisitor(gate, "bob"), []
    with pytest.raises(GateError, match="denied"):
        sparkgate_client.login(gate.url, tmp_path / "token.json", on_code=lambda said: (told.append(said), bob.deny(said["user_code"])))
    assert told and not (tmp_path / "token.json").exists()


def test_second_login_revokes_the_tokens_of_the_first(gate, tmp_path):
    file, carol = tmp_path / "token.json", AdminVisitor(gate, "carol")
    for _ in range(2):
        before = json.loads(file.read_text()) if file.exists() else None
        sparkgate_client.login(gate.url, file, on_code=lambda said: carol.allow(said["user_code"]))
    wait_for(lambda: not opens(gate, before["access_token"]), "the first tokens to end", 10)
    assert Gate(token_file=file).get(UI).ok
    after = json.loads(file.read_text())
    sparkgate_client.logout(file)
    assert not file.exists()
    wait_for(lambda: not opens(gate, after["access_token"]), "the tokens to end", 10)


def test_registration_token_is_read_from_standard_input(gate, installed, tmp_path):
    admin = token_file(gate, tmp_path, user="root", role="admin")
    made = Gate(gate.url, admin).create_register_token(client_name="nightly", access_ttl="1h", refresh_ttl="5d", token_type="user", user="dora")
    assert "access_token" not in made and made["registration_token"]
    file = tmp_path / "nightly.json"
    command = [installed / "sparkgate-client", "register", "--url", gate.url, "--token-file", file]
    done = subprocess.run(command, input=made["registration_token"] + "\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert Gate(token_file=file).whoami()["subject"] == "dora"


def test_address_of_something_else_is_an_error_in_a_sentence(gate, tmp_path):
    for url in (f"{gate.url}/nowhere", gate.admin_url, "http://127.0.0.1:9"):
        with pytest.raises(GateError):
            sparkgate_client.login(url, tmp_path / "token.json")
    with pytest.raises(GateError):
        Gate(gate.admin_url, token_file(gate, tmp_path)).session.metadata()


# --- the token file

def test_token_is_renewed_once_and_the_file_stays_private(gate, tmp_path):
    file = token_file(gate, tmp_path)
    before = spoil(file)
    session = Gate(gate.url, file)
    assert session.get(UI).ok
    after = json.loads(file.read_text())
    assert after["refresh_token"] != before["refresh_token"] and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert session.get(UI).ok and json.loads(file.read_text()) == after, "a good token is not renewed"


def test_s36_programs_and_threads_that_share_a_file_renew_once(gate, installed, tmp_path):
    file = token_file(gate, tmp_path)
    spoil(file)
    code = f"from sparkgate_client import Gate; print(Gate({gate.url!r}, {str(file)!r}).get({UI!r}).status_code)"
    together = [subprocess.Popen([installed / "python", "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    shared, statuses = Gate(gate.url, file), []
    threads = [threading.Thread(target=lambda: statuses.append(shared.get(UI).status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [program.communicate(timeout=120)[0].strip() for program in together] == ["200"] * 4 and statuses == [200] * 4
    used = [line for line in gate.log_text().splitlines() if '"audit"' in line and json.loads(file.read_text())["id"] in line]
    assert sum('"decision":"refresh"' in line for line in used) == 1 and not any('"reuse"' in line for line in used)


def test_file_that_others_may_read_is_refused(gate, tmp_path):
    file = token_file(gate, tmp_path)
    file.chmod(0o640)
    with pytest.raises(GateError, match="others may read it"):
        Gate(gate.url, file)
    with pytest.raises(GateError, match="no such file"):
        Gate(gate.url, tmp_path / "none.json")


def test_token_goes_to_the_gateway_and_nowhere_else(gate, tmp_path):
    file = token_file(gate, tmp_path)
    with Played() as elsewhere:
        Gate(gate.url, file).get(f"{elsewhere.url}/api/v1/applications")
        Gate(elsewhere.url, file).get(f"{elsewhere.url}-of-somebody-else/")
        assert len(elsewhere.seen) == 2 and not any("Authorization" in headers for *_, headers, _ in elsewhere.seen)
        file.write_text(json.dumps({**json.loads(file.read_text()), "url": gate.url}))
        with pytest.raises(GateError, match="of another gateway"):
            Gate(elsewhere.url, file)


def test_revoked_token_is_told_in_a_sentence(gate, tmp_path):
    file = token_file(gate, tmp_path)
    session = Gate(gate.url, file)
    gate.command("token", "revoke", json.loads(file.read_text())["id"])
    wait_for(lambda: not opens(gate, json.loads(file.read_text())["access_token"]), "the token to end", 10)
    with pytest.raises(GateError, match="sign in again") as caught:
        session.get(UI)
    assert caught.value.status == 401


# --- tokens for programs

def test_command_makes_lists_and_revokes_tokens_without_showing_one(gate, tmp_path, capsys):
    file, made = token_file(gate, tmp_path, user="fay"), tmp_path / "made.json"
    words = ["--token-file", str(file), "--url", gate.url]
    assert main(["tokens", "create", *words, "--client-name", "report", "--scope", "view", "--output", str(made)]) == 0
    tokens = json.loads(made.read_text())
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and Gate(token_file=made).get(UI).ok
    assert main(["tokens", "list", *words]) == 0
    said = capsys.readouterr()
    assert {entry["client_name"] for entry in json.loads(said.out)} == {"report", "client"}
    for secret in (tokens["access_token"], tokens["refresh_token"]):
        assert secret not in said.out + said.err
    assert main(["tokens", "revoke", *words, tokens["id"]]) == 0
    wait_for(lambda: not opens(gate, tokens["access_token"]), "the token to end", 10)


def test_what_is_refused_is_the_gateways_sentence_and_exit_code_1(gate, tmp_path, capsys):
    file = token_file(gate, tmp_path, user="gus")
    words = ["--token-file", str(file), "--url", gate.url, "--output", str(tmp_path / "x.json")]
    assert main(["tokens", "create", *words, "--client-name", "x", "--access-ttl", "9999d"]) == 1
    assert "access_ttl" in capsys.readouterr().err and not (tmp_path / "x.json").exists()
    assert main(["tokens", "create", *words, "--client-name", "x", "--token-type", "admin"]) == 1
    assert "more rights" in capsys.readouterr().err


def test_a_token_that_cannot_be_kept_is_not_asked_for(gate, tmp_path, capsys):
    file = token_file(gate, tmp_path, user="ivy")
    words = ["--token-file", str(file), "--url", gate.url]
    there = tmp_path / "there.json"
    there.write_text("mine")
    for output in (there, tmp_path / "no" / "folder.json"):
        assert main(["tokens", "create", *words, "--client-name", "lost", "--output", str(output)]) == 1
        assert str(output) in capsys.readouterr().err
    assert there.read_text() == "mine"
    assert main(["tokens", "list", *words]) == 0
    assert [entry["client_name"] for entry in json.loads(capsys.readouterr().out)] == ["client"]


# --- launches, by a gateway that is played

@pytest.fixture
def played(tmp_path):
    file = tmp_path / "played.json"
    file.touch(0o600)
    file.write_text('{"access_token": "good"}')
    with Played() as running:
        running.file = file
        running.gate = Gate(running.url, file)
        yield running


@pytest.fixture
def etl(tmp_path):
    file = tmp_path / "etl.py"
    file.write_text("print('hello')\n")
    return file


def test_launch_uploads_starts_and_tells_how_it_ended(played, etl):
    app = played.gate.launch(etl, "--day", "2026-11-28", cluster="prod", profile="small", environment={"A": 1}, conf={"spark.sql.x": True})
    assert list(app.logs(follow=True)) == ["one", "two", "three"]
    assert (app.wait().state, app.exit_code, app.ui) == ("finished", 0, f"{played.url}/prod/apps/app-1")
    assert app.app_id == "app-1" and app.links["self"] == f"{played.url}/api/v1/applications/app0"
    body = json.loads(next(content for method, path, *_, content in played.seen if (method, path) == ("POST", "applications")))
    name = f"etl-{hashlib.sha256(etl.read_bytes()).hexdigest()[:16]}.py"
    assert body == {"cluster": "prod", "profile": "small", "name": "etl.py", "arguments": ["--day", "2026-11-28"], "artifact": name,
                    "environment": {"A": "1"}, "conf": {"spark.sql.x": "True"}}
    assert played.artifacts == {name: etl.read_bytes()}


def test_small_file_travels_with_the_request_where_there_is_no_storage(played, etl):
    played.profiles = [{"cluster": "k", "name": "small", "artifacts": False, "files": True}]
    played.gate.launch(etl, "--day", cluster="k", profile="small")
    body = json.loads(next(content for method, path, *_, content in played.seen if (method, path) == ("POST", "applications")))
    assert body["file"] == {"name": "etl.py", "content": base64.b64encode(etl.read_bytes()).decode()} and "artifact" not in body
    assert played.artifacts == {}
    etl.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(GateError, match="1 byte to 1 MiB"):
        played.gate.launch(etl, cluster="k", profile="small")


def test_same_file_is_uploaded_once_and_a_changed_one_again(played, etl):
    for _ in range(2):
        played.gate.launch(etl, cluster="prod", profile="small")
    etl.write_text("print('changed')\n")
    played.gate.launch(etl, cluster="prod", profile="small")
    assert sum(method == "PUT" for method, *_ in played.seen) == 2 and len(played.artifacts) == 2


@pytest.mark.parametrize("faults", [["lost"], ["503"], ["503", "lost", "lost"]])
def test_launch_whose_answer_is_lost_starts_one_application(played, etl, faults, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    played.faults = faults
    played.gate.launch(etl, cluster="prod", profile="small")
    assert len(played.apps) == 1 and len({headers["Idempotency-Key"] for *_, headers, _ in played.seen if "Idempotency-Key" in headers}) == 1
    played.gate.launch(etl, cluster="prod", profile="small")
    assert len(played.apps) == 2, "another launch is another application"


def test_refused_launch_says_which_profile_would_do_and_is_not_repeated(played, etl):
    with pytest.raises(GateError, match="Your profiles are small and nightly") as caught:
        played.gate.launch(etl, cluster="prod", profile="huge")
    assert caught.value.status == 403 and caught.value.request_id == "0123456789abcdef"
    assert sum((method, path) == ("POST", "applications") for method, path, *_ in played.seen) == 1


def test_log_that_breaks_off_is_taken_up_behind_its_last_line(played, etl):
    played.log = [f"line {i} \u00fcml\u00e4ut \x0c form feed" for i in range(40)]
    played.breaks, played.state = 500, "running"
    app = played.gate.launch(etl, cluster="prod", profile="small")
    lines = app.logs(follow=True)
    got = [next(lines) for _ in range(12)]
    played.state = "finished"
    assert got + list(lines) == played.log


def test_uri_is_a_resource_and_nothing_is_uploaded(played):
    played.gate.launch("s3a://apps/etl.jar", cluster="prod", profile="small", main_class="a.Main")
    assert json.loads(played.seen[-1][-1])["resource"] == "s3a://apps/etl.jar" and not played.artifacts
    with pytest.raises(GateError, match="one of"):
        played.gate.launch("etl.py", cluster="prod", profile="small", resource="s3a://apps/etl.jar")


def run(played, capsys, *words):
    verb, *rest = words
    code = main([verb, "--url", played.url, "--token-file", str(played.file), *rest])
    return code, capsys.readouterr()


def test_command_launches_follows_and_has_the_applications_exit_code(played, etl, capsys):
    launch = ["launch", "--cluster", "prod", "--profile", "small", str(etl), "--day", "2026-11-28"]
    code, said = run(played, capsys, *launch)
    assert code == 0 and said.out == "one\ntwo\nthree\n" and "app0 finished" in said.err
    assert json.loads(next(seen[-1] for seen in played.seen if seen[0] == "POST"))["arguments"] == ["--day", "2026-11-28"]
    played.state, played.exit_code = "failed", 42
    assert run(played, capsys, *launch)[0] == 42
    played.state, played.exit_code = "killed", None
    assert run(played, capsys, *launch)[0] == 1
    code, said = run(played, capsys, "launch", "--detach", *launch[1:])
    assert code == 0 and json.loads(said.out)["id"] == "app3"


def test_command_lists_shows_and_kills(played, etl, capsys):
    played.gate.launch(etl, cluster="prod", profile="small")
    played.state = "running"
    assert json.loads(run(played, capsys, "list")[1].out)[0]["state"] == "running"
    assert json.loads(run(played, capsys, "events", "app0")[1].out)[0]["text"] == "running"
    assert run(played, capsys, "logs", "app0")[1].out == "one\ntwo\nthree\n"
    assert json.loads(run(played, capsys, "kill", "app0")[1].out)["state"] == "killed"
    assert run(played, capsys, "wait", "app0")[0] == 1
    code, said = run(played, capsys, "show", "none")
    assert code == 1 and "no such application" in said.err
    assert run(played, capsys, "launch", "--cluster", "prod", "--profile", "small", "none.py")[0] == 1


def test_what_goes_wrong_on_this_side_is_a_sentence_too(played, etl, tmp_path, capsys):
    launch = ["launch", "--cluster", "prod", "--profile", "small"]
    for words, expected, why in ((launch, 2, "give a file"), ([*launch, "--conf", "x", str(etl)], 2, "expected NAME=VALUE"),
                                 (["artifacts", "put", f"{tmp_path}/none.py"], 1, "none.py: No such file"),
                                 (["artifacts", "put", str(tmp_path)], 1, f"{tmp_path}: Is a directory")):
        verb = words[:2] if words[0] == "artifacts" else words[:1]
        code = main([*verb, "--url", played.url, "--token-file", str(played.file), *words[len(verb):]])
        said = capsys.readouterr().err
        assert code == expected and why in said and said.startswith("sparkgate-client: ") and said.count("\n") == 1, said
    played.breaks, played.log = 5, ["a line of some length"] * 9
    played.gate.launch(etl, cluster="prod", profile="small")
    code, said = run(played, capsys, "logs", "app0")
    assert code == 1 and "broke off" in said.err


def test_table_on_a_terminal_holds_no_word_that_steers_it(capsys):
    from sparkgate_client.tables import print_table
    print_table([{"name": "a\x1b[31mb\u202e", "state": "running"}, {"name": "\u8868", "state": "x"}], ("name", "state"))
    lines = capsys.readouterr().out.splitlines()
    assert "\x1b" not in lines[1] and "\u202e" not in lines[1] and lines[0].split() == ["NAME", "STATE"]


def test_large_upload_is_sent_in_pieces_with_its_progress(played, tmp_path):
    file, told = tmp_path / "large.bin", []
    file.write_bytes(os.urandom(3 * 1024 * 1024 + 5))
    played.gate.artifacts.put(file, progress=lambda done, size: told.append((done, size)))
    assert played.artifacts["large.bin"] == file.read_bytes() and told[-1] == (file.stat().st_size,) * 2 and len(told) > 3
    empty = tmp_path / "empty"
    empty.touch()
    played.gate.artifacts.put(empty)
    assert played.artifacts["empty"] == b""

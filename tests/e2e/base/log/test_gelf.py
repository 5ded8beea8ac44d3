"""Log lines at Graylog: field by field as GELF 1.1 has it, the same as on standard error, and nobody waits for them."""

import datetime
import json
import socket
import time

import pytest
import requests

from conftest import Client
from gateway import Gateway
from graylog import HOST, Graylog, complaint
from signon import metric
from spark_cluster import wait_for

UI = "/other/ui/echo/"
LEVELS = {"debug": 7, "info": 6, "warn": 4, "error": 3}
SENT, DROPPED = ('sparkgate_gelf_messages_total{result="%s"}' % result for result in ("sent", "dropped"))


def gate_for(upstream, folder, gelf, settings=None):
    return Gateway([{"name": "other", "uis": [{"name": "echo", "url": upstream.url}]}], "/gate",
                   {"log": {"gelf": gelf}, **(settings or {})}, folder=folder)


def count(gate, name):
    text = requests.get(f"{gate.admin_url}/metrics", timeout=5).text
    return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def lines_of(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def as_message(line):
    """What a line on standard error is as GELF, but for who says it."""
    stamp = datetime.datetime.strptime(line.pop("ts"), "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    message = {"version": "1.1", "timestamp": stamp, "level": LEVELS[line.pop("level")],
               "short_message": line.pop("msg", line["event"]), "_application_name": "sparkgate", "_container": "gateway"}
    return {**message, **{f"_{name}": value for name, value in line.items()}}


@pytest.fixture(scope="module")
def graylog():
    with Graylog() as listening:
        yield listening
    assert listening.complaints == []


@pytest.fixture(scope="module")
def gate(graylog, upstream, tmp_path_factory):
    with gate_for(upstream, tmp_path_factory.mktemp("gate"), graylog.url, {"tokens": {"per_user": 100}}) as gateway:
        gateway.admin = gateway.create_token("root", "admin")
        gateway.await_mounts([UI], gateway.admin["access_token"])
        yield gateway


def test_receiver_knows_what_gelf_does_not_allow():
    good = {"version": "1.1", "host": "h", "short_message": "m", "timestamp": time.time() // 1, "level": 6, "_a": 1}
    assert complaint(good) is None
    for wrong in ({"version": "1.0"}, {"host": ""}, {"short_message": None}, {"timestamp": "1"}, {"level": 8}, {"_id": "1"},
                  {"_a b": 1}, {"_a": True}, {"_a": None}, {"facility": "x"}, {"timestamp": 12.5}):
        assert complaint({**good, **wrong}), wrong


def test_every_line_arrives_and_says_what_standard_error_says(gate, graylog):
    client = Client(gate, gate.admin["access_token"])
    for path in (UI, "/nowhere/", "/other/ui/echo/%22%5C%C3%A4?token=hidden"):
        client.get(path)
    Client(gate, "x.y.z").get(UI)
    wait_for(lambda: len(graylog.find(event="access", reason="invalid_token")) > 0, "the last request's line", 5)
    said = [as_message(line) for line in lines_of(gate.log_text())]
    heard = [{name: value for name, value in message.items() if name != "host"} for message in graylog.messages]
    assert len(said) > 5
    missing = [message for message in said if message not in heard]
    assert missing == []
    assert {message["host"] for message in graylog.messages} == {socket.gethostname()}


def test_large_line_arrives_in_chunks(gate, graylog):
    user = "\U0001d54f" * 255
    answer = requests.post(f"{gate.admin_url}/api/v1/tokens", timeout=10, json={"client_name": "x", "user": user},
                           headers={"Authorization": f"Bearer {gate.admin['access_token']}"})
    pair = requests.post(f"{gate.url}/_gate/oauth/token", timeout=10, data={
        "grant_type": "registration_token", "registration_token": answer.json()["registration_token"]}).json()
    wait_for(lambda: graylog.find(event="audit", decision="register", subject=user), "the audit line", 5)
    message = graylog.find(event="audit", decision="register", subject=user)[0]
    assert message["_token_id"] == pair["id"] == answer.json()["id"]
    assert graylog.sizes[graylog.messages.index(message)] > 1


def test_s40_no_secret_is_ever_sent(gate, graylog):
    pair = gate.create_token("secret", "user")
    client = Client(gate, pair["access_token"])
    client.get(f"{UI}?access_token={pair['access_token']}")
    client.get(UI)
    signed = Client(gate)
    signed.post("/_gate/login", data={"token": pair["access_token"]}, headers={"Origin": gate.origin})
    requests.post(f"{gate.url}/_gate/oauth/token", timeout=10,
                  data={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]})
    assert signed.get(UI).status_code == 200
    wait_for(lambda: graylog.find(event="audit", decision="refresh", token_id=pair["id"]), "the refresh's line", 5)
    wait_for(lambda: graylog.find(event="access", auth="session"), "the session's line", 5)
    secrets = [pair["access_token"].split(".")[2], pair["refresh_token"], *(cookie.value for cookie in signed.cookies)]
    assert len(secrets) > 2 and not [secret for secret in secrets if secret.encode() in graylog.bytes]


def test_changes_by_the_command_line_are_audited_like_those_of_the_api(gate, graylog):
    made = gate.create_token("by-command", "user", "--user", "ann")
    changes = {"create": None}
    for verb in ("disable", "enable", "revoke", "revoke"):  # a second time nothing changes
        said = lines_of(gate.command("token", verb, made["id"]).stderr)
        changes[verb] = changes.get(verb) or said
    for verb in changes:
        lines = graylog.find(event="audit", token_id=made["id"], decision=verb)
        assert len(lines) == 1, (verb, lines)
        assert lines[0]["short_message"] == "tokens" and lines[0]["_subject"] == "ann"
        assert lines[0]["_user"] == made["created_by"] and made["created_by"].startswith("cli:")
        if changes[verb]:
            heard = {name: value for name, value in lines[0].items() if name != "host"}
            assert [as_message(line) for line in changes[verb]] == [heard]
    before = len(graylog.find(event="audit"))
    gate.command("token", "list")
    gate.command("token", "revoke", "0" * 32, check=False)
    assert len(graylog.find(event="audit")) == before


def test_sessions_that_the_command_line_ends_are_audited(gate, graylog):
    for name in ("bob", "eve"):
        token = gate.create_token("browser", "user", "--user", name)["access_token"]
        for _ in range(2):
            Client(gate).post("/_gate/login", data={"token": token}, headers={"Origin": gate.origin})
    session = json.loads(gate.command("session", "list", "--user", "bob").stdout)[0]["id"]
    gate.command("session", "end", "--id", session)
    gate.command("session", "end", "--user", "eve")
    gate.command("session", "end", "--user", "nobody")
    gate.command("session", "end", "--all")

    def lines_of():
        return [line for line in graylog.find(event="audit", decision="end") if line["short_message"] == "sessions"]
    wait_for(lambda: len(lines_of()) >= 3, "the audit lines", 5)
    lines = lines_of()
    told = [{name: line.get(f"_{name}") for name in ("session_id", "subject", "sessions")} for line in lines]
    assert told[:2] == [{"session_id": session, "subject": None, "sessions": 1},
                        {"session_id": None, "subject": "eve", "sessions": 2}]
    assert len(told) == 3 and told[2]["sessions"] >= 1 and told[2]["subject"] is None
    assert all(line["_user"].startswith("cli:") for line in lines)


def test_nobody_waits_for_a_graylog_that_is_not_there(upstream, tmp_path):
    with Graylog() as closed:
        port = closed.port
    with gate_for(upstream, tmp_path, f"udp://{HOST}:{port}") as gate:
        client = Client(gate, gate.create_token("x")["access_token"])
        gate.await_mounts([UI], client.headers["Authorization"].split()[1])
        began = time.monotonic()
        for _ in range(50):
            assert client.get(UI).status_code == 200
        assert time.monotonic() - began < 5
        assert count(gate, DROPPED) > 0 and metric(gate, "sparkgate_gelf_messages_total") >= 50
        # a name that nobody knows, then one that is there: both by a reload
        gate.conf["log"]["gelf"] = "udp://graylog.invalid"
        gate.reload()
        wait_for(lambda: "was read again" in gate.log_text(), "the reload", 5)
        before = count(gate, DROPPED)
        assert client.get(UI).status_code == 200
        wait_for(lambda: count(gate, DROPPED) > before, "a line to be dropped", 5)
        with Graylog() as there:
            gate.conf["log"]["gelf"] = there.url
            gate.reload()
            wait_for(lambda: there.find(event="reload"), "the reload's line", 5)
            before = count(gate, SENT)
            client.get(UI)
            wait_for(lambda: there.find(event="access", path=f"/gate{UI}"), "a request's line", 5)
            assert count(gate, SENT) > before and there.complaints == []

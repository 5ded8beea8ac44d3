"""sparkgate-client's artifacts: a real gateway in front of a real object storage."""

import json
import os
import sys

import pytest

from client_install import token_file
from conftest import ROOT
from gateway import Gateway
from s3_server import S3Server
from spark_cluster import HOST

sys.path.insert(0, str(ROOT / "clients" / "python"))

from sparkgate_client import Gate, GateError  # noqa: E402
from sparkgate_client.command import main  # noqa: E402


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """Nobody launches here: neither master nor REST server is there."""
    address = f"http://{HOST}:9"
    with S3Server() as s3:
        launch = {"rest": address, "artifacts": {**s3.conf(), "max": "8MiB"}, "profiles": [{"name": "small", "roles": ["everyone"]}]}
        entry = {"name": "prod", "masters": [address], "launch": launch}
        with Gateway([entry], "/gate", folder=tmp_path_factory.mktemp("gate")) as gateway:
            yield gateway


@pytest.fixture
def ann(gate, request, tmp_path):
    return Gate(gate.url, token_file(gate, tmp_path, user=f"ann-{request.node.name[:60]}"))


def test_file_is_put_listed_looked_at_and_deleted(ann, tmp_path):
    file, told = tmp_path / "data.bin", []
    file.write_bytes(os.urandom(3 * 1024 * 1024 + 7))
    made = ann.artifacts.put(file, progress=lambda done, size: told.append(done))
    assert (made["name"], made["size"]) == ("data.bin", file.stat().st_size) and told[-1] == file.stat().st_size and len(told) > 3
    assert [one["name"] for one in ann.artifacts.list()] == ["data.bin"]
    assert ann.artifacts.of("prod").about("data.bin")["uri"].startswith("s3a://")
    ann.artifacts.delete("data.bin")
    assert ann.artifacts.list() == []
    with pytest.raises(GateError) as caught:
        ann.artifacts.delete("data.bin")
    assert caught.value.status == 404


def test_same_content_is_put_once_whatever_the_files_name(ann, tmp_path):
    file = tmp_path / "a b \u00fc.py"
    file.write_text("print('hello')\n")
    names = {ann.artifacts.put_once(file) for _ in range(3)}
    assert len(names) == 1 and [one["name"] for one in ann.artifacts.list()] == list(names)
    file.write_text("print('changed')\n")
    assert ann.artifacts.put_once(file) not in names and len(ann.artifacts.list()) == 2


def test_file_that_is_too_large_is_refused_in_a_sentence(ann, tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(9 * 1024 * 1024))
    with pytest.raises(GateError) as caught:
        ann.artifacts.put(file)
    assert caught.value.status in (413, None), caught.value
    assert ann.artifacts.list() == []


def test_command_puts_lists_and_deletes(gate, tmp_path, capsys):
    file, etl = token_file(gate, tmp_path, user="bob"), tmp_path / "etl.py"
    etl.write_text("print('hello')\n")
    common = ["--url", gate.url, "--token-file", str(file)]
    assert main(["artifacts", "put", *common, "--name", "job.py", str(etl)]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "job.py"
    assert main(["artifacts", "list", *common, "--cluster", "prod"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["job.py"]
    assert main(["artifacts", "delete", *common, "job.py"]) == 0
    assert main(["artifacts", "delete", *common, "job.py"]) == 1
    assert main(["artifacts", "put", *common, "--cluster", "none", str(etl)]) == 1

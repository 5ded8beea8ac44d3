"""The image that `make image` writes, in a real Docker engine which leaves the host's network alone: small, without a shell, healthy."""

import json
import pathlib
import re
import subprocess
import tarfile

import pytest

from conftest import make
from docker_engine import DOCKER, QuietEngine
from gateway import LINK
from package import VERSION
from spark_cluster import free_port, wait_for

UNPACKED_MB = 30
PACKED_MB = 13
SHELLS = re.compile(r"(^|/)(sh|bash|dash|busybox|perl\S*|python\S*|apt\S*|dpkg)$")


@pytest.fixture(scope="module")
def image():
    return make("image")


@pytest.fixture(scope="module")
def files(image):
    """{path: tarfile.TarInfo} of its one layer."""
    with tarfile.open(image) as layout:
        manifest, = json.load(layout.extractfile("manifest.json"))
        layer, = manifest["Layers"]
        with tarfile.open(fileobj=layout.extractfile(layer), mode="r:gz") as archive:
            return {entry.name: entry for entry in archive}


def read(layout, digest):
    return layout.extractfile(f"blobs/{digest.replace(':', '/')}").read()


def test_it_is_an_oci_image_layout(image):
    with tarfile.open(image) as layout:
        assert json.load(layout.extractfile("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        entry, = json.load(layout.extractfile("index.json"))["manifests"]
        manifest = json.loads(read(layout, entry["digest"]))
        settings = json.loads(read(layout, manifest["config"]["digest"]))
        assert [len(read(layout, part["digest"])) for part in manifest["layers"]] == [part["size"] for part in manifest["layers"]]
        assert settings["config"]["User"] == "65532:65532"
        assert settings["config"]["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_it_is_small_and_has_no_shell_and_nothing_else_to_run(image, files):
    assert image.stat().st_size < PACKED_MB * 1e6
    assert sum(entry.size for entry in files.values()) < UNPACKED_MB * 1e6
    assert [name for name, entry in files.items() if SHELLS.search(name) and not entry.isdir()] == []
    programs = [name for name, entry in files.items() if entry.isfile() and entry.mode & 0o111]
    assert sorted(pathlib.PurePosixPath(name).name.split("-")[0].split(".")[0] for name in programs) == ["ld", "sparkgate"]


def test_nothing_in_it_is_anybodys_to_write_but_its_state(files):
    assert {name for name, entry in files.items() if entry.uid != 0} == {"var/lib/sparkgate"}
    assert files["var/lib/sparkgate"].mode == 0o700
    assert [name for name, entry in files.items() if not entry.issym() and entry.mode & 0o022 and name != "tmp"] == []
    assert [name for name, entry in files.items() if entry.mode & 0o6000] == []


def test_its_list_of_packages_has_each_library(image, files):
    document = json.loads(image.with_suffix(".spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    packages = {package["name"]: package["versionInfo"] for package in document["packages"]}
    assert {"sparkgate", "libc6", "ca-certificates", "libssl3", "libjwt0"} <= packages.keys()
    listed = {name.rpartition("/")[2] for name in files if name.startswith("var/lib/dpkg/status.d/")} - {""}
    assert listed == packages.keys() - {"sparkgate"}
    for name in (name for name, entry in files.items() if re.search(r"\.so(\.|$)", name) and entry.isfile()):
        owner = subprocess.run(["sh", "-c", f"dpkg-query -S /{name} || dpkg-query -S /{name.removeprefix('usr/')}"], capture_output=True, text=True)
        assert owner.stdout.split(":")[0] in packages, name
    known = {"SPDXRef-DOCUMENT", *(package["SPDXID"] for package in document["packages"])}
    assert len(known) == len(document["packages"]) + 1
    assert {end for row in document["relationships"] for end in (row["spdxElementId"], row["relatedSpdxElement"])} == known


def test_certificates_are_those_of_the_webs_authorities_and_no_example_is_among_them(image, files):
    with tarfile.open(image) as layout:
        layer = json.load(layout.extractfile("manifest.json"))[0]["Layers"][0]
        with tarfile.open(fileobj=layout.extractfile(layer), mode="r:gz") as archive:
            bundle = archive.extractfile("etc/ssl/certs/ca-certificates.crt").read().decode()
    trusted = sorted(map(str, pathlib.Path("/usr/share/ca-certificates").rglob("*.crt")))
    assert len(trusted) > 100 and bundle == "".join(pathlib.Path(path).read_text() for path in trusted)


@pytest.fixture(scope="module")
def engine(image):
    with QuietEngine() as running:
        running.docker("load", "-i", image)
        yield running


def test_a_real_engine_runs_it_without_any_right_and_calls_it_healthy(engine):
    port, admin = free_port(), free_port()
    name = engine.docker("run", "-d", "--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
                         "-e", f"SPARKGATE_SERVER_LISTEN=127.0.0.1:{port}", "-e", f"SPARKGATE_ADMIN_LISTEN=127.0.0.1:{admin}",
                         "-e", f"SPARKGATE_SERVER_PUBLIC_URL=http://127.0.0.1:{port}/", "--tmpfs", "/var/lib/sparkgate:uid=65532,gid=65532,mode=0700",
                         f"sparkgate:{VERSION}")
    try:
        wait_for(lambda: engine.inspect(name)[0]["State"]["Health"]["Status"] == "healthy", "the container to be healthy", 60,
                 lambda: engine.inspect(name)[0]["State"]["Running"] or pytest.fail(engine.docker("logs", name)))
        assert LINK.search(engine.docker("logs", name))
        status = pathlib.Path(f"/proc/{engine.inspect(name)[0]['State']['Pid']}/status").read_text()
        assert re.search(r"^Uid:\s+65532\s", status, re.M) and re.search(r"^CapEff:\s+0+$", status, re.M)
        token = json.loads(engine.docker("exec", name, "sparkgate", "token", "create", "--config", "/etc/sparkgate/sparkgate.yaml",
                                         "--client-name", "me", "--token-type", "admin"))
        assert token["access_token"]
        shell = subprocess.run([DOCKER, "-H", engine.host, "exec", name, "sh", "-c", "true"], capture_output=True, text=True)
        assert shell.returncode != 0
        engine.docker("stop", "-t", "40", name)
        assert engine.inspect(name)[0]["State"]["ExitCode"] == 0
    finally:
        engine.docker("rm", "--force", name)


def test_an_engine_knows_its_version_and_labels(engine):
    assert engine.docker("run", "--rm", "--network", "none", f"sparkgate:{VERSION}", "--version") == f"sparkgate {VERSION}"
    labels = engine.inspect(f"sparkgate:{VERSION}")[0]["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == VERSION

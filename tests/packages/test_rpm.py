"""The RPM package, with RPM's own database on a clean Debian root: installed, upgraded, erased.

That database does not know Debian's libraries, so dependencies are read and not resolved (--nodeps).
"""

import re
import subprocess

import pytest

from conftest import CONFIGURATION, NEW_LINE, PACKAGE
from distro_root import Root
from spark_cluster import wait_for
from test_deb import CONFIG, STATE, names_of, put


@pytest.fixture
def root(deb):
    with Root("bookworm") as made:
        made.install("rpm", *names_of(deb))
        yield made


def query(package, *words):
    return subprocess.run(["rpm", "-qp", *words, package], capture_output=True, text=True, check=True).stdout


def test_it_requires_each_library_that_the_program_is_linked_to(rpm):
    said = subprocess.run(["objdump", "-p", PACKAGE / "sparkgate"], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"^\s+NEEDED\s+(\S+)$", said, re.M)
    required = query(rpm, "--requires")
    assert len(needed) > 8
    assert [name for name in needed if f"\n{name}()(64bit)\n" not in f"\n{required}"] == []


def test_it_marks_the_configuration_and_the_state(rpm):
    flags = dict(line.rsplit(" ", 1) for line in query(rpm, "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]").splitlines() if not line.endswith(" "))
    assert flags[CONFIG] == "cn"  # configuration, not replaced
    assert "drwx------ sparkgate" in query(rpm, "--qf", "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]")


def test_upgrade_and_erasure_keep_what_was_changed(root, rpm, next_release):
    root.run("rpm", "-i", "--nodeps", put(root, rpm))
    assert root.run("stat", "-c", "%a %U:%G", STATE).stdout == "700 sparkgate:sparkgate\n"
    with root.start("runuser", "-u", "sparkgate", "--", "sparkgate", "--config", CONFIG):
        wait_for(lambda: root.run("sparkgate", "--config", CONFIG, "--ready", check=False).stdout == "ready\n", "the gateway", 20)
    state = {path.name for path in (root.path / STATE[1:]).iterdir()}
    assert "state.db" in state
    changed = (root.path / CONFIGURATION).read_text() + "tokens: {per_user: 11}\n"
    (root.path / CONFIGURATION).write_text(changed)
    root.run("rpm", "-U", "--nodeps", put(root, next_release["rpm"]))
    assert root.run("rpm", "-q", "sparkgate").stdout.split(".x")[0].endswith("-2")
    assert (root.path / CONFIGURATION).read_text() == changed
    assert (root.path / f"{CONFIGURATION}.rpmnew").read_text().endswith(NEW_LINE)
    assert {path.name for path in (root.path / STATE[1:]).iterdir()} == state
    root.run("rpm", "-e", "sparkgate")
    assert not (root.path / "usr/bin/sparkgate").exists()
    assert (root.path / f"{CONFIGURATION}.rpmsave").read_text() == changed
    assert {path.name for path in (root.path / STATE[1:]).iterdir()} == state

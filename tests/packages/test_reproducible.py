"""Two builds, one hash: another folder, umask, language, time zone and time of day make the same packages and the same image."""

import hashlib
import subprocess

from conftest import ENV, ROOT, make, sources


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_builds_are_the_same_bytes(deb, rpm, tmp_path_factory):
    first = {"deb": deb, "rpm": rpm, "image": make("image")}
    when = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    tree = sources(tmp_path_factory.mktemp("a-folder-of-another-name"))
    for path in tree.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    other = {"SOURCE_DATE_EPOCH": when, "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(tree), "USER": "somebody", "CCACHE_DISABLE": "1"}
    second = {}
    for target in first:
        done = subprocess.run(["sh", "-c", f"umask 027 && make --no-print-directory {target}"], cwd=tree, env={**ENV, **other}, text=True,
                              capture_output=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        second[target] = tree / done.stdout.splitlines()[-1]
    assert {target: digest(path) for target, path in first.items()} == {target: digest(path) for target, path in second.items()}

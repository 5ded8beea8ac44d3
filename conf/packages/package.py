"""Packages of what `make` has built: the same bytes from the same sources, whoever builds, wherever and whenever.

    package.py deb FOLDER       with the build in FOLDER: FOLDER/sparkgate_VERSION-REVISION_ARCHITECTURE.deb
    package.py rpm FOLDER       FOLDER/sparkgate-VERSION-REVISION.ARCHITECTURE.rpm
    package.py stage FOLDER     the files of both, in FOLDER/stage

VERSION is base/version.h's, REVISION the variable's (1). The time in them is SOURCE_DATE_EPOCH, else that of the last commit,
else the manual's date. Dependencies are computed: dpkg-shlibdeps and rpmbuild read the program. Standard library only.
"""

import calendar
import contextlib
import fcntl
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSION = re.search(r'SPARKGATE_VERSION "([^"]+)"', (ROOT / "base/version.h").read_text()).group(1)
ENV = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
REVISION = os.environ.get("REVISION", "1")
SUMMARY = "authenticating reverse proxy for the web UIs of Apache Spark"
# Beside what `make install` lays out: a file of this folder, or of the repository, and its place.
FILES = {
    "conf/packages/sparkgate.yaml": "etc/sparkgate/sparkgate.yaml",
    "conf/packages/sparkgate.service": "usr/lib/systemd/system/sparkgate.service",
    "conf/packages/sparkgate.sysusers": "usr/lib/sysusers.d/sparkgate.conf",
    "conf/packages/sparkgate.tmpfiles": "usr/lib/tmpfiles.d/sparkgate.conf",
    "conf/packages/debian/copyright": "usr/share/doc/sparkgate/copyright",
    "conf/sparkgate.example.yaml": "usr/share/doc/sparkgate/sparkgate.example.yaml",
    "docs/settings.md": "usr/share/doc/sparkgate/settings.md",
}
CONFIGURATION = ["/etc/sparkgate/sparkgate.yaml"]
CONTROL = """Package: sparkgate
Version: {version}
Architecture: {architecture}
Maintainer: sparkgate's maintainers <sparkgate@localhost>
Installed-Size: {size}
Depends: {depends}, init-system-helpers (>= 1.54~), passwd
Recommends: ca-certificates
Section: httpd
Priority: optional
Description: {summary}
 One URL, with sign-in, for masters, workers, applications and history servers
 of Apache Spark clusters, and other web UIs beside them. It finds workers and
 applications by itself, lets in who may, and manages access tokens.
"""


def run(*command, **options):
    """What it prints, without the last line end. What runs below a make is none of that one's jobs."""
    options.setdefault("env", ENV)
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **options).stdout.strip()


def epoch():
    """Seconds: when the sources are from."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    if (ROOT / ".git").exists():
        return int(run("git", "log", "-1", "--format=%ct", cwd=ROOT))
    date = re.search(r"^\.Dd (.*)$", (ROOT / "man/sparkgate.8").read_text(), re.M).group(1)
    return calendar.timegm(time.strptime(date, "%B %d, %Y"))


def compress(path):
    """As gzip -9n; the original is gone."""
    with open(f"{path}.gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        packed.write(path.read_bytes())
    path.unlink()


def put(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / source, target)


def settle(stage, when):
    """Modes and times do not depend on who lays out, and when."""
    for path in sorted(stage.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        os.utime(path, (when, when))
    stage.chmod(0o755)
    os.utime(stage, (when, when))


@contextlib.contextmanager
def alone(folder):
    """Nobody else packs there: `make -j deb rpm` is one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def lay_out(folder):
    """FOLDER/stage: all files where a package has them."""
    stage = folder / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    run("make", "--no-print-directory", "-s", "-o", "all", "install", f"BUILD={folder.relative_to(ROOT)}", f"DESTDIR={stage}", "PREFIX=/usr", cwd=ROOT)
    (stage / "etc/sparkgate/sparkgate.example.yaml").unlink()
    for source, target in FILES.items():
        put(source, stage / target)
    put("CHANGELOG.md", stage / "usr/share/doc/sparkgate/changelog")
    compress(stage / "usr/share/doc/sparkgate/changelog")
    for page in (stage / "usr/share/man").rglob("*.[58]"):
        compress(page)
    run("strip", "--strip-all", "--remove-section=.comment", stage / "usr/bin/sparkgate")
    settle(stage, epoch())
    return stage


def libraries(binary):
    """The packages of the libraries that it is linked to, with their versions, as Debian spells them."""
    with tempfile.TemporaryDirectory(prefix="sparkgate-deb-") as folder:
        control = pathlib.Path(folder, "debian/control")
        control.parent.mkdir()
        control.write_text("Source: sparkgate\n\nPackage: sparkgate\nArchitecture: any\n")
        said = run("dpkg-shlibdeps", "-O", "-e", binary, cwd=folder)
    return re.search(r"^shlibs:Depends=(.*)$", said, re.M).group(1)


def sums(stage):
    for path in sorted(stage.rglob("*")):
        name = path.relative_to(stage).as_posix()
        if path.is_file() and f"/{name}" not in CONFIGURATION:
            yield f"{hashlib.md5(path.read_bytes()).hexdigest()}  {name}\n"


def control_files(stage, architecture):
    """{name: text} of a package's control archive."""
    kib = sum(-(-path.stat().st_size // 1024) if path.is_file() else 1 for path in stage.rglob("*"))
    files = {name: (HERE / "debian" / name).read_text() for name in ("postinst", "prerm", "postrm")}
    files["control"] = CONTROL.format(version=f"{VERSION}-{REVISION}", architecture=architecture, size=kib, summary=SUMMARY,
                                      depends=libraries(stage / "usr/bin/sparkgate"))
    files["conffiles"] = "".join(f"{name}\n" for name in CONFIGURATION)
    files["md5sums"] = "".join(sums(stage))
    return files


def deb(folder):
    stage, architecture = lay_out(folder), run("dpkg", "--print-architecture")
    for name, text in control_files(stage, architecture).items():
        path = stage / "DEBIAN" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.startswith(("post", "pre")) else 0o644)
    made = folder / f"sparkgate_{VERSION}-{REVISION}_{architecture}.deb"
    run("dpkg-deb", "--build", "--root-owner-group", "-Zxz", "-z6", "--threads-max=1", stage, made,
        env={**ENV, "SOURCE_DATE_EPOCH": str(epoch())})
    return made


def rpm(folder):
    stage, tree = lay_out(folder), folder / "rpmbuild"
    (stage / "var/lib/sparkgate").mkdir(parents=True)
    settle(stage, epoch())
    shutil.rmtree(tree, ignore_errors=True)
    settings = {"_topdir": tree, "_stage": stage, "_version": VERSION, "_revision": REVISION, "_buildhost": "localhost",
                "use_source_date_epoch_as_buildtime": 1, "clamp_mtime_to_source_date_epoch": 1, "_docdir_fmt": "%{NAME}",
                "build_mtime_policy": "clamp_to_source_date_epoch"}
    run("rpmbuild", "-bb", "--quiet", *(word for name, value in settings.items() for word in ("--define", f"{name} {value}")),
        HERE / "sparkgate.spec", env={**ENV, "SOURCE_DATE_EPOCH": str(epoch()), "LC_ALL": "C.UTF-8"})
    built, = (tree / "RPMS").rglob("*.rpm")
    return built.rename(folder / built.name)


def main():
    kinds = {"deb": deb, "rpm": rpm, "stage": lay_out}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        raise SystemExit(__doc__)
    os.umask(0o022)
    folder = pathlib.Path(sys.argv[2]).resolve()
    with alone(folder):
        made = kinds[sys.argv[1]](folder)
    print(os.path.relpath(made, ROOT))


if __name__ == "__main__":
    main()

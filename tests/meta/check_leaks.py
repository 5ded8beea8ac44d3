"""Nothing in the tree ties it to the machine it was written on."""

import re

import source

# Folders of one machine; and package registries, which everyone reaches through their own client and mirror.
FOLDERS = ["work", "tmp", "root", "home/[a-z]+"]
REGISTRIES = [
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("maven", "org"),
    ("maven", "apache"), ("golang", "org"), ("crates", "io"), ("debian", "org"), ("hub", "docker"), ("ghcr", "io"),
]
PATH = re.compile(r"(?<![\w.})/$~-])/(?:%s)/" % "|".join(FOLDERS))
HOST = re.compile(r"\b(?:%s)\b" % "|".join(rf"{a}\.{b}" for a, b in REGISTRIES), re.I)
# Folders that are only named: by a test about folders, or by the recorder that writes other names into pages.
FINE = re.compile(r'"/home/x|mktemp|/root/?"|b"/srv/tmp/"|b"/home/spark/"')


def check(path):
    for number, line in enumerate(source.read(path).split("\n"), 1):
        for what in (PATH, HOST):
            match = what.search(line)
            if match and not FINE.search(line):
                yield f"{path}:{number}: {match.group()}"


SKIPPED = ("tests/fixtures/", "tests/fuzz/corpus/")
source.finish([p for f in source.files() if not f.startswith(SKIPPED) for p in check(f)])

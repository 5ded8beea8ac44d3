"""Nothing in the repository points to a document outside it, but to public ones (RFCs, specifications, manuals): a comment says the
reason itself, or names a row of auth/THREATS.md or proxy/SPARK.md, or a document that is here. Links of documents lead to what is here."""

import os
import re

import source

SKIPPED = ("tests/fixtures/", "tests/fuzz/corpus/", "LICENSE", "tests/meta/check_outside.py")
TEXT = (".c", ".h", ".py", ".md", ".sh", ".js", ".yaml", ".yml", ".toml", ".tsv", ".json", ".css", ".lua", ".conf", ".cfg", ".txt",
        "Makefile", "Dockerfile", "Caddyfile")
# A document by name that nobody finds here; the folder beside the repository.
NAMED = re.compile(r"(?<![\w/.-])(?:[\w-]+/)*([A-Za-z][\w-]*\.md)\b(?!\()")
BESIDE = re.compile(r"\.\./shared\b|(?<![\w/.])shared/[a-z]+\.md")
# "(design "Operations")", "design §2", "the design says"; an outline of C comments may break the line. "By design" is no document.
DESIGN = re.compile(r"""(?<!by )\bdesign(?:\.md)?(?:\s|\*)+(?:§|["“`']|says)|\bthe design\b|\(design\b|§\s*\d[\d.]* of the design""", re.I)
LINK = re.compile(r"\]\(([^)\s]+)\)|\]:\s+(\S+)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.S | re.M)
HEADING = re.compile(r"^#+ (.*)$", re.M)

FILES = [f for f in source.files() + source.files(".ci") if not f.startswith(SKIPPED) and f.endswith((*TEXT, "run"))]
DOCUMENTS = {os.path.basename(f) for f in source.files() if f.endswith(".md")}


def anchors(path):
    """The names that GitHub and others give the headings of a document."""
    for heading in HEADING.findall(source.read(path)):
        yield re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading).lower()).strip().replace(" ", "-")


def broken_links(path):
    for match in LINK.finditer(CODE.sub("", source.read(path))):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(path), place)) if place else path
        if there.startswith("..") or not os.path.exists(there):
            yield f"{path}: the link to {target} leads to nothing here"
        elif anchor and there.endswith(".md") and anchor not in set(anchors(there)):
            yield f"{path}: the link to {target}: no such heading"


def check(path):
    text = source.read(path)
    for what in (BESIDE, DESIGN):
        for match in what.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {' '.join(match.group().split())}"
    for match in NAMED.finditer(text):
        if match.group(1) not in DOCUMENTS:
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: there is no {match.group(1)}"
    if path.endswith(".md"):
        yield from broken_links(path)


source.finish([p for f in FILES for p in check(f)])

"""What the READMEs point to is there: files, headings, folders, targets of make, programs, and the sentences of pages that they quote."""

import os
import re

import source

READMES = source.documents()
SOURCES = {os.path.basename(path) for path in source.files(*source.LAYERS, "clients", "tests", "docker", "k8s", ends=[".c", ".h", ".py", ".js", ".yaml"])}
PAGES = "".join(re.sub(r'"\s*\n\s*"', "", source.read(path)) for path in source.files("auth", "proxy", ends=[".c"])).replace("\\xe2\\x80\\x99", "'")
TARGETS = {word for line in re.findall(r"^([a-z][\w -]*):(?!=)", source.read("Makefile"), re.M) for word in line.split()}


def prose(path):
    """Without blocks of code."""
    return re.sub(r"^ *```.*?^ *```[^\n]*$", "", source.read(path), flags=re.M | re.S)


def anchors(path):
    """What GitHub calls the headings of a file."""
    heads = re.findall(r"^#+ (.*)$", prose(path), re.M)
    return {re.sub(r"[^\w -]", "", head.strip().lower()).replace(" ", "-") for head in heads}


def links(path):
    """Problems of the links of a README."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(file):
            yield f"{path}: {target} is not there"
        elif anchor and anchor not in anchors(file):
            yield f"{path}: {file} has no heading #{anchor}"


def names(path):
    """Problems of the files and folders that a README names in `code`: a folder in the first column of a table, a source anywhere."""
    here = os.path.dirname(path)
    text = prose(path)
    for row in re.findall(r"^\| ([^|]*)\|", text, re.M):
        for folder in re.findall(r"`([\w./-]+/)`", row):
            if not any(os.path.isdir(os.path.join(top, folder)) for top in (here, ".")):
                yield f"{path}: there is no folder {folder}"
    for name in re.findall(r"`(?:[\w./-]+/)?(\w+\.[chp]y?)`", text):
        if name not in SOURCES:
            yield f"{path}: there is no file {name}"


def quotes(path):
    """Problems of a page's sentences, quoted in the first column of a table."""
    for row in re.findall(r'^\| "([^"|]*)"', prose(path), re.M):
        if row.rstrip(".") not in PAGES:
            yield f'{path}: no page says "{row}"'


def commands(path):
    """Problems of the commands that a README shows: targets of make, and scripts of this repository."""
    code = "\n".join(re.findall(r"^ *```\w*\n(.*?)^ *```", source.read(path), re.M | re.S) + re.findall(r"`([^`\n]+)`", prose(path)))
    for target in re.findall(r"^ *make ([a-z][\w-]*)", code, re.M):
        if target not in TARGETS:
            yield f"{path}: make has no target {target}"
    for script in re.findall(r"\b(?:sh|python3?) ((?:tests|docker|k8s)/\S+)", code):
        if not os.path.isfile(script):
            yield f"{path}: there is no {script}"


source.finish([problem for path in READMES for check in (links, names, quotes, commands) for problem in check(path)])

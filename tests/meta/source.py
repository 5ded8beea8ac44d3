"""What the checks share: which files there are, and C without its comments and strings."""

import os
import re
import sys

LAYERS = ["base", "conf", "auth", "proxy"]
SKIPPED = {"build", "__pycache__", "node_modules", ".git", "compile_commands.json"}


def files(*tops, ends=()):
    """Paths below the folders (or the whole tree), sorted, without what is built or hidden."""
    found = []
    for top in tops or ["."]:
        for folder, below, names in os.walk(top):
            below[:] = [d for d in below if d not in SKIPPED and not d.startswith(".")]
            found += [os.path.normpath(os.path.join(folder, n)) for n in names if n not in SKIPPED]
    return sorted(f for f in found if not ends or f.endswith(tuple(ends)))


def documents():
    """What people read: each README, and the pages of docs/."""
    return sorted({*files(ends=["README.md"]), *files("docs", ends=[".md"])})


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def code(path):
    """The lines of a C file, comments and the insides of literals blanked, line numbers kept."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        text = match.group()
        if text[0] == "/":
            return "\n" * text.count("\n") or " "
        return text[0] * 2

    return token.sub(blank, read(path)).split("\n")


def includes(path):
    """(line number, header) for each #include."""
    pattern = re.compile(r'\s*#\s*include\s+["<]([^">]+)[">]')
    for number, line in enumerate(read(path).split("\n"), 1):
        match = pattern.match(line)
        if match:
            yield number, match.group(1)


def functions(path):
    """(name, first line, lines) of each function: from its signature to its closing brace.

    The house style puts a function's braces, and no other opening brace, alone in column 0.
    """
    lines = code(path)
    for opening, line in enumerate(lines):
        if line.rstrip() != "{":
            continue
        first = opening
        while first > 0 and lines[first - 1].strip() and not re.search(r"[;}]\s*$|^#", lines[first - 1]):
            first -= 1
        closing = next(i for i in range(opening, len(lines)) if lines[i].startswith("}"))
        signature = " ".join(lines[first:opening])
        name = re.search(r"(\w+)\s*\(", signature)
        yield name.group(1) if name else signature.strip(), first + 1, closing - first + 1


def finish(problems):
    """Prints what is wrong and ends the check."""
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)

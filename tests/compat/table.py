"""The matrix as a table of Markdown, out of results that are there; a cell without one says so."""

import json

BEGIN, END = "<!-- compat: made by make compat -->", "<!-- end of compat -->"
MODES = ("leaks", "errors", "browser")


def cell(result):
    if result is None or "not_run" in result:
        return "not run"
    if "passed" in result:
        return "holds" if result["passed"] else "**fails**"
    if "broken" in result:
        return "**broken**"
    counts = " · ".join(str(len(result[what])) for what in MODES)
    return counts if counts == "0 · 0 · 0" else f"**{counts}**"


def both_ends(words):
    words = sorted(set(words))
    return " to ".join(dict.fromkeys((words[0], words[-1]))) if words else ""


def row(version, results):
    """Commits in the order of their results, oldest first."""
    there = sorted((result for result in results if result and "commit" in result and "not_run" not in result),
                   key=lambda result: result["date"])
    commits = ", ".join(dict.fromkeys(result["commit"] for result in there))
    java = next((result["java"] for result in there if "java" in result), "")
    words = [version, java.removeprefix("1.").split("_")[0].split(".")[0], *map(cell, results),
             both_ends(result["date"] for result in there), commits]
    return f"| {' | '.join(words)} |"


def read(folder, version, column):
    path = folder / f"{version}-{column}.json"
    return json.loads(path.read_text()) if path.exists() else None


def write_table(page, folder, versions, columns):
    head = ["Spark", "Java", *columns, "date", "commit"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [row(version, [read(folder, version, column) for column in columns]) for version in versions]
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} has no marks for the table: {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")

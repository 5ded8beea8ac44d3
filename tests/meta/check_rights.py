"""The table of rights (rights.c) names every action of policy.c and the paths of its rows, and docs/roles.md has this very table.

With --table it prints the table for the page.
"""

import re
import sys

import source

RIGHTS = source.read("auth/policy/rights.c")
POLICY = source.read("auth/policy/policy.c")
PAGE = "docs/roles.md"
HEAD = "| right, and word of a scope | roles | opens | pages of Spark |\n|---|---|---|---|\n"
ROW = re.compile(r'\{(ACTION_\w+),\s*"([^"]+)",\s*((?:"[^"]*"\s*)+),\s*((?:"[^"]*"\s*)+),\s*(true|false)\}')
PATH = re.compile(r'\{([^,{}]+), "([^"]+)", (NULL|"[^"]+"), (ACTION_\w+)\}')


def joined(literals):
    return "".join(re.findall(r'"([^"]*)"', literals))


def actions_of(role):
    text = re.search(rf"\[{role}\] = ((?:BIT\(ACTION_\w+\)[\s|]*)+)", POLICY)
    return set(re.findall(r"ACTION_\w+", text.group(1))) if text else set()


ROLES = {"user": actions_of("ROLE_USER"), "admin": actions_of("ROLE_ADMIN")}
ROWS = [(action, word, joined(opens), joined(pages), own == "true") for action, word, opens, pages, own in ROW.findall(RIGHTS)]


def roles_of(action, own):
    return "" if own else ", ".join(role for role, actions in ROLES.items() if action in actions)


def table():
    lines = [f"| `{word}` | {roles_of(action, own) or 'custom rows'} | {opens} | {pages} |\n" for action, word, opens, pages, own in ROWS]
    return HEAD + "".join(lines)


def problems():
    body = re.search(r"rights_table\[\] = \{(.*?)\n\};", RIGHTS, re.S).group(1)
    if len(ROWS) != len(re.findall(r"^\s*\{ACTION", body, re.M)):
        yield "auth/policy/rights.c: a row that this check can't read"
    named = re.search(r"\} actions\[\] = \{(.*?)\n\};", POLICY, re.S).group(1)
    for action, word in re.findall(r'\[(ACTION_\w+)\] = \{"(\w+)"', named):
        if action != "ACTION_NEVER" and (action, word) not in [(row[0], row[1]) for row in ROWS]:
            yield f"auth/policy/rights.c: no row {word} of {action}"
    for _, segments, later, action in PATH.findall(POLICY):
        shown = segments if later == "NULL" else segments + "/…/" + later.strip('"')
        if action != "ACTION_NEVER" and not any(f"`{shown}`" in row[3] for row in ROWS if row[0] == action):
            yield f"auth/policy/rights.c: {action} does not name `{shown}`"
    if table() not in source.read(PAGE):
        yield f"{PAGE}: has not the table of auth/policy/rights.c (check_rights.py --table prints it)"


if "--table" in sys.argv:
    print(table(), end="")
else:
    source.finish(list(problems()))

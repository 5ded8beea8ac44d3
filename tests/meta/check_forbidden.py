"""proxy/launch/README.md has the tables of proxy/launch/rules/forbidden.c: each key and name, why, and where Spark reads it.

With --table it prints both for the README.
"""

import re
import sys

import source

TABLE = source.read("proxy/launch/rules/forbidden.c")
README = "proxy/launch/README.md"
ROW = re.compile(r'\{"([^"]+)",\s*(\w+),\s*((?:\w+|"[^"]*"|\s)+)\}')


def macros():
    found = {}
    for name, body in re.findall(r'^#define (\w+)\s+(.*)$', TABLE, re.M):
        found[name] = "".join(part.strip('"') if part.startswith('"') else found[part] for part in re.findall(r'"[^"]*"|\w+', body))
    return found


KNOWN = macros()
WHY = dict(re.findall(r'static const char (\w+)\[\] = "([^"]+)";', TABLE))


def spelled(text):
    parts = re.findall(r'"[^"]*"|\w+', text)
    return "" if parts == ["NULL"] else "".join(part.strip('"') if part.startswith('"') else KNOWN[part] for part in parts)


def rows(name):
    body = re.search(rf"struct forbidden {name}\[\] = \{{(.*?)\n\}};", TABLE, re.S).group(1)
    found = ROW.findall(body)
    assert len(found) == len(re.findall(r'^\t\{"', body, re.M)), f"{name}: a row that this check can't read"
    return [(pattern, WHY.get(why), spelled(where)) for pattern, why, where in found]


def table(name, head):
    lines = [f"| {head} | because | where Spark reads it |\n|---|---|---|\n"]
    for pattern, why, where in rows(name):
        lines.append(f"| `{pattern}` | {why or 'it is fine: this one is not forbidden'} | {f'`{where}`' if where else ''} |\n")
    return "".join(lines)


TABLES = [table("forbidden_keys", "key"), table("forbidden_names", "variable")]
if sys.argv[1:] == ["--table"]:
    print("\n".join(TABLES), end="")
    sys.exit(0)
problems = [f"{README}: not as the tables of forbidden.c; tests/meta/check_forbidden.py --table prints them"
            for one in TABLES if one not in source.read(README)]
if sum(map(len, map(rows, ("forbidden_keys", "forbidden_names")))) < 80:
    problems.append("the tables were not understood")
source.finish(problems)

"""The tables of paths (struct web_row) are what proxy/web/README.md and openapi.json say."""

import json
import re

import source

README = "proxy/web/README.md"
OPENAPI = "proxy/pages/static/openapi.json"
API = "proxy/admin/api.c"
PUBLIC = "proxy/endpoints/endpoint_api.c"  # rows of the API that are on this listener, too
ROW = re.compile(r'\{"([A-Z, ]+)",\s*"(/[^"]*)",\s*(WEB_\w+),\s*\w+,\s*(WEB_\w+)\}')
LINE = re.compile(r"\| `([A-Z, ]+)` \| `(/[^`]*)` \| ([^|]+?) \|")
WHO = {"WEB_ANYBODY": "anybody", "WEB_WHOEVER": "whoever", "WEB_KNOWN": "known", "WEB_SESSION": "session", "WEB_BEARER": "bearer", "WEB_EITHER": "either"}
TABLES = ["proxy/endpoints/endpoint.c", "proxy/admin/admin_pages.c", API, "proxy/admin/admin_probe.c", PUBLIC]


def rows(path):
    """[(methods, path, who, takes)] of the table in a source file."""
    table = re.search(r"struct web_row rows\[\] = \{(.*?)\n\};", source.read(path), re.S).group(1)
    found = ROW.findall(table)
    assert len(found) == len(re.findall(r'^\s*\{"', table, re.M)), f"{path}: a row that this check can't read"
    return found


def sections():
    """{source file: [(methods, path, who)]} as the README has them, each under a heading that names the file."""
    found = {}
    for part in re.split(r"^## ", source.read(README), flags=re.M)[1:]:
        name = re.search(r"`([\w/]+\.c)`", part)
        if name:
            found[f"proxy/{name.group(1)}"] = LINE.findall(part)
    return found


def of_readme():
    told = sections()
    for path in TABLES:
        have = [(methods, at, WHO[who]) for methods, at, who, _ in rows(path)]
        for row in have:
            if row not in told.get(path, []):
                yield f"{README}: no row {row} of {path}"
        for row in told.get(path, []):
            if row not in have:
                yield f"{README}: {row} is no row of {path}"


def of_operation(at, method, operation, who, takes):
    """What an operation of openapi.json has to say of its row."""
    name, answers = f"{OPENAPI}: {method} {at}", operation["responses"].keys()
    if ("requestBody" in operation) != (takes in ("WEB_JSON", "WEB_JSON_FILE", "WEB_STREAM")):
        yield f"{name}: content is {'not ' if takes == 'WEB_NOTHING' else ''}taken"
    if (operation.get("security") == []) != (who == "WEB_ANYBODY"):
        yield f"{name}: the row says {WHO[who]}"
    if ({"session": []} in operation.get("security", [])) != (who == "WEB_EITHER"):
        yield f"{name}: a session is {'' if who == 'WEB_EITHER' else 'not '}taken"
    needed = {"WEB_BEARER": ["401", "403", "503"], "WEB_EITHER": ["401", "403", "503"], "WEB_KNOWN": ["401", "503"]}.get(who, []) + {"WEB_JSON": ["413", "415"], "WEB_JSON_FILE": ["413", "415"], "WEB_STREAM": ["411", "413"]}.get(takes, [])
    yield from (f"{name}: no answer {status}" for status in needed if status not in answers)


def of_openapi():
    paths = json.loads(source.read(OPENAPI))["paths"]
    told = {(at, method.upper()): operation for at, item in paths.items() for method, operation in item.items() if method != "parameters"}
    have = {(at, methods): (who, takes) for methods, at, who, takes in rows(API)}
    for key in sorted(told.keys() ^ have.keys()):
        yield f"{OPENAPI}: {key} is {'no row of ' + API if key in told else 'not described'}"
    for key in told.keys() & have.keys():
        yield from of_operation(*key, told[key], *have[key])


def of_public():
    admins = [(methods, at, who.replace("EITHER", "BEARER"), takes) for methods, at, who, takes in rows(API)]  # no cookie is taken there
    yield from (f"{PUBLIC}: {row} is no row of {API}" for row in rows(PUBLIC) if row not in admins)


source.finish([*of_readme(), *of_openapi(), *of_public()])

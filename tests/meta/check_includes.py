"""Folders build on each other in one direction, files call each other in no circle, and each foreign library has one door."""

import fnmatch
import os
import re

import source

# Each folder uses only itself and those above it in this list. Read from the end it is the way of a request.
ORDER = """
base base/hash base/text base/files base/log base/net
conf conf/values conf/load conf/warn
auth/jose auth/policy auth/roles auth/store auth/audit auth/keys auth/session auth/cache
auth/backends/sqlite auth/backends/redis/link auth/backends/redis auth/backends
auth/issuers auth/oidc auth/providers auth/token auth/device auth/admin auth/service auth/cli
proxy/http proxy/guard proxy/front proxy/front/h2 proxy/upstream proxy/rewrite proxy/filter
proxy/registry proxy/discovery/spark proxy/discovery/known proxy/discovery/kubernetes proxy/discovery/shelf proxy/discovery/pods proxy/discovery/resources proxy/discovery/uis proxy/discovery/found proxy/discovery proxy/launch/target proxy/launch/operator proxy/launch/artifacts proxy/launch/rules proxy/launch/rest proxy/launch proxy/pages proxy/pages/self proxy/pages/pods proxy/pages/admin proxy/pages/launch
proxy/web proxy/launch/upload proxy/launch/api proxy/launch/pages proxy/request proxy/relay proxy/endpoints proxy/serve proxy/admin proxy/sockets proxy/doctor proxy/process
""".split()
FILES_MAX = 25

# Files that call each other in a circle, named and argued: at most one.
CIRCLE = []

# A library's header: the only files that may include it.
DOORS = {
    "jwt.h": ["auth/token/signer.c"],
    "sqlite3.h": ["auth/backends/sqlite/*.[ch]"],
    "hiredis*": ["auth/backends/redis/*.[ch]"],
    "curl/*": ["base/net/fetch*.c"],
    "nghttp2/*": ["proxy/front/h2/*.[ch]"],
    "yaml.h": ["conf/load/yaml_tree.c"],
}

SOURCES = source.files(*source.LAYERS, ends=[".c", ".h"])


def is_up(path, other):
    """Whether `other` stands in a folder that `path` must not know."""
    here, there = os.path.dirname(path), os.path.dirname(other)
    return here != there and (there not in ORDER or here not in ORDER or ORDER.index(there) > ORDER.index(here))


def declarations():
    """{function: header that declares it}."""
    found = {}
    for path in (p for p in SOURCES if p.endswith(".h")):
        for name in re.findall(r"\b([a-z]\w+)\(", "\n".join(source.code(path))):
            found.setdefault(name, path)
    return found


def reach(path, included):
    """The headers that a file includes, and those that they include."""
    todo, found = [path], set()
    while todo:
        for header in included[todo.pop()]:
            if header not in found:
                found.add(header)
                todo.append(header)
    return found


def calls(included):
    """{file: {file: function}}: who names a function that is declared to it and defined elsewhere."""
    home, words, declared = {}, {}, declarations()
    for path in (p for p in SOURCES if p.endswith(".c")):
        lines = source.code(path)
        words[path] = set(re.findall(r"(?<![\w.>])[a-z]\w+\b", "\n".join(line for line in lines if not line.startswith("#"))))
        for name, first, _ in source.functions(path):
            if not lines[first - 1].startswith("static"):
                home[name] = path
    graph = {}
    for path, named in words.items():
        headers = reach(path, included)
        graph[path] = {home[n]: n for n in sorted(named & home.keys()) if home[n] != path and declared.get(n) in headers}
    return graph


def circles(graph):
    """Groups of files of which each reaches each other (Tarjan)."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == number[node]:
            group = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def of_includes(included):
    for path in SOURCES:
        for number, header in source.includes(path):
            if header in SOURCES and is_up(path, header):
                yield f"{path}:{number}: includes {header}, of a folder that builds on this one"
            for pattern, allowed in DOORS.items():
                if fnmatch.fnmatch(header, pattern) and not any(fnmatch.fnmatch(path, a) for a in allowed):
                    yield f"{path}:{number}: <{header}> belongs in {', '.join(allowed)} only"
    for group in circles(included):
        yield f"include each other in a circle: {', '.join(group)}"


def of_calls(included):
    graph = calls(included)
    for path, others in graph.items():
        for other, name in others.items():
            if is_up(path, other):
                yield f"{path}: calls {name}() of {other}, of a folder that builds on this one"
    for group in circles(graph):
        if group != CIRCLE:
            yield f"call each other in a circle: {', '.join(group)}"


def of_folders():
    for folder in ORDER:
        count = len([n for n in os.listdir(folder) if os.path.isfile(os.path.join(folder, n))])
        if count > FILES_MAX:
            yield f"{folder}: {count} files, at most {FILES_MAX}"


INCLUDED = {path: [h for _, h in source.includes(path) if h in SOURCES] for path in SOURCES}
source.finish([*of_includes(INCLUDED), *of_calls(INCLUDED), *of_folders()])

"""Whatever names sparkgate's version names that of base/version.h."""

import json
import re

import source

VERSION = re.search(r'SPARKGATE_VERSION "(\d+\.\d+\.\d+)"', source.read("base/version.h")).group(1)

# file: where the version stands in it; each place that matches has to name it
PLACES = {
    "CHANGELOG.md": r"\A.*?^## (\S+)",
    "docker/Dockerfile": r'image\.version="([^"]*)"|-t sparkgate:(\S+)',
    "k8s/base/deployment.yaml": r"image: sparkgate:(\S+)",
    "k8s/chart/Chart.yaml": r"^(?:version|appVersion): (\S+)",
}


def named(path, pattern):
    return [next(filter(None, match.groups())) for match in re.finditer(pattern, source.read(path), re.M | re.S)]


problems = [f"{path}: names no version" for path, pattern in PLACES.items() if not named(path, pattern)]
problems += [f"{path}: version {found}, base/version.h has {VERSION}"
             for path, pattern in PLACES.items() for found in named(path, pattern) if found != VERSION]
described = json.loads(source.read("proxy/pages/static/openapi.json"))["info"]["version"]
if described != VERSION:
    problems.append(f"proxy/pages/static/openapi.json: version {described}, base/version.h has {VERSION}")
source.finish(problems)

"""JSON schemas of every kind that a real API server serves, made of its own OpenAPI document, for kubeconform: no registry is asked."""

import json
import re
import subprocess

from kube_programs import ensure_program

EITHER = {"io.k8s.apimachinery.pkg.api.resource.Quantity": ["string", "number"], "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["string", "integer"]}
KIND = "x-kubernetes-group-version-kind"


def strict(node):
    """What isn't named is refused, as the API server does it with --validate=strict."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: strict(item) for key, item in node.items()}
    if isinstance(node.get("properties"), dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def needed(name, definitions, found):
    """The names of all that this definition refers to."""
    if name not in found:
        found.add(name)
        for other in re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[name])):
            needed(other, definitions, found)
    return found


def write_schemas(kube, folder):
    """A file for each kind: the group (v1 for the core's), the kind in small letters, the version."""
    given = kube.must("GET", "/openapi/v2")["definitions"]
    definitions = {name: {"type": EITHER[name]} if name in EITHER else strict(row) for name, row in given.items()}
    for name, row in given.items():
        for kind in row.get(KIND, []):
            group = kind["group"] or kind["version"]
            schema = {"$ref": f"#/definitions/{name}", "definitions": {key: definitions[key] for key in needed(name, definitions, set())}}
            (folder / f"{group}_{kind['kind'].lower()}_{kind['version']}.json").write_text(json.dumps(schema))
    return folder


def conform(folder, text):
    place = f"{folder}/{{{{ .Group }}}}_{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json"
    command = [str(ensure_program("kubeconform") / "bin" / "kubeconform"), "-strict", "-summary", "-schema-location", place, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)

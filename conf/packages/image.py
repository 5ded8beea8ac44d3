"""The image without a Docker engine: the program, the libraries that it is linked to, certificates, and nothing else.

    image.py tar FOLDER       from the package in FOLDER: FOLDER/sparkgate-VERSION-image.tar, and its list of packages in .spdx.json
    image.py root FOLDER DIR  the files alone, in DIR, for docker/Dockerfile

The tar is an OCI image layout, and `docker load` takes it, too. It is the same bytes from the same package and libraries. Libraries
are this machine's, as its Debian packages have them; the list of them (SPDX 2.3) is also in the image. Certificates are those of the
package ca-certificates, not what this machine trusts beside them. Standard library only; needs no root.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time

from package import ROOT, SUMMARY, VERSION, alone, deb, epoch, run

UID = 65532  # by number, so that Kubernetes' runAsNonRoot can tell
CONFIG = "/etc/sparkgate/sparkgate.yaml"
STATE = "var/lib/sparkgate"
SECOND = 10**9  # as Docker counts
# What the package has that an image has no use for.
LEFT_OUT = re.compile(r"usr/(lib|share/(man|doc/sparkgate/(?!copyright)|sparkgate))/?|etc/sparkgate/?")
TEXTS = {
    "etc/passwd": f"root:x:0:0::/:/sbin/nologin\nsparkgate:x:{UID}:{UID}::/{STATE}:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nsparkgate:x:{UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
LINKS = {"lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin"}
LABELS = {"title": "sparkgate", "version": VERSION, "description": f"One URL, with sign-in: {SUMMARY}", "licenses": "Apache-2.0",
          "vendor": "sparkgate"}


class Files:
    """An image's files, in memory: {path: (tarfile.TarInfo, bytes)}."""

    def __init__(self, when):
        self.when, self.at = when, {}

    def put(self, path, content=b"", mode=0o644, kind=tarfile.REGTYPE, link="", owner=0):
        info = tarfile.TarInfo(path)
        info.size, info.mode, info.type, info.linkname = len(content), mode, kind, link
        info.uid = info.gid = owner
        info.mtime = self.when
        self.at[path] = (info, content)

    def link(self, path, to):
        self.put(path, mode=0o777, kind=tarfile.SYMTYPE, link=to)

    def folder(self, path, mode=0o755, owner=0):
        self.put(path, mode=mode, kind=tarfile.DIRTYPE, owner=owner)

    def settle(self):
        """Adds the folders that files are in; gives all in the order of their names."""
        for path in list(self.at):
            for above in list(pathlib.PurePosixPath(path).parents)[:-1]:
                if str(above) not in self.at:
                    self.folder(str(above))
        return [self.at[path] for path in sorted(self.at)]

    def tar(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for info, content in self.settle():
                archive.addfile(info, io.BytesIO(content))
        return out.getvalue()


def merged(path):
    """Where a path of the root is since /lib and its kin are links."""
    return re.sub(r"^/(lib|lib64|bin)/", r"/usr/\1/", path).lstrip("/")


def linked(binary):
    """[(name, file)] of what the loader loads, and of the loader itself, which is named by its path."""
    said = run("ldd", binary)
    found = re.findall(r"^\s*(\S+) => (/\S+) \(0x", said, re.M)
    loader = re.search(r"^\s*(/\S+) \(0x", said, re.M).group(1)
    return [*found, (loader, loader)]


def owner_of(path):
    """The Debian package that brought a file, by either of its names."""
    real = os.path.realpath(path)
    for name in (real, real.removeprefix("/usr"), path, f"/usr{path}"):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise SystemExit(f"{path}: no package has it, so nobody can say what it is")


def facts_of(package):
    fields = ("Package", "Version", "Architecture", "source:Package", "source:Version", "Maintainer", "Homepage")
    said = run("dpkg-query", "-W", "-f", "\t".join(f"${{{field}}}" for field in fields) + "\n", package).splitlines()[0]
    return dict(zip(fields, said.split("\t")))


def put_libraries(files, binary):
    """Gives the names of their packages."""
    packages = set()
    for name, path in linked(binary):
        content = pathlib.Path(path).read_bytes()
        if name.startswith("/"):
            files.put(merged(name), content, 0o755)
        else:
            real = os.path.basename(os.path.realpath(path))
            folder = os.path.dirname(merged(path))
            files.put(f"{folder}/{real}", content)
            if real != name:
                files.link(f"{folder}/{name}", real)
        packages.add(owner_of(path))
    return packages


def put_certificates(files):
    """Authorities of the web alone: the package also has a certificate as an example, among its documents."""
    listed = [line for line in run("dpkg-query", "-L", "ca-certificates").splitlines()
              if line.startswith("/usr/share/ca-certificates/") and line.endswith(".crt")]
    files.put("etc/ssl/certs/ca-certificates.crt", b"".join(pathlib.Path(path).read_bytes() for path in sorted(listed)))


def put_package(files, package):
    data = run_bytes("dpkg-deb", "--fsys-tarfile", package)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            name = entry.name.removeprefix("./")
            if entry.isfile() and not LEFT_OUT.match(name):
                files.put(name, archive.extractfile(entry).read(), entry.mode)
    files.put(CONFIG[1:], (ROOT / "docker/sparkgate.yaml").read_bytes())


def run_bytes(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE).stdout


def spdx_package(name, version, purl, **more):
    return {"SPDXID": f"SPDXRef-{re.sub('[^A-Za-z0-9.-]', '-', name)}", "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}], **more}


def sbom(facts, when):
    """SPDX 2.3, of the packages that the files are from."""
    own = spdx_package("sparkgate", VERSION, f"pkg:generic/sparkgate@{VERSION}", licenseDeclared="Apache-2.0", primaryPackagePurpose="APPLICATION")
    distribution = re.search(r'^ID="?(\w+)', pathlib.Path("/etc/os-release").read_text(), re.M).group(1)
    others = [spdx_package(one["Package"], one["Version"], f"pkg:deb/{distribution}/{one['Package']}@{one['Version']}?arch={one['Architecture']}",
                           supplier=f"Person: {one['Maintainer']}", sourceInfo=f"built from {one['source:Package']} {one['source:Version']}")
              for one in facts]
    digest = hashlib.sha256(json.dumps([own, others]).encode()).hexdigest()
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"]), *((own["SPDXID"], "DEPENDS_ON", one["SPDXID"]) for one in others)]
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"sparkgate-{VERSION}",
            "documentNamespace": f"urn:sparkgate:image:{VERSION}:{digest}",
            "creationInfo": {"created": stamp(when), "creators": ["Tool: sparkgate-image"]}, "packages": [own, *others],
            "relationships": [dict(zip(("spdxElementId", "relationshipType", "relatedSpdxElement"), row)) for row in relations]}


def stamp(when):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def put_list(files, facts, when):
    """For people and scanners: the SBOM, a status file for each package as distroless images have it, and licences."""
    document = json.dumps(sbom(facts, when), indent=1).encode() + b"\n"
    files.put("usr/share/doc/sparkgate/sbom.spdx.json", document)
    for one in facts:
        text = "".join(f"{field}: {one[field]}\n" for field in ("Package", "Version", "Architecture", "Maintainer"))
        files.put(f"var/lib/dpkg/status.d/{one['Package']}", text.encode() + b"Status: install ok installed\n")
        licence = pathlib.Path("/usr/share/doc", one["Package"], "copyright")
        if licence.is_file():
            files.put(f"usr/share/doc/{one['Package']}/copyright", licence.read_bytes())
    files.put("etc/os-release", pathlib.Path("/etc/os-release").read_bytes())
    return document


def files_of(folder):
    """(files, SBOM) of the image."""
    when = epoch()
    package, files = deb(folder), Files(when)
    put_package(files, package)
    packages = put_libraries(files, folder / "stage/usr/bin/sparkgate") | {"ca-certificates"}
    put_certificates(files)
    for path, text in TEXTS.items():
        files.put(path, text.encode())
    for path, to in LINKS.items():
        files.link(path, to)
    files.folder(STATE, 0o700, UID)
    files.folder("tmp", 0o1777)
    return files, put_list(files, [facts_of(name) for name in sorted(packages)], when)


def configuration(diff_id, when):
    """What an engine is told: Docker's own fields, of which OCI's are a part."""
    check = ["CMD", "sparkgate", "--config", CONFIG, "--ready"]
    settings = {"User": f"{UID}:{UID}", "Env": ["PATH=/usr/bin"], "WorkingDir": f"/{STATE}", "ExposedPorts": {"8480/tcp": {}},
                "Entrypoint": ["sparkgate"], "Cmd": ["--config", CONFIG],
                "Labels": {f"org.opencontainers.image.{name}": text for name, text in {**LABELS, "created": stamp(when)}.items()},
                "Healthcheck": {"Test": check, "Interval": 5 * SECOND, "Timeout": 4 * SECOND, "StartPeriod": 20 * SECOND, "Retries": 3}}
    machine = {"amd64": "amd64", "arm64": "arm64"}[run("dpkg", "--print-architecture")]
    return {"architecture": machine, "os": "linux", "created": stamp(when), "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [diff_id]}, "history": [{"created": stamp(when), "created_by": "conf/packages/image.py"}]}


class Layout(Files):
    """An OCI image layout, with what `docker load` wants beside it."""

    def blob(self, content, kind):
        digest = hashlib.sha256(content).hexdigest()
        self.put(f"blobs/sha256/{digest}", content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def json(self, value):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def write_tar(folder):
    files, document = files_of(folder)
    when, layer = files.when, files.tar()
    layout = Layout(when)
    packed = layout.blob(gzip.compress(layer, 9, mtime=0), "layer.v1.tar+gzip")
    settings = layout.blob(layout.json(configuration(f"sha256:{hashlib.sha256(layer).hexdigest()}", when)), "config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = layout.blob(layout.json({"schemaVersion": 2, "mediaType": kind, "config": settings, "layers": [packed]}), "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": VERSION}
    layout.put("oci-layout", layout.json({"imageLayoutVersion": "1.0.0"}))
    layout.put("index.json", layout.json({"schemaVersion": 2, "manifests": [manifest]}))
    paths = [f"blobs/{one['digest'].replace(':', '/')}" for one in (settings, packed)]
    layout.put("manifest.json", layout.json([{"Config": paths[0], "RepoTags": [f"sparkgate:{VERSION}"], "Layers": [paths[1]]}]))
    made = folder / f"sparkgate-{VERSION}-image.tar"
    made.write_bytes(layout.tar())
    made.with_suffix(".spdx.json").write_bytes(document)
    return made


def write_root(folder, target):
    files, _ = files_of(folder)
    with tarfile.open(fileobj=io.BytesIO(files.tar())) as archive:
        archive.extractall(target, numeric_owner=True)


def main():
    if (*sys.argv[1:2], len(sys.argv)) not in (("tar", 3), ("root", 4)):
        raise SystemExit(__doc__)
    os.umask(0o022)
    folder = pathlib.Path(sys.argv[2]).resolve()
    with alone(folder):
        if sys.argv[1] == "tar":
            print(os.path.relpath(write_tar(folder), ROOT))
        else:
            write_root(folder, sys.argv[3])


if __name__ == "__main__":
    main()

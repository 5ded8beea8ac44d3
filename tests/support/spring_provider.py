"""Spring Authorization Server, a small Spring Boot application (spring/) that Maven brings the jars of.

Jars and classes are kept in the user's cache. It listens on loopback and is ended by its pid: about 190 MB, some seconds to start.
"""

import base64
import hashlib
import json
import pathlib
import secrets
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

from cache import ensure
from other_uis import Program
from provider_people import Person
from spark_cluster import JAVA_OPTS

HERE = pathlib.Path(__file__).resolve().parent / "spring"
SECRET = "a+b/c=d%25-secret-of-the-tests-0123456789"
FOR_LONG = 3600


def install(target):
    """Maven copies the jars that the pom names; the one class is compiled beside them."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    shutil.copy(HERE / "pom.xml", target)
    subprocess.run(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", target / "pom.xml", "dependency:copy-dependencies",
                    "-DincludeScope=runtime", f"-DoutputDirectory={target}/lib"], check=True, stdout=sys.stderr)
    subprocess.run(["javac", "-proc:none", "-parameters", "-cp", f"{target}/lib/*", "-d", target / "classes",
                    HERE / "SpringProvider.java"], check=True, stdout=sys.stderr)
    (target / ".ready").touch()


def secret_of(client):
    """Spring wants another secret for each client."""
    return f"{SECRET}-{client}"


def ensure_spring():
    files = sorted(HERE.iterdir())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    return ensure(f"spring-{digest}", "installing Spring Authorization Server", install)


class SpringProvider(Program):
    """with SpringProvider() as provider: provider.issuer"""

    name, base, patience = "spring", "", 240

    def command(self):
        self.issuer, home = self.url, ensure_spring()
        return ["java", *JAVA_OPTS.split(), "-Xmx256m", "-cp", f"{home}/classes:{home}/lib/*", "SpringProvider", str(self.port)]

    @property
    def probe(self):
        return "/.well-known/openid-configuration"

    def control(self, what, **values):
        request = urllib.request.Request(f"{self.issuer}/control/{what}", json.dumps(values).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def add_client(self, name, gateways, public=False, access_ttl=FOR_LONG, opaque=False):
        """Gives the client's secret, or None for a public one."""
        secret, urls = None if public else secret_of(name), [gateway.url for gateway in gateways]
        self.control("client", name=name, secret=secret, opaque=opaque, accessTtl=access_ttl,
                     redirects=[f"{url}/_gate/callback" for url in urls] or ["http://127.0.0.1/none"],
                     after=[f"{url}/_gate/logout" for url in urls])
        return secret

    def set_roles(self, user, *roles):
        self.control("roles", user=user, roles=list(roles))

    def end_grants(self, user):
        """As an administrator does who deletes them; Spring tells nobody."""
        self.control("end", user=user)

    def tokens(self, user, client):
        """What the token endpoint gives a client of add_client(name, []) for this person: ID, access and refresh token."""
        verifier, redirect = secrets.token_urlsafe(32), "http://127.0.0.1/none"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "openid profile",
            "code_challenge": challenge, "code_challenge_method": "S256"})
        answer = Person(user).sign_in(f"{self.issuer}/oauth2/authorize?{query}", lambda url: url.startswith(redirect))
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
                "client_id": client, "client_secret": secret_of(client)}
        with urllib.request.urlopen(f"{self.issuer}/oauth2/token", urllib.parse.urlencode(form).encode(), timeout=30) as said:
            return json.load(said)


if __name__ == "__main__":
    print(ensure_spring())

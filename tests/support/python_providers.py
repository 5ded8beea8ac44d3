"""Providers in Python that differ from each other: nanoidp, idpyoidc and django-oauth-toolkit, each real.

They are installed once into a place of their own in the user's cache, for what they require is not what the tests do. Each
listens on loopback and is ended by its pid.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from cache import ensure
from other_uis import Program
from spark_cluster import HOST

HERE = pathlib.Path(__file__).resolve().parent
WANTED = HERE / "python-providers-requirements.txt"
# what two readers of HTTP Basic read as two secrets (RFC 6749 §2.3.1)
SECRET = "a+b/c=d%25 e:f-0123456789"
PASSWORD = "a-password"


def install(target):
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", target], check=True)
    subprocess.run([target / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--root-user-action=ignore",
                    "-q", "-r", WANTED], check=True, stdout=sys.stderr)
    (target / ".ready").touch()


def python():
    """The Python that has them, with the very versions of the requirements."""
    name = f"providers-{hashlib.sha256(WANTED.read_bytes()).hexdigest()[:12]}"
    return ensure(name, "installing providers in Python", install) / "bin" / "python"


def post(url, data, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=10) as answer:
        return json.load(answer)


def raw_basic(name, secret):
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class PythonProvider(Program):
    """with NanoIdp() as provider: provider.issuer, provider.introspection"""

    base, patience, script = "", 60, ""

    def prepare(self):
        self.issuer = self.url

    def command(self):
        return [str(python()), str(HERE / self.script), str(self.port), SECRET]

    def is_up(self):
        """It answers, if only that there is no such page."""
        try:
            with urllib.request.urlopen(f"{self.issuer}/", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


class NanoIdp(PythonProvider):
    """Reads HTTP Basic as it stands, and takes its client's secret in no form although its metadata offers that; its refresh
    tokens are signed and introspect as active."""

    name = "nanoidp"

    def command(self):
        config = self.folder / "config"
        (config / "keys").mkdir(parents=True)
        (config / "users.yaml").write_text(json.dumps({"config_version": 1, "users": {
            "ann": {"password": PASSWORD, "email": "ann@example.org", "roles": ["spark-user"]}}}))
        (config / "settings.yaml").write_text(json.dumps({"config_version": 1, "server": {"host": HOST, "port": self.port}, "oauth": {
            "issuer": self.issuer, "audience": "spark",
            "clients": [{"client_id": "gate", "client_secret": SECRET, "redirect_uris": [f"{self.issuer}/back"]}]}}))
        self.introspection = None  # discovered
        return [str(python()), "-m", "nanoidp", "--config", str(config)]

    def tokens(self, user):
        form = urllib.parse.urlencode({"grant_type": "password", "username": user, "password": PASSWORD, "scope": "openid"})
        return post(f"{self.issuer}/token", form.encode(), {"Authorization": raw_basic("gate", SECRET)})


class Idpyoidc(PythonProvider):
    """Reads HTTP Basic as it stands; its refresh tokens are opaque and introspect as active."""

    name, script = "idpyoidc", "idpyoidc_provider.py"

    def command(self):
        self.introspection = f"{self.issuer}/introspection"
        return super().command()

    def tokens(self, user):
        return post(f"{self.issuer}/control/tokens", user.encode())


class DjangoProvider(PythonProvider):
    """Decodes HTTP Basic, refuses unknown clients with 403, and names people by `username` alone."""

    name, script = "django", "django_provider.py"

    def command(self):
        self.introspection = f"{self.issuer}/o/introspect/"
        return super().command()

    def token(self, user=None):
        """Of this person, or of the client itself."""
        return post(f"{self.issuer}/control/token", json.dumps({"user": user}).encode())["token"]


if __name__ == "__main__":
    print(python())

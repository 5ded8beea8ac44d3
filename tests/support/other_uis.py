"""Real web programs for `uis:`: JupyterLab, which is told its prefix, and Trac, which stands at its server's root.

install.sh puts both into build/uis. Each listens on loopback and is ended by its pid.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

from spark_cluster import HOST, Daemon, free_port, is_up, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
# everybody may write; a logo that is there; without the handbook, which is long
SETTINGS = """permission add anonymous TICKET_ADMIN WIKI_ADMIN REPORT_ADMIN
config set header_logo src common/trac_banner.png
wiki remove Trac*
wiki remove Inter*
"""
# who asks, as the proxy before Trac says it: its documentation's way for tracd
AUTHENTICATOR = """from trac.core import Component, implements
from trac.web.api import IAuthenticator
class FromTheProxy(Component):
    implements(IAuthenticator)
    def authenticate(self, req):
        return req.get_header("{}")
"""
PROGRAMS = ROOT / "build" / "uis" / "bin"


class Program:
    """with JupyterLab(…) as ui: ui.url"""

    name, base, probe, patience = "", "/", "", 90

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sparkgate-{self.name}-"))
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}{self.base}"
        self.env = {**os.environ, "HOME": str(self.folder), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        self.prepare()
        self.daemon = Daemon(self.name, self.command(), self.env, self.folder, self.folder / "log")
        try:
            wait_for(self.is_up, f"{self.name} at {self.url}", self.patience, self.daemon.check)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command, words=""):
        """`words` are what it reads."""
        subprocess.run(command, env=self.env, cwd=self.folder, check=True, capture_output=True, timeout=self.patience, input=words.encode())

    def prepare(self):
        pass

    def is_up(self):
        return is_up(self.url + self.probe)


class JupyterLab(Program):
    """Its pages say in JSON where its API is, so no rewriting of links can move it: it is told its `base`. No token of its
    own: who comes in was let in by the gateway."""

    name, probe = "jupyterlab", "api"

    def __init__(self, base="/"):
        self.base = base

    def command(self):
        return [str(PROGRAMS / "jupyter"), "lab", "--no-browser", "--allow-root", f"--ServerApp.ip={HOST}",
                f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.base_url={self.base}",
                f"--ServerApp.root_dir={self.folder}", "--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password=",
                # nothing is asked for out there
                "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly"]


class Trac(Program):
    """A wiki and ticket tracker whose links begin with "/", and whose forms want its cookie and its own Origin."""

    name = "trac"

    def __init__(self, identity_header=None):
        self.identity_header = identity_header

    def prepare(self):
        admin = str(PROGRAMS / "trac-admin")
        self.run(admin, "project", "initenv", "A project", "sqlite:db/trac.db")
        if self.identity_header:
            (self.folder / "project" / "plugins" / "proxy.py").write_text(AUTHENTICATOR.format(self.identity_header))
        self.run(admin, "project", words=SETTINGS)

    def command(self):
        return [str(PROGRAMS / "tracd"), "--single-env", f"--hostname={HOST}", f"--port={self.port}", "project"]

"""Fixtures: a real cluster of each Spark version, one after the other, and the gateway in front of it.

Nothing is skipped: what is missing fails. Screenshots go to build/screenshots/.
"""

import json
import pathlib
import re
import sys

import pytest
import requests
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from gateway import Gateway, cluster_entry, mounts_of  # noqa: E402
from keycloak import Keycloak  # noqa: E402
from kube_api import KubeApi  # noqa: E402
from oidc_provider import OidcProvider  # noqa: E402
from provider_people import NAVIGATION as CROSS_SITE  # noqa: E402
from spark_cluster import Cluster  # noqa: E402
from suites import FILES as SUITES, may_be_in, suite_of  # noqa: E402
from upstream import Upstream  # noqa: E402

BASE = "/gate"  # not the root: a link that forgets the prefix must be seen
COOKIE = "sparkgate" + BASE.replace("/", "_")  # of a session; over https with __Host- before it
VERSIONS = ["4.3", "3.5"]  # or that of --spark
FRONTS = ["direct", "evhttp"]  # of server.front
NAVIGATION = {**CROSS_SITE, "Sec-Fetch-Site": "same-origin"}


class Client(requests.Session):
    """A bearer client of one gateway: paths are below its base, redirects are not followed unless `follow` is true."""

    def __init__(self, gateway, token=None):
        super().__init__()
        self.gateway, self.trust_env = gateway, False
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, url, **options):
        options["allow_redirects"] = options.pop("follow", False)
        options.setdefault("timeout", 60)
        return super().request(method, url if "://" in url else self.gateway.url + url, **options)


def await_everything(gateway, info):
    """Waits for discovery to have verified every UI; gives an administrator's token."""
    token = gateway.create_token("discovery", "admin")["access_token"]
    gateway.await_mounts([f"{mount}/" for mount in mounts_of(info)], token)
    return token


def pytest_addoption(parser):
    parser.addoption("--cluster", action="append", default=[], metavar="FILE",
                     help="use a cluster that runs already: what spark_cluster.py --cluster-driver --json FILE wrote")
    parser.addoption("--spark", action="append", metavar="VERSION", help="in place of 4.3 and 3.5")
    parser.addoption("--suite", action="append", default=[], choices=SUITES, help="only tests of this suite; see suites.py")


def pytest_configure(config):
    """Before the tests' files are read, which take their parameters from it."""
    VERSIONS[:] = config.getoption("spark") or VERSIONS


def pytest_ignore_collect(collection_path, config):
    wanted = config.getoption("suite")
    return True if wanted and collection_path.suffix == ".py" and not may_be_in(collection_path.name, wanted) else None


def pytest_collection_modifyitems(config, items):
    wanted = config.getoption("suite")
    if wanted:
        others = [item for item in items if suite_of(item) not in wanted]
        items[:] = [item for item in items if suite_of(item) in wanted]
        config.hook.pytest_deselected(items=others)


def pytest_generate_tests(metafunc):
    if "info" in metafunc.fixturenames:
        metafunc.parametrize("info", metafunc.config.getoption("cluster") or VERSIONS, indirect=True, scope="session")


@pytest.fixture
def api():
    """A played Kubernetes API server."""
    with KubeApi() as running:
        yield running


@pytest.fixture(scope="session")
def info(request):
    """spark_cluster.Cluster.info() of a cluster with everything in it, of each version in turn."""
    if request.param in VERSIONS:
        with Cluster(request.param, cluster_driver=True) as running:
            yield running.info()
    else:
        yield json.loads(pathlib.Path(request.param).read_text())


@pytest.fixture(scope="session")
def upstream():
    """A plain UI for gateways whose tests are about who comes in, not about Spark."""
    with Upstream() as running:
        yield running


@pytest.fixture(scope="session")
def provider():
    """oidc-provider; each test module adds clients of its own."""
    with OidcProvider() as running:
        yield running


@pytest.fixture(scope="session")
def keycloak(request):
    """Keycloak was launched when the tests were collected, for it takes long to start."""
    yield request.config.stash[KEYCLOAK].wait()


KEYCLOAK = pytest.StashKey()


def pytest_collection_finish(session):
    if not session.config.option.collectonly and any("keycloak" in item.fixturenames for item in session.items):
        session.config.stash[KEYCLOAK] = Keycloak().launch()


def pytest_sessionfinish(session):
    if KEYCLOAK in session.config.stash:
        session.config.stash[KEYCLOAK].stop()


@pytest.fixture(scope="session")
def gateway(info):
    with Gateway([cluster_entry(info)], BASE) as running:
        await_everything(running, info)
        yield running


@pytest.fixture(scope="session")
def admin(gateway):
    return Client(gateway, gateway.create_token("an-admin", "admin")["access_token"])


@pytest.fixture(scope="session")
def user(gateway):
    return Client(gateway, gateway.create_token("a-user", "user")["access_token"])


@pytest.fixture(scope="session")
def playwright():
    """One for the whole run: Playwright's loop can't be started twice in a thread."""
    with sync_playwright() as started:
        yield started


def use_link(client, link, headers=None):
    """The button of a one-time link's page."""
    address, secret = link.split("?link=")
    origin = "/".join(link.split("/")[:3])
    return client.post(address, data={"link": secret}, headers=headers or {"Origin": origin})


def signed_in(gateway, role):
    """A client with a session cookie, as a browser has one."""
    token = gateway.create_token(f"session-{role}", role)["access_token"]
    client = Client(gateway)
    answer = client.post("/_gate/login", data={"token": token}, headers={"Origin": gateway.origin})
    assert answer.status_code == 303
    return client


def own_cookies(response):
    """Names of the cookies a response sets."""
    return re.findall(r"(?:^|, )([^=;, ]+)=", response.headers.get("Set-Cookie", ""))

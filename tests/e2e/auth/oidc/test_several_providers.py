"""Two OpenID providers at one gateway: each has people of the same subjects, and everybody is who their own provider says."""

import json
import re
import subprocess
import urllib.parse

import pytest
import requests

from gateway import Gateway, binary
from oidc_provider import OidcProvider
from redis_server import RedisServer
from spark_cluster import wait_for
from sso import User, entry_of, gateway_of_two, is_signed_in, ready

PARTNER = "127.0.0.2"  # ports share cookies


@pytest.fixture(scope="module")
def partner():
    with OidcProvider(host=PARTNER) as running:
        yield running


@pytest.fixture(scope="module")
def pair(provider, partner, upstream, tmp_path_factory):
    with gateway_of_two(tmp_path_factory.mktemp("pair"), provider, partner, upstream) as gateway:
        yield gateway


def entered(gateway, user="alice", provider=None, status=200):
    person = User(user)
    answer = person.enter(gateway, provider=provider)
    assert answer.status_code == status, answer.text[:2000]
    return person


def whoami(person, gateway):
    answer = person.program(gateway, "/whoami")
    assert answer.status_code in (200, 403), answer.text[:500]
    return answer.json()


def sessions(gateway, *more):
    listed = json.loads(gateway.command("session", "list", *more).stdout)
    return listed if isinstance(listed, list) else listed["sessions"]


def test_sign_in_page_has_a_button_for_each(pair, provider, partner):
    page = User("x").follow(User("x").open(pair))
    assert page.text.count("start=sso") == 2
    assert "Sign in with single sign-on" in page.text and "Sign in with partner" in page.text
    for name, issuer in ((None, provider.issuer), ("partner", partner.issuer)):
        begun = User("x").begin(pair, provider=name).headers["Location"]
        assert begun.startswith(issuer)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(begun).query)
        assert query["redirect_uri"] == [f"{pair.url}/_gate/callback" + (f"/{name}" if name else "")]


def test_provider_that_is_not_there_is_404(pair):
    answer = User("x").open(pair, "/_gate/login?start=sso&provider=other")
    assert answer.status_code == 404 and answer.text.count("start=sso") == 2


def test_s190_two_people_of_one_subject_are_two(pair):
    corp, guest = entered(pair), entered(pair, provider="partner")
    assert [whoami(person, pair)["subject"] for person in (corp, guest)] == ["alice", "oidc:partner:alice"]
    assert [len(sessions(pair, "--user", user)) for user in ("alice", "oidc:partner:alice")] == [1, 1]
    pair.command("session", "end", "--user", "alice")
    wait_for(lambda: not is_signed_in(corp, pair), "the session to end", 5)
    assert is_signed_in(guest, pair)
    pair.command("session", "end", "--user", "oidc:partner:alice")
    wait_for(lambda: not is_signed_in(guest, pair), "the session to end", 5)


def own_token(person, gateway, name):
    """The id of a token for the person as the gateway calls them."""
    program = gateway.command("token", "create", "--client-name", name, "--user", whoami(person, gateway)["subject"])
    return json.loads(program.stdout)["id"]


def test_s190_tokens_of_the_one_are_not_there_for_the_other(pair):
    corp, guest = entered(pair), entered(pair, provider="partner")
    ids = [own_token(person, pair, name) for person, name in ((corp, "corps"), (guest, "guests"))]
    for user, own in (("alice", ids[0]), ("oidc:partner:alice", ids[1])):
        listed = json.loads(pair.command("token", "list", "--user", user).stdout)
        rows = listed if isinstance(listed, list) else listed["tokens"]
        assert own in [row["id"] for row in rows] and not {*ids} - {own} & {row["id"] for row in rows}
    pair.command("session", "end", "--all")


def test_s193_callback_of_one_is_never_taken_at_the_others_address(pair):
    person = User("alice")
    callback = person.callback_of(pair, person.begin(pair, provider="partner"))
    assert urllib.parse.urlsplit(callback).path.endswith("/_gate/callback/partner")
    answer = person.step(callback.replace("/_gate/callback/partner", "/_gate/callback"))
    assert answer.status_code == 403 or answer.status_code == 400, answer.status_code
    assert person.session() is None
    assert person.follow(person.step(callback)).status_code == 200 and person.session()


def test_s193_answer_with_another_iss_is_refused(pair, provider, partner):
    person = User("alice")
    callback = person.callback_of(pair, person.begin(pair, provider="partner"))
    parts = urllib.parse.urlsplit(callback)
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert query["iss"] == partner.issuer
    lie = parts._replace(query=urllib.parse.urlencode({**query, "iss": provider.issuer})).geturl()
    assert person.step(lie).status_code >= 400 and person.session() is None


def test_sign_out_leads_to_the_provider_of_the_session(pair, provider, partner):
    for name, issuer in ((None, provider.issuer), ("partner", partner.issuer)):
        person = entered(pair, provider=name)
        answer = person.post(pair, "/_gate/logout")
        assert f"url={issuer}/" in answer.headers["Refresh"]
        assert not is_signed_in(person, pair)


def test_s194_logout_at_one_provider_ends_only_its_own_persons_sessions(pair, partner):
    corp, guest = entered(pair), entered(pair, provider="partner")
    page = guest.follow(guest.step(f"{partner.issuer}/session/end"))
    form = re.search(r'name="xsrf" value="([^"]+)"', page.text).group(1)
    answer = guest.step(f"{partner.issuer}/session/end/confirm", "post", data={"xsrf": form, "logout": "yes"})
    assert answer.status_code in (302, 303), answer.text[:1000]
    wait_for(lambda: not is_signed_in(guest, pair), "the partner's logout", 10)
    assert is_signed_in(corp, pair)


def test_metrics_log_and_readiness_name_the_provider(pair):
    entered(pair, provider="partner")
    text = requests.get(f"{pair.admin_url}/metrics", timeout=10).text
    assert 'sparkgate_identity_provider_up{provider="partner"} 1' in text and "\nsparkgate_identity_provider_up 1" in text
    count = next(line for line in text.splitlines() if line.startswith('sparkgate_provider_sign_ins_total{provider="partner",result="ok"}'))
    assert int(count.split()[-1]) >= 1
    assert ready(pair)[1]["identity_providers"] == {"partner": "ok"}
    lines = [json.loads(line) for line in pair.log_text().splitlines() if '"event":"sign_in"' in line]
    assert any(line.get("provider") == "partner" and line.get("user") == "oidc:partner:alice" for line in lines)


def test_s191_roles_of_a_provider_are_its_own(provider, partner, upstream, tmp_path):
    partner.set_roles("root", "spark-admin", "guests")
    with gateway_of_two(tmp_path, provider, partner, upstream, roles={"user": ["guests"]}) as gateway:
        guest = entered(gateway, "root", "partner")
        assert (whoami(guest, gateway)["role"], whoami(guest, gateway)["roles"]) == ("user", ["oidc:partner:guests"])
        assert whoami(entered(gateway, "root"), gateway)["role"] == "admin"
        page = User("nobody").enter(gateway, provider="partner")
        assert page.status_code == 403 and "<code>guests</code>" in page.text and "spark-admin" not in page.text
    partner.set_roles("root", "spark-admin", "wheel")


def test_claims_users_and_rows_of_roles_are_each_providers_own(provider, partner, upstream, tmp_path):
    """Both call somebody root who is in guests: what an entry says is for its own people."""
    users = tmp_path / "users"
    users.write_text("root spark-guest\n")
    rows = [{"role": "oidc:partner:guests", "uis": ["echo"], "rights": ["view"]}]
    for one in (provider, partner):
        one.set_roles("root", "guests")
    with gateway_of_two(tmp_path, provider, partner, upstream, roles={"claim": "groups"}, user_claim="sub", user_map_file=str(users)) as gateway:
        gateway.conf["auth"]["roles"] = {"claim": "nothing", "admin": ["guests"], "custom": rows}
        gateway.reload()
        wait_for(lambda: "was read again" in gateway.log_text(), "the reload", 10)
        guest = whoami(entered(gateway, "root", "partner"), gateway)
        assert guest["roles"] == ["oidc:partner:guests"] and guest["user"] == "spark-guest"
        corp = whoami(entered(gateway, "root", status=403), gateway)
        assert corp["roles"] == [] and corp["user"] != "spark-guest"
    for one in (provider, partner):
        one.set_roles("root", "spark-admin", "wheel")


def test_variable_sets_a_key_of_one_entry(provider, partner, upstream, tmp_path, monkeypatch):
    monkeypatch.setenv("SPARKGATE_AUTH_OIDC_PARTNER_LABEL", "Sign in as a guest")
    with gateway_of_two(tmp_path, provider, partner, upstream) as gateway:
        page = User("x").follow(User("x").open(gateway))
        assert "Sign in as a guest" in page.text and "Sign in with single sign-on" in page.text


@pytest.mark.parametrize("store", ["memory", "sqlite", "redis"])
def test_session_knows_its_provider_in_every_store_and_after_a_restart(store, provider, partner, upstream, tmp_path):
    with RedisServer() as redis:
        with gateway_of_two(tmp_path, provider, partner, upstream, redis=redis if store == "redis" else None,
                            settings={"store": "memory:"} if store == "memory" else {}) as gateway:
            corp, guest = entered(gateway), entered(gateway, provider="partner")
            if store != "memory":
                gateway.daemon.stop()
                gateway.start()
                wait_for(lambda: ready(gateway)[1]["identity_provider"] == "ok", "the providers", 30)
                wait_for(lambda: is_signed_in(corp, gateway), "the UI", 20)
            assert [whoami(person, gateway)["subject"] for person in (corp, guest)] == ["alice", "oidc:partner:alice"]
            answer = guest.post(gateway, "/_gate/logout")
            assert f"url={partner.issuer}/" in answer.headers["Refresh"]


def test_session_of_one_provider_lives_on_when_another_is_added(provider, partner, upstream, tmp_path):
    """What a gateway of one provider had is of the provider without a name."""
    with gateway_of_two(tmp_path, provider, partner, upstream) as gateway:
        rows = gateway.conf["auth"]["oidc"]
        gateway.conf["auth"]["oidc"] = rows[0]
        gateway.reload()
        wait_for(lambda: "identity_providers" in ready(gateway)[1] and ready(gateway)[1]["identity_providers"] == {},
                 "the reload", 10)
        person = entered(gateway)
        gateway.conf["auth"]["oidc"] = rows
        gateway.reload()
        wait_for(lambda: ready(gateway)[1]["identity_providers"] == {"partner": "ok"}, "the other provider", 30)
        assert whoami(person, gateway)["subject"] == "alice"


def test_check_says_which_provider_is_listed_twice(provider, upstream, tmp_path):
    gateway = Gateway([entry_of(upstream)], folder=tmp_path)
    row = {"issuer": provider.issuer, "client_id": "x"}
    gateway.merge({"auth": {"oidc": [row, {**row, "name": "again"}], "roles": {"claim": "groups", "user": ["u"]}}})
    gateway.write_config()
    said = subprocess.run([str(binary()), "--config", str(gateway.config), "--check"], capture_output=True, text=True, timeout=30)
    assert said.returncode == 1 and "listed twice" in said.stderr and "auth.oidc[1].issuer" in said.stderr

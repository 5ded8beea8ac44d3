"""Driver pods of Kubernetes: found, browsed, and left to the history server, as a fake API server tells of them.

The one thing it does not do is schedule: a pod's address is loopback, its port that of an application of the test's own.
"""

import base64
import ssl
import time

import pytest

from conftest import NAVIGATION, Client
from fake_spark import App
from kube_api import KubeApi, pod
from kube_world import World, teams_auth
from mock_provider import MockProvider
from signon import Browser, secret_file, wait_ready
from tls_front import HOST, write_certificate

BAR_S = 1.0


@pytest.fixture
def world(tmp_path, api):
    made = World(tmp_path, api)
    yield made
    made.stop()


def watched(world):
    world.until(lambda: world.api.watching() == 1, "a watch")


def test_pod_that_appears_is_browsable_and_one_that_goes_turns_to_history_within_a_second(world):
    watched(world)
    ui = world.driver("billing")
    live, permalink = f"/k/proxy/{ui.id}/", f"/k/apps/{ui.id}"
    appeared = world.until_status(live, 200)
    assert appeared < BAR_S
    assert "UI of billing" in world.client.get(live).text
    assert world.client.get(permalink).headers["Location"].endswith(live)
    assert world.client.get("/k/apps/billing").headers["Location"].endswith(live)
    assert "billing" in world.client.get("/k/").text
    world.history.apps[ui.id] = ("billing", True)
    world.api.delete("billing")
    history = f"/k/shs/history/{ui.id}/"
    took = world.until(lambda: world.client.get(permalink).headers.get("Location", "").endswith(history), "history")
    assert took < BAR_S
    print(f"browsable after {appeared * 1000:.0f} ms, history after {took * 1000:.0f} ms")
    assert world.status(live) == 404
    assert world.client.get(history).text == f"history of /history/{ui.id}/"
    # one list, one watch: nothing was asked again and again
    assert [query.get("watch") for _, query in world.api.requests] == [None, "true"]


def test_pod_that_ends_turns_to_history_though_it_is_still_there(world):
    ui = world.driver("etl")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    world.history.apps[ui.id] = ("etl", True)
    world.api.phase("etl", "Succeeded")
    world.until(lambda: "/shs/" in world.client.get("/k/apps/etl").headers.get("Location", ""), "history")
    assert "FINISHED" in world.client.get("/k/").text.upper()


def test_ui_that_comes_up_some_time_after_its_pod_is_browsable_within_a_second(world):
    watched(world)
    ui = App("spark-late", "late")
    port = ui.server.server_port
    ui.stop()
    world.api.put(pod("late", ui.id, phase="Pending", ip="", port=port))
    world.until(lambda: "late" in world.client.get("/k/").text, "a pod that waits")
    world.api.put(pod("late", ui.id, port=port))
    time.sleep(4)  # a JVM starts
    again = App(ui.id, "late", port)
    world.apps.append(again)
    assert world.until_status(f"/k/proxy/{ui.id}/", 200) < BAR_S


@pytest.mark.parametrize("gone_by", ["status", "event"])
def test_expired_version_is_listed_anew(world, gone_by):
    """One pod came, one went, and the server forgot how before the watch could hear of it."""
    api = world.api
    api.gone_by = gone_by
    old = world.driver("old")
    world.until_status(f"/k/proxy/{old.id}/", 200)
    with api.changed:  # no watch sees any of it
        api.delete("old")
        new = world.driver("new")
        api.compact()
    assert world.status(f"/k/proxy/{old.id}/") == 200  # what was known last
    api.cut()
    world.until_status(f"/k/proxy/{new.id}/", 200)
    world.until_status(f"/k/proxy/{old.id}/", 404)
    assert api.expired == 1


def test_api_server_that_was_away_is_asked_again(world):
    api, port = world.api, world.api.port
    old = world.driver("old")
    world.until_status(f"/k/proxy/{old.id}/", 200)
    api.stop()
    api.delete("old")
    new = world.driver("new")
    world.until(lambda: "cannot be watched" in world.gateway.log_text(), "a word in the log")
    assert world.status(f"/k/proxy/{old.id}/") == 200  # what was known last
    api.start(port)
    world.until_status(f"/k/proxy/{new.id}/", 200, 40)
    world.until_status(f"/k/proxy/{old.id}/", 404)


def test_cut_in_the_middle_of_an_event_goes_on_from_the_last_whole_one(world):
    api = world.api
    first = world.driver("first")
    world.until_status(f"/k/proxy/{first.id}/", 200)
    lists = sum("watch" not in query for _, query in api.requests)
    api.cut({"type": "DELETED", "object": api.pods["spark", "first"]})
    second = world.driver("second")
    world.until_status(f"/k/proxy/{second.id}/", 200)
    assert world.status(f"/k/proxy/{first.id}/") == 200
    assert sum("watch" not in query for _, query in api.requests) == lists


def test_bookmark_keeps_a_quiet_watch_young(world):
    api = world.api
    watched(world)
    other = pod("other", "spark-x", labels={"spark-role": "executor"})
    for _ in range(3):
        api.put(other)  # versions pass that this watch does not see
    api.bookmark()
    time.sleep(0.3)
    api.cut()
    world.until(lambda: sum("watch" in query for _, query in api.requests) >= 2 and api.watching(), "another watch")
    assert api.requests[-1][1]["resourceVersion"] == str(api.version)


def test_token_that_is_replaced_is_read_again(world):
    api = world.api
    watched(world)
    api.token = "second-token"
    api.write_token("second-token")
    api.cut()
    ui = world.driver("after")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    api.token = "third-token"  # the file has the old one for a while
    api.cut()
    world.until(lambda: "does not take the token" in world.gateway.log_text(), "a word in the log")
    api.write_token("third-token")
    world.until(lambda: api.watching() == 1, "a watch", 40)
    for token in ("second-token", "third-token"):
        assert token not in world.gateway.log_text()


def test_pods_of_other_namespaces_and_labels_are_not_found(world):
    watched(world)
    world.driver("elsewhere", namespace="other")
    world.driver("executor", labels={"spark-role": "executor"})
    world.driver("nameless", labels={"spark-app-selector": None})
    ui = world.driver("mine")
    world.until_status(f"/k/proxy/{ui.id}/", 200)
    page = world.client.get("/k/").text
    assert "elsewhere" not in page and "nameless" not in page
    assert world.status("/k/proxy/spark-elsewhere/") == 404
    # a pod that is relabelled is one that went
    world.api.put(pod("mine", ui.id, port=ui.server.server_port, labels={"spark-role": "was-driver"}))
    world.until_status(f"/k/proxy/{ui.id}/", 404)


def test_s0_pod_that_claims_another_pods_application_is_not_taken_for_it(world):
    victim = world.driver("victim")
    path = f"/k/proxy/{victim.id}/"
    world.until_status(path, 200)
    thief = App(victim.id, "thief")
    world.apps.append(thief)
    world.api.put(pod("aaa-thief", victim.id, port=thief.server.server_port))
    world.until(lambda: "is not taken for application" in world.gateway.log_text(), "a word in the log")
    assert "UI of victim" in world.client.get(path).text
    assert thief.seen == []
    # but when the first is gone, a pod of the same namespace may be its successor
    world.api.delete("victim")
    world.until(lambda: "UI of thief" in world.client.get(path).text, "the successor")


def test_s0_pod_is_believed_neither_about_who_it_is_nor_about_where(world):
    """Its UI says who it is, and its address must lie in the fence: metadata services never do."""
    liar = App("spark-somebody", "liar")
    world.apps.append(liar)
    world.api.put(pod("liar", "spark-victim", port=liar.server.server_port))
    world.api.put(pod("metadata", "spark-metadata", ip="169.254.169.254"))
    world.api.put(pod("public", "spark-public", ip="8.8.8.8"))
    world.api.put(pod("name", "spark-name", ip="evil.example"))
    world.api.put(pod("low", "spark-low", port=80))
    for app in ("metadata", "public", "name", "low"):
        world.until_status(f"/k/proxy/spark-{app}/", 403)
    world.until(lambda: liar.seen, "a question")
    assert world.status("/k/proxy/spark-victim/") == 503
    assert [path for _, path, _ in liar.seen if path != "/api/v1/applications"] == []


def test_api_server_that_refuses_or_is_not_there_is_told_on_the_page_and_in_the_log(world):
    api = world.api
    watched(world)
    api.refusal = (403, "pods is forbidden")
    api.cut()
    world.until(lambda: "the verbs list and watch of pods" in world.gateway.log_text(), "the log")
    world.until(lambda: "Kubernetes API server does not answer" in world.client.get("/k/").text, "the page")
    api.refusal = None
    world.until(lambda: "Kubernetes API server does not answer" not in world.client.get("/k/").text, "the page", 40)


def test_namespaces_and_selectors_can_be_changed_by_a_reload(world):
    mine = world.driver("mine")
    other = world.driver("other", namespace="other")
    world.until_status(f"/k/proxy/{mine.id}/", 200)
    requests_before = len(world.api.requests)
    world.entry["kubernetes"]["namespaces"] = ["spark", "other"]
    world.gateway.reload()
    world.until_status(f"/k/proxy/{other.id}/", 200)
    assert world.status(f"/k/proxy/{mine.id}/") == 200
    assert {path.split("/")[4] for path, _ in world.api.requests[requests_before:]} == {"other"}  # the first watch stays
    world.entry["kubernetes"]["namespaces"] = ["*"]
    world.gateway.reload()
    world.until(lambda: world.api.requests[-1][0] == "/api/v1/pods" and "watch" in world.api.requests[-1][1], "one watch for all")
    world.until_status(f"/k/proxy/{mine.id}/", 200)
    world.until_status(f"/k/proxy/{other.id}/", 200)


@pytest.fixture
def teams(tmp_path, api):
    """Applications of two namespaces, and a provider whose roles are limited to them."""
    with MockProvider() as provider:
        auth = teams_auth(tmp_path, provider)
        made = World(tmp_path, api, {"auth": auth})
        made.provider = provider
        made.entry["kubernetes"]["namespaces"] = ["*"]
        made.gateway.reload()
        wait_ready(made.gateway)
        for name in "ab":
            made.driver(name, namespace=name)
            made.until_status(f"/k/proxy/spark-{name}/", 200)
        yield made
        made.stop()


def sees(client, path):
    return client.get(path, headers=NAVIGATION).status_code


def test_s0_role_that_is_limited_to_a_namespace_sees_its_applications_and_no_others(teams):
    token = teams.provider.access_token(roles=["team-a"], aud="spark")
    client = Client(teams.gateway, token)
    assert sees(client, "/k/proxy/spark-a/") == 200
    for path in ("/k/proxy/spark-b/", "/k/apps/spark-b", "/k/apps/b", "/k/shs/", "/k/shs/api/v1/applications"):
        answer = client.get(path)
        assert (answer.status_code, "namespace" in answer.text) == (404, False), path  # S44: not there
    page = client.get("/k/").text
    assert "spark-a" in page and "spark-b" not in page
    # its history stays theirs
    for name in "ab":
        teams.history.apps[f"spark-{name}"] = (name, True)
        teams.api.delete(name, name)
    teams.until(lambda: "/shs/" in client.get("/k/apps/spark-a").headers.get("Location", ""), "history")
    assert sees(client, "/k/shs/history/spark-a/jobs/") == 200
    assert sees(client, "/k/shs/history/spark-b/jobs/") == 404
    assert sees(client, "/k/apps/spark-b") == sees(client, "/k/proxy/spark-b/") == sees(client, "/k/proxy/spark-b") == 404
    both = Client(teams.gateway, teams.provider.access_token(roles=["team-a", "team-b"], aud="spark"))
    assert {sees(both, f"/k/shs/history/spark-{name}/jobs/") for name in "ab"} == {200}
    whole = Client(teams.gateway, teams.provider.access_token(roles=["team-a", "spark-user"], aud="spark"))
    assert sees(whole, "/k/shs/history/spark-b/jobs/") == sees(whole, "/k/shs/") == 200


def test_s32_limit_of_a_session_is_that_of_the_providers_roles_of_now(teams):
    teams.provider.claims, teams.provider.expires_in = {"roles": ["team-a"], "name": "Ann"}, 2
    browser = Browser()
    assert browser.sign_in(teams.gateway, "/k/proxy/spark-a/").status_code < 400
    assert browser.go(teams.gateway, "/k/proxy/spark-a/").status_code == 200
    answer = browser.go(teams.gateway, "/k/proxy/spark-b/")
    assert answer.status_code == 404 and "spark-b" not in answer.text
    teams.provider.claims = {"roles": ["team-b"], "name": "Ann"}
    teams.until(lambda: browser.go(teams.gateway, "/k/proxy/spark-b/").status_code == 200, "the new role")
    assert browser.go(teams.gateway, "/k/proxy/spark-a/").status_code == 404
    teams.provider.claims = {"roles": ["spark-user"], "name": "Ann"}
    teams.until(lambda: browser.go(teams.gateway, "/k/proxy/spark-a/").status_code == 200, "a role without a limit")
    assert browser.go(teams.gateway, "/k/shs/").status_code == 200


def test_api_server_is_verified_and_the_client_has_a_certificate(tmp_path):
    """mTLS, as kubectl's administrators have it: everything inline."""
    pem = write_certificate(tmp_path, [HOST])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    tls.load_verify_locations(pem)
    tls.verify_mode = ssl.CERT_REQUIRED
    data = base64.b64encode(pem.read_bytes()).decode()
    with KubeApi(tls, token="") as api:
        api.ca_file = pem
        made = World(tmp_path, api, **{"client-certificate-data": data, "client-key-data": data})
        try:
            ui = made.driver("secure")
            made.until_status(f"/k/proxy/{ui.id}/", 200)
        finally:
            made.stop()


def test_two_thousand_driver_pods_cost_less_than_64_mib_and_no_polling(tmp_path, api):
    made = World(tmp_path, api)
    try:
        watched(made)
        idle = made.gateway.resident_kib()
        ui = App("spark-0", "zero")
        made.apps.append(ui)
        port = ui.server.server_port
        with api.changed:  # nobody sees it but who lists
            for i in range(2000):
                api.put(pod(f"driver-{i}", f"spark-{i}", port=port, started="2026-01-31T12:00:00Z"))
            api.compact()
            api.expire_next_page = True  # once: the list begins anew
        api.cut()
        made.until(lambda: "spark-1999" in made.client.get("/k/?q=driver-1999").text, "all of them", 60)
        made.until_status("/k/proxy/spark-0/", 200)
        made.until(lambda: "watch" in api.requests[-1][1], "a watch")
        pages = [query for _, query in api.requests if "continue" in query]
        assert api.expired == 2  # the watch's version, and the page
        assert len(pages) >= 4 and all(query["limit"] == "500" for query in pages)
        asked = len(api.requests)
        for i in range(2000):  # each changes once
            api.phase(f"driver-{i}", "Succeeded" if i % 2 else "Running")
        made.until_status("/k/proxy/spark-1999/", 404)
        more = (made.gateway.peak_kib() - idle) / 1024
        print(f"2,000 driver pods: {more:.1f} MiB at most")
        assert more < 64
        assert len(api.requests) == asked
    finally:
        made.stop()

"""Masters, drivers and other UIs with https: reached and verified by the cluster's own authorities, or not at all."""

import ssl

import pytest
import requests

from fake_spark import HOST, App, FakeSpark
from gateway import Gateway
from spark_cluster import wait_for
from tls_front import write_certificate

APP = "app-20260101000000-0001"


class BigApp(App):
    def page(self, request):
        return 200, "text/plain", "x" * 3000000, []


class Estate:
    """A gateway before a master, an application and another UI that speak TLS with a certificate of `names`."""

    def __init__(self, folder, names):
        self.ca_file = write_certificate(folder, names)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.ca_file)
        parts = [type(kind.__name__, (kind,), {"tls": tls}) for kind in (FakeSpark, BigApp)]
        self.spark = parts[0]()
        self.app = self.spark.add(parts[1](APP, "billing"))

    def entry(self, **more):
        return {**self.spark.entry(), "uis": [{"name": "other", "url": self.app.url}], **more}


@pytest.fixture
def estate(tmp_path):
    made = Estate(tmp_path, [HOST])
    with made.spark:
        yield made


def get(gateway, path, token):
    return requests.get(gateway.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def test_master_driver_and_other_ui_are_reached_over_tls(estate):
    with Gateway([estate.entry(ca_file=str(estate.ca_file))]) as gateway:
        token = gateway.create_token(role="admin")["access_token"]
        gateway.await_mounts(["/local/proxy/master/", f"/local/proxy/{APP}/jobs/", "/local/ui/other/"], token)
        for _ in range(5):
            assert get(gateway, f"/local/proxy/{APP}/jobs/", token).text == "x" * 3000000
        assert "4.3.0" in get(gateway, "/local/proxy/master/", token).text
        assert estate.app.seen  # over its own port, which speaks nothing but TLS


@pytest.mark.parametrize("names, trusted", [([HOST], False), (["somewhere.example"], True)])
def test_unknown_authority_or_name_is_not_polled_and_the_log_says_why(tmp_path, names, trusted):
    estate = Estate(tmp_path, names)
    entry = estate.entry(ca_file=str(estate.ca_file)) if trusted else estate.entry()
    with estate.spark, Gateway([entry]) as gateway:
        wait_for(lambda: "certificate" in gateway.log_text(), "a word about the certificate", 20, gateway.daemon.check)
        token = gateway.create_token(role="admin")["access_token"]
        assert get(gateway, "/local/proxy/master/", token).status_code >= 500
        assert estate.app.seen == []


def test_authority_that_is_taken_back_opens_nothing_more(estate):
    """What is known of the cluster stays at a reload, but not the trust in it."""
    with Gateway([estate.entry(ca_file=str(estate.ca_file))]) as gateway:
        token = gateway.create_token(role="admin")["access_token"]
        gateway.await_mounts(["/local/ui/other/"], token)
        gateway.conf["clusters"] = [estate.entry()]
        gateway.reload()
        wait_for(lambda: get(gateway, "/local/ui/other/", token).status_code == 502, "a refusal", 20, gateway.daemon.check)
        wait_for(lambda: any(line.get("reason") == "upstream_certificate" for line in gateway.access_log()),
                 "its line in the access log", 20, gateway.daemon.check)

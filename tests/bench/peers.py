"""The proxies that sparkgate is measured against, each as its operators would run it on one core.

Each function here starts one and gives it as a Contender; one that cannot be had raises Missing with the reason. All of
them are in front of the same site, keep connections to it, write no access log, and where they check a token, it is the
same RS256 token.
"""
import json
import pathlib
import re
import shutil

from machine import HOST, PROXY_CORE, Process, free_port, status_of
from spark_site import PAGE, nginx

ROOT = pathlib.Path(__file__).resolve().parents[2]
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
ISSUER = "https://issuer.example"
ANSWER = "/answered-by-itself"  # nginx without a check, and without an upstream


class Missing(Exception):
    """Not to be had on this machine; the text says why."""


class Contender:
    """A proxy under test: `url` is where the site's root is, `header` what a load sends, or None."""

    def __init__(self, name, process, url, header=None):
        self.name, self.process, self.url, self.header = name, process, url, header

    def stop(self):
        self.process.stop()


class World:
    """What a contender needs to know: a folder of its own, the site, the issuer's files and one of its tokens."""

    def __init__(self, folder, site, keys, token):
        self.folder, self.site, self.keys, self.token = folder, site, keys, token
        self.bearer = f"Authorization: Bearer {token}"


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(f"no {name} on the PATH")
    return found


def started(world, name, command, port, checks=True, scheme="http"):
    """It answers the page with the token; and where it checks, not without."""
    process = Process(file_name(name), PROXY_CORE, command, world.folder)
    return ready(Contender(name, process, f"{scheme}://{HOST}:{port}", world.bearer if checks else None))


def ready(contender):
    url = contender.url + PAGE
    try:
        if contender.header:
            contender.process.await_status(url, dict([contender.header.split(": ", 1)]))
            if status_of(url) == 200:
                raise Missing(f"{contender.name} lets in who has no token")
        else:
            contender.process.await_status(url)
    except BaseException:
        contender.stop()
        raise
    return contender


def file_name(name):
    return re.sub(r"[^\w]+", "-", name)


def nginx_proxy(world, name, server, more="", tls=None):
    """`server`: directives before proxy_pass. What does not fit its buffers is not written to files: it is cheaper so."""
    port = free_port()
    process = nginx(file_name(name), PROXY_CORE, world.folder, f"""
  upstream site {{ server {HOST}:{world.site.port}; keepalive 64; keepalive_requests 1000000000; }} {more}
  server {{ listen {HOST}:{port}{SECURE.format(tls) if tls else ""}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0;
    location / {{ {server} proxy_pass http://site; }}
    location = {ANSWER} {{ return 204; }}
    LOCATION
  }}""".replace("LOCATION", AUTHORITY if more else ""))
    return ready(Contender(name, process, f"http{'s' if tls else ''}://{HOST}:{port}"))


AUTHORITY = """location = /judge { internal; proxy_pass http://judge; proxy_pass_request_body off;
      proxy_set_header Connection ""; proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri; }"""


SECURE = " ssl http2; keepalive_requests 1000000000; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {0.chain}; ssl_certificate_key {0.key}"
BUFFERS = "proxy_buffers 16 32k; proxy_buffer_size 8k; proxy_busy_buffers_size 128k;"


def nginx_plain(world):
    program("nginx")
    return nginx_proxy(world, "nginx", "")


def nginx_buffers(world):
    """What a 90 KB answer needs: 3 reads instead of 23. Few set this; who does has another nginx."""
    program("nginx")
    return nginx_proxy(world, "nginx, 32 KiB buffers", BUFFERS)


def nginx_auth_request(world):
    """Its authority is another nginx that says 204 to everyone, on the other core: what asking costs, without a check."""
    program("nginx")
    judge = f"upstream judge {{ server {HOST}:{world.site.judge_port}; keepalive 64; keepalive_requests 1000000000; }}"
    return nginx_proxy(world, "nginx auth_request", "auth_request /judge;", judge)


HAPROXY = """
global
  nbthread 1
  maxconn 12000
  no strict-limits
  log /dev/null local0
defaults
  mode http
  timeout client 300s
  timeout server 300s
  timeout connect 5s
  timeout http-keep-alive 300s
  http-reuse always
frontend front
  bind {host}:{port}{tls}
  {check}
  default_backend site
backend site
  server site {host}:{site}
"""

# The algorithm is fixed, and the signature alone is checked: the least that it can do.
JWT_VERIFY = """http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.algorithm) str(RS256)
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.algorithm,"{keys}/key.pem") -m int 1 }}"""


def haproxy(world, name, check, tls=None):
    binary, port = program("haproxy"), free_port()
    conf = world.folder / f"{file_name(name)}.cfg"
    conf.write_text(HAPROXY.format(host=HOST, port=port, site=world.site.port, check=check,
                                   tls=f" ssl crt {tls.both}" if tls else ""))
    return started(world, name, [binary, "-db", "-f", conf], port, bool(check), "https" if tls else "http")


def haproxy_plain(world):
    return haproxy(world, "HAProxy", "")


def haproxy_jwt(world):
    return haproxy(world, "HAProxy jwt_verify", JWT_VERIFY.format(keys=world.keys))


# It takes keys from https addresses and files: a file. No thread ends within a run, so that the CPU time of all of them is seen.
APACHE = """
ServerName {host}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
Listen {host}:{port}
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 300
OIDCOAuthVerifyCertFiles bench#{keys}/key.pem
OIDCOAuthRemoteUserClaim sub
<Location />
  AuthType oauth20
  Require valid-user
  ProxyPass http://{host}:{site}/ keepalive=On max=64
</Location>
"""


def apache_openidc(world):
    binary, port = program("apache2"), free_port()
    if not (APACHE_MODULES / "mod_auth_openidc.so").exists():
        raise Missing("no mod_auth_openidc.so beside Apache's modules")
    names = ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc"]
    conf = world.folder / "apache.conf"
    conf.write_text(APACHE.format(
        host=HOST, port=port, folder=world.folder, site=world.site.port, keys=world.keys,
        modules="\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in names)))
    return started(world, "Apache mod_auth_openidc", [binary, "-D", "FOREGROUND", "-f", conf], port)


def envoy_listener(world, port, jwks):
    site = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    jwt = {"@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
           "providers": {"issuer": {"issuer": ISSUER, "audiences": ["bench"], "local_jwks": {"inline_string": jwks}}},
           "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}]}
    manager = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
               "stat_prefix": "front", "codec_type": "HTTP1",
               "route_config": {"virtual_hosts": [{"name": "site", "domains": ["*"], "routes": [
                   {"match": {"prefix": "/"}, "route": {"cluster": "site", "timeout": "0s"}}]}]},
               "http_filters": [{"name": "jwt", "typed_config": jwt}, {"name": "router", "typed_config": site}]}
    return {"address": address(port), "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}


def address(port):
    return {"socket_address": {"address": HOST, "port_value": port}}


def envoy(world):
    binary, port = envoy_binary(), free_port()
    conf = world.folder / "envoy.json"
    limits = {"thresholds": [{"max_connections": 1024, "max_pending_requests": 65536, "max_requests": 65536}]}
    conf.write_text(json.dumps({"static_resources": {
        "listeners": [envoy_listener(world, port, (world.keys / "jwks.json").read_text())],
        "clusters": [{"name": "site", "type": "STATIC", "circuit_breakers": limits, "load_assignment": {
            "cluster_name": "site", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(world.site.port)}}]}]}}]}}))
    return started(world, "Envoy jwt_authn", [binary, "-c", conf, "--concurrency", "1", "--disable-hot-restart", "-l", "error"], port)


def envoy_binary():
    """The one that the Python package has in it, or the PATH's."""
    packaged = ROOT / "build" / "envoy" / "envoy" / "_bin" / "envoy"
    if not packaged.exists():
        return program("envoy")
    packaged.chmod(0o755)
    return packaged


def oauth2_proxy(world):
    binary, port = program("oauth2-proxy"), free_port()
    flags = {
        "http-address": f"{HOST}:{port}", "upstream": world.site.url, "provider": "oidc", "client-id": "bench",
        "client-secret": "unused", "cookie-secret": "0123456789abcdef0123456789abcdef", "email-domain": "*",
        "oidc-issuer-url": ISSUER, "skip-oidc-discovery": "true", "oidc-jwks-url": f"{world.site.url}/jwks.json",
        "login-url": f"{ISSUER}/login", "redeem-url": f"{ISSUER}/token", "redirect-url": f"http://{HOST}:{port}/oauth2/callback",
        "skip-jwt-bearer-tokens": "true", "bearer-token-login-fallback": "false", "request-logging": "false", "auth-logging": "false",
        "standard-logging": "false", "metrics-address": "-"}
    return started(world, "oauth2-proxy", [binary, *(f"--{name}={value}" for name, value in flags.items())], port)


TLS_PEERS = {"nginx": lambda world, tls: nginx_proxy(world, "nginx", "", tls=tls), "HAProxy": lambda world, tls: haproxy(world, "HAProxy", "", tls)}
PEERS = {"nginx": nginx_plain, "nginx, 32 KiB buffers": nginx_buffers, "nginx auth_request": nginx_auth_request,
         "HAProxy": haproxy_plain, "HAProxy jwt_verify": haproxy_jwt, "Apache mod_auth_openidc": apache_openidc, "Envoy jwt_authn": envoy, "oauth2-proxy": oauth2_proxy}

"""An OpenID provider with nobody to talk to: it signs one person in at once, or says the error it is told to say.

For the gateway's own pages; how real providers behave is for those that run them. Keys and signatures by openssl(1).
"""

import base64
import hashlib
import http.server
import json
import secrets
import subprocess
import tempfile
import threading
import time
import urllib.parse


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True, timeout=30).stdout


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        provider = self.server.provider
        documents = {"/.well-known/openid-configuration": provider.metadata, "/jwks": provider.jwks}
        if parts.path in documents:
            self.answer(200, documents[parts.path]())
        elif parts.path == "/authorize":
            self.redirect(query["redirect_uri"], provider.authorize(query))
        elif parts.path == "/end":
            provider.ended.append(query)
            self.redirect(query["post_logout_redirect_uri"], {})
        else:
            self.answer(404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.answer(*self.server.provider.exchange(dict(urllib.parse.parse_qsl(body))))

    def redirect(self, where, parameters):
        self.send_response(302)
        self.send_header("Location", where + ("?" + urllib.parse.urlencode(parameters) if parameters else ""))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class SmallProvider:
    """with SmallProvider() as provider: provider.issuer. `error` is what it answers instead of a code; `claims` are added
    to whom it signs in; `ended` are the queries its end_session endpoint got."""

    def __init__(self):
        self.error, self.claims, self.ended, self.codes = None, {"sub": "u-1", "name": "Ada"}, [], {}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sparkgate-provider-")
        self.key = f"{self.folder.name}/key.pem"
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads, self.server.provider = True, self
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def metadata(self):
        ends = {"authorization": "authorize", "token": "token", "end_session": "end"}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks",
                **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in ends.items()},
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"], "backchannel_logout_supported": True}

    def jwks(self):
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k", "e": "AQAB",
                          "n": b64url(bytes.fromhex(modulus))}]}

    def sign(self, claims, **header):
        """A JWT of `claims`, with issuer, audience and times of now."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "gate", "iat": now, "exp": now + 300, **claims}
        parts = [{"alg": "RS256", "kid": "k", **header}, claims]
        text = ".".join(b64url(json.dumps(part).encode()) for part in parts)
        return f"{text}.{b64url(openssl('dgst', '-sha256', '-sign', self.key, data=text.encode()))}"

    def logout_token(self, **claims):
        events = {"http://schemas.openid.net/event/backchannel-logout": {}}
        return self.sign({"sub": self.claims["sub"], "jti": secrets.token_hex(8), "events": events, **claims}, typ="logout+jwt")

    def authorize(self, query):
        if self.error:
            return {**self.error, "state": query["state"]}
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def exchange(self, form):
        query = self.codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if query is None or query["code_challenge"] != b64url(digest):
            return 400, {"error": "invalid_grant"}
        token = self.sign({**self.claims, "nonce": query["nonce"]})
        return 200, {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": token}

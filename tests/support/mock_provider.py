"""An OpenID provider that does what real ones refuse to do: every misbehaviour of the OpenID conformance suite's tests of
relying parties is a word in `provider.faults`. Without faults it behaves.

It signs `provider.subject` in at once, without a page; roles and lifetimes may be changed while it runs, and it counts.
"""

import base64
import collections
import contextlib
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

BACK_CHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key of one algorithm: RS256, PS256, ES256, ES384, EdDSA, and so on."""

    CURVES = {"ES256": (ec.SECP256R1, "P-256", 32), "ES384": (ec.SECP384R1, "P-384", 48)}

    def __init__(self, alg="ES256", kid=None):
        self.alg, self.kid = alg, kid or secrets.token_hex(4)
        if alg[:2] in ("RS", "PS"):
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif alg == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = ec.generate_private_key(self.CURVES[alg][0]())

    def jwk(self):
        public = self.private.public_key()
        if self.alg[:2] in ("RS", "PS"):
            numbers = public.public_numbers()
            shape = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif self.alg == "EdDSA":
            shape = {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        else:
            numbers, (_, curve, size) = public.public_numbers(), self.CURVES[self.alg]
            shape = {"kty": "EC", "crv": curve, "x": number(numbers.x, size), "y": number(numbers.y, size)}
        return {**shape, "kid": self.kid, "use": "sig", "alg": self.alg}

    def sign(self, data):
        if self.alg == "EdDSA":
            return self.private.sign(data)
        digest = HASHES[self.alg[2:]]()
        if self.alg.startswith("RS"):
            return self.private.sign(data, padding.PKCS1v15(), digest)
        if self.alg.startswith("PS"):
            return self.private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
        size = self.CURVES[self.alg][2]
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def jws(key, claims, **header):
    """A compact token; `key` is a Key, None for alg none, or bytes for HMAC. A header of None is left out."""
    alg = "none" if key is None else "HS256" if isinstance(key, bytes) else key.alg
    head = {"alg": alg, "typ": "JWT", **({"kid": key.kid} if isinstance(key, Key) else {}), **header}
    head = {name: value for name, value in head.items() if value is not None}
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    if key is None:
        return text + "."
    signature = hmac.digest(key, text.encode(), "sha256") if isinstance(key, bytes) else key.sign(text.encode())
    return f"{text}.{b64(signature)}"


class MockProvider:
    """with MockProvider() as provider: provider.issuer, provider.client_id, provider.client_secret"""

    def __init__(self, port=0, alg="ES256", rotate=True):
        self.error, self.ended, self.sid = None, [], None  # said in place of a code; end_session's queries; None: random
        self.faults, self.subject, self.claims = set(), "alice", {"roles": ["spark-user"], "name": "Alice Example"}
        self.client_id, self.client_secret = "sparkgate", "mock-client-secret-of-32-characters"
        self.expires_in, self.rotate = 300, rotate
        self.keys = [Key(alg)]
        self.codes, self.refresh, self.used, self.opaque = {}, {}, set(), {}
        self.counts = {"authorize": 0, "code": 0, "refresh": 0, "userinfo": 0, "jwks": 0, "introspect": 0, "reuse": 0}
        self.delay, self.lock = 0, threading.Lock()
        self.members, self.members_status, self.asked_members = [], 200, []  # groups kept elsewhere; who asked for them, how
        self.arrived = collections.Counter()  # endpoints asked, answered or not yet
        self.port, self.server = port, None

    # --- life

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Listens; after stop(), on the same port again."""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                provider.serve(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        self.issuer = f"http://127.0.0.1:{self.port}/idp"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    # --- HTTP

    def serve(self, request):
        parts = urllib.parse.urlsplit(request.path)
        length = int(request.headers.get("Content-Length", 0))
        query = urllib.parse.parse_qs(parts.query)
        form = urllib.parse.parse_qs(request.rfile.read(length).decode()) if length else {}
        flat = {name: values[0] for name, values in (query | form).items()}
        name = parts.path.removeprefix("/idp/").replace(".well-known/openid-configuration", "metadata")
        handler = getattr(self, "on_" + name.replace("-", "_"), None)
        self.arrived[name] += 1
        if self.delay:
            time.sleep(self.delay)
        status, body, fields = handler(request, flat) if handler else (404, {"error": "not_found"}, {})
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        for field, value in {"Content-Type": "application/json", "Cache-Control": "no-store", **fields}.items():
            request.send_header(field, value)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        with contextlib.suppress(OSError):  # who asked may have left
            request.wfile.write(text)

    def on_metadata(self, request, _):
        issuer = self.issuer + "-other" if "DiscoveryIssuerMismatch" in self.faults else self.issuer
        return 200, {
            "issuer": issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo", "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end", "introspection_endpoint": f"{self.issuer}/introspect",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "ES384", "EdDSA"],
            "code_challenge_methods_supported": ["S256"], "backchannel_logout_supported": True,
            "authorization_response_iss_parameter_supported": "Iss" in "".join(self.faults)}, {}

    def on_jwks(self, request, _):
        self.counts["jwks"] += 1
        keys = [key.jwk() for key in self.keys]
        if "IgnoresUnparseableKeyInJwks" in self.faults:
            keys.insert(0, {"kty": "new", "kid": "?", "x": 1})
        if "KidAbsentMultipleJwks" in self.faults:
            keys.append(Key(self.keys[0].alg).jwk())
        return 200, {"keys": keys}, {"Cache-Control": "max-age=300"}

    def on_authorize(self, request, query):
        self.counts["authorize"] += 1
        for wanted in ("client_id", "redirect_uri", "state", "nonce", "code_challenge"):
            if not query.get(wanted):
                return 400, {"error": "invalid_request", "error_description": f"no {wanted}"}, {}
        if query["response_type"] != "code" or query["code_challenge_method"] != "S256" or "openid" not in query["scope"].split():
            return 400, {"error": "invalid_request"}, {}
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = query
        answer = {"code": code, "state": query["state"]} if self.error is None else {**self.error, "state": query["state"]}
        if "StateMissing" in self.faults:
            del answer["state"]
        if "StateInvalid" in self.faults:
            answer["state"] = secrets.token_urlsafe(32)
        if "IssParameterValid" in self.faults:
            answer["iss"] = self.issuer
        if "IssParameterWrong" in self.faults:
            answer["iss"] = "http://127.0.0.1:1/evil"
        location = query["redirect_uri"] + "?" + urllib.parse.urlencode(answer)
        if "CodeTwice" in self.faults:
            location += "&code=another"
        return 302, b"", {"Location": location}

    def on_end(self, request, query):
        self.ended.append(query)
        return 302, b"", {"Location": query["post_logout_redirect_uri"]}

    def authenticated(self, request, form):
        head = request.headers.get("Authorization", "")
        if head.startswith("Basic "):
            name, _, secret = base64.b64decode(head[6:]).decode().partition(":")
            pair = (urllib.parse.unquote(name), urllib.parse.unquote(secret))
        else:
            pair = (form.get("client_id"), form.get("client_secret"))
        return pair == (self.client_id, self.client_secret)

    def on_token(self, request, form):
        self.last_token_request = request.headers.get("Authorization", ""), form
        if not self.authenticated(request, form):
            return 401, {"error": "invalid_client"}, {}
        if "TokenEndpointDown" in self.faults:
            return 503, b"<h1>maintenance</h1>", {"Content-Type": "text/html"}
        if form.get("grant_type") == "authorization_code":
            return self.exchange(form)
        if form.get("grant_type") == "refresh_token":
            return self.renew(form)
        return 400, {"error": "unsupported_grant_type"}, {}

    def exchange(self, form):
        self.counts["code"] += 1
        with self.lock:
            begun = self.codes.pop(form.get("code"), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}, {}
        return 200, self.grant(self.subject, begun["nonce"], self.sid or secrets.token_hex(8)), {}

    def renew(self, form):
        token = form.get("refresh_token")
        with self.lock:
            self.counts["refresh"] += 1
            if token in self.used:
                self.counts["reuse"] += 1
                self.refresh.clear()
            known = self.refresh.get(token)
            if known and self.rotate:
                del self.refresh[token]
                self.used.add(token)
        if known is None or "InvalidGrant" in self.faults:
            return 400, {"error": "invalid_grant"}, {}
        subject, sid = known
        return 200, self.grant("mallory" if "RefreshOtherSubject" in self.faults else subject, None, sid), {}

    def grant(self, subject, nonce, sid):
        refresh, access = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with self.lock:
            self.refresh[refresh] = (subject, sid)
            self.opaque[access] = {"sub": subject, "client_id": self.client_id, "exp": int(time.time()) + self.expires_in, **self.claims}
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.expires_in, "refresh_token": refresh}
        if "NoIdToken" not in self.faults:
            answer["id_token"] = self.id_token(subject, nonce, sid, access)
        self.last_id_token = answer.get("id_token")
        return answer

    def id_token(self, subject, nonce, sid, access):
        now, key = int(time.time()), self.keys[0]
        digest = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}.get(key.alg[2:], hashlib.sha512)
        half = digest(access.encode()).digest()
        claims = {"iss": self.issuer, "sub": subject, "aud": self.client_id, "iat": now, "exp": now + 300, "sid": sid,
                  "at_hash": b64(half[:len(half) // 2]), **self.claims, **({"nonce": nonce} if nonce else {})}
        if "ScopeUserInfoClaims" in self.faults:
            claims = {name: value for name, value in claims.items() if name not in self.claims}
        header = {}
        for fault, change in self.ID_TOKEN_FAULTS.items():
            if fault in self.faults:
                key = change(self, key, claims, header) or key
        key = None if key == "none" else key
        return jws(key, claims, **header)

    # What each misbehaviour does to an ID token; gives another key, or None to keep the one there is.
    ID_TOKEN_FAULTS = {
        "NonceInvalid": lambda self, key, claims, header: claims.update(nonce="invalid"),
        "NonceMissing": lambda self, key, claims, header: claims.pop("nonce", None) and None,
        "MissingIat": lambda self, key, claims, header: claims.pop("iat") and None,
        "MissingSub": lambda self, key, claims, header: claims.pop("sub") and None,
        "MissingAud": lambda self, key, claims, header: claims.pop("aud") and None,
        "InvalidAud": lambda self, key, claims, header: claims.update(aud="somebody-else"),
        "InvalidIssuer": lambda self, key, claims, header: claims.update(iss="http://127.0.0.1:1/evil"),
        "RefreshLeavesClaimsOut": lambda self, key, claims, header: (
            None if "nonce" in claims else [claims.pop(name, None) for name in self.claims] and None),
        "RefreshTokenInvalidIssuer": lambda self, key, claims, header: (
            None if "nonce" in claims else claims.update(iss="http://127.0.0.1:1/evil")),
        "Expired": lambda self, key, claims, header: claims.update(exp=claims["iat"] - 3600, iat=claims["iat"] - 7200),
        "InvalidAtHash": lambda self, key, claims, header: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
        "InvalidSignature": lambda self, key, claims, header: Key(key.alg, key.kid),
        "IdTokenSigNone": lambda self, key, claims, header: "none",
        "IdTokenSigHS256": lambda self, key, claims, header: self.client_secret_bytes(),
        "KidAbsentSingleJwks": lambda self, key, claims, header: header.update(kid=None),
        "KidAbsentMultipleJwks": lambda self, key, claims, header: header.update(kid=None),
        "UnverifiedEmail": lambda self, key, claims, header: claims.update(email="root@example.org", email_verified=False),
    }

    def on_userinfo(self, request, _):
        self.counts["userinfo"] += 1
        self.last_userinfo = request.path, request.command, request.headers.get("Authorization", "")
        known = self.opaque.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if known is None:
            return 401, {"error": "invalid_token"}, {}
        subject = "somebody-else" if "InvalidSubInUserinfoResponse" in self.faults else known["sub"]
        return 200, {"sub": subject, **self.claims}, {}

    def on_groups(self, request, _):
        """A distributed claim (Core 5.6.2)."""
        self.asked_members.append((request.command, request.headers.get("Authorization", "")))
        return self.members_status, {"roles": self.members}, {}

    def on_getMemberObjects(self, request, _):
        """As Microsoft Graph answers."""
        self.asked_members.append((request.command, request.headers.get("Authorization", "")))
        return self.members_status, {"value": self.members}, {}

    def on_introspect(self, request, form):
        self.counts["introspect"] += 1
        if not self.authenticated(request, form):
            return 401, {"error": "invalid_client"}, {}
        known = self.opaque.get(form.get("token"))
        if known is None or known["exp"] < time.time():
            return 200, {"active": False}, {}
        return 200, {"active": True, "aud": ["spark"], "token_type": "Bearer", **known}, {}

    def client_secret_bytes(self):
        return self.client_secret.encode()

    # --- what a test makes it do

    def rotate_key(self, alg="ES256"):
        self.keys = [Key(alg)]

    def access_token(self, subject="robot", key=None, **claims):
        """A JWT access token for the audience "spark" (RFC 9068)."""
        now = int(time.time())
        body = {"iss": self.issuer, "sub": subject, "aud": ["spark"], "iat": now, "exp": now + 300, "jti": secrets.token_hex(8),
                "client_id": "robots", **self.claims, **claims}
        return jws(key or self.keys[0], body, typ="at+jwt")

    def opaque_token(self, subject="robot", expires_in=300, **claims):
        token = secrets.token_urlsafe(24)
        self.opaque[token] = {"sub": subject, "client_id": "robots", "exp": int(time.time()) + expires_in, **self.claims, **claims}
        return token

    def logout_token(self, *faults, subject=None, sid=None):
        now, key = int(time.time()), self.keys[0]
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
                  "events": {BACK_CHANNEL_EVENT: {}}, **({"sub": subject} if subject else {}), **({"sid": sid} if sid else {})}
        for fault in faults:
            key = {"AlgNone": lambda: None, "WrongAlg": self.client_secret_bytes}.get(fault, lambda: key)()
            {"NoEvent": lambda: claims.pop("events"), "WrongEvent": lambda: claims.update(events={"urn:other": {}}),
             "WithNonce": lambda: claims.update(nonce="n"), "WrongAud": lambda: claims.update(aud="somebody-else"),
             "WrongIssuer": lambda: claims.update(iss="http://127.0.0.1:1/evil")}.get(fault, lambda: None)()
        return jws(key, claims, typ="logout+jwt")

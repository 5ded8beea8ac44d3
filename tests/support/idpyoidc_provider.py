"""idpyoidc as a program: its server's introspection endpoint, and opaque tokens of a person that it makes as after a sign-in.

Runs in the Python of python_providers.py, which gives the port and the client's secret. POST /control/tokens with a name makes
an access token and a refresh token. What it refuses it answers as its own example does.
"""

import http.server
import json
import sys
import urllib.parse

from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.authn_event import create_authn_event
from idpyoidc.server.exception import ClientAuthenticationError, InvalidClient, UnAuthorizedClient, UnknownClient
from idpyoidc.server.oauth2.authorization import Authorization
from idpyoidc.server.oauth2.introspection import Introspection
from idpyoidc.server.oidc.token import Token
from idpyoidc.server.user_authn.authn_context import INTERNETPROTOCOLPASSWORD

PORT, SECRET = int(sys.argv[1]), sys.argv[2]
ISSUER = f"http://127.0.0.1:{PORT}"
RULES = {"access_token": {}, "refresh_token": {"supports_minting": ["access_token"]}}
CRYPT = {"kwargs": {"password": "0123456789abcdef", "salt": "salt"}}
OPAQUE = {"class": "idpyoidc.server.token.DefaultToken", "kwargs": {"crypt_conf": CRYPT, "lifetime": 3600}}

server = Server({
    "issuer": ISSUER, "httpc_params": {}, "subject_types_supported": ["public"],
    "key_conf": {"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}]},
    "token_handler_args": {
        "code": {"lifetime": 600, "kwargs": {"crypt_conf": CRYPT}}, "token": OPAQUE, "refresh": OPAQUE,
        "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}}},
    "endpoint": {"authorization": {"path": "authorization", "class": Authorization, "kwargs": {}},
                 "token": {"path": "token", "class": Token, "kwargs": {}},
                 "introspection": {"path": "introspection", "class": Introspection, "kwargs": {
                     "client_authn_method": ["client_secret_basic", "client_secret_post"], "enforce_audience_restriction": False}}},
    "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {}}},
})
context = server.context
context.cdb["gate"] = {"client_secret": SECRET, "redirect_uris": [(f"{ISSUER}/cb", None)], "response_types": ["code"],
                       "client_salt": "salted", "token_endpoint_auth_method": "client_secret_basic", "allowed_scopes": ["openid"]}


def mint(user):
    request = AuthorizationRequest(client_id="gate", redirect_uri=f"{ISSUER}/cb", scope=["openid"], state="s", response_type="code")
    manager = context.session_manager
    event = create_authn_event(user, authn_info=INTERNETPROTOCOLPASSWORD)
    session = manager.create_session(event, request, user, client_id="gate", sub_type="public")
    grant = manager.get_grant(session)
    grant.scope, grant.usage_rules = ["openid"], RULES
    return {kind: grant.mint_token(session, context=context, token_class=kind, token_handler=manager.token_handler.handler[kind],
                                   resources=["spark"], expires_in=3600).value for kind in RULES}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/control/tokens":
            self.answer(200, mint(form))
            return
        endpoint = server.get_endpoint("introspection")
        headers = {"authorization": self.headers["Authorization"]} if self.headers["Authorization"] else {}
        try:
            request = endpoint.parse_request(dict(urllib.parse.parse_qsl(form)), http_info={"headers": headers})
        except (ClientAuthenticationError, InvalidClient, UnAuthorizedClient, UnknownClient) as error:
            self.answer(400, {"error": "unauthorized_client", "error_description": str(error)})
            return
        self.answer(200, endpoint.process_request(request)["response_args"].to_dict())

    def do_GET(self):
        self.answer(404, {})

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()

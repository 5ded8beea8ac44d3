#include "proxy/http/fault.h"

#include <assert.h>

static const struct fault_row rows[FAULT_COUNT] = {
	[FAULT_NONE] = {200, "ok", ""},
	[FAULT_BAD_REQUEST] = {400, "bad_request", "The request is malformed."},
	[FAULT_BAD_TARGET] = {400, "bad_target",
		"The address is ambiguous. Remove //, dot segments or encoded slashes."},
	[FAULT_BAD_HOST] = {400, "bad_host",
		"The request is for another host than this gateway's."},
	[FAULT_BAD_FRAMING] = {400, "bad_framing", "The length of the request is ambiguous."},
	[FAULT_METHOD] = {405, "method", "This address does not allow this method."},
	[FAULT_BODY_TOO_LARGE] = {413, "body_too_large",
		"The body is larger than the gateway accepts."},
	[FAULT_HEAD_TOO_LARGE] = {431, "head_too_large",
		"The request's head is larger than server.limits.head allows: a long address or "
		"token, or many cookies."},
	[FAULT_REQUEST_TIMEOUT] = {408, "request_timeout", "The request did not arrive in time."},
	[FAULT_CONTENT_TYPE] = {415, "content_type",
		"This address does not accept this content type."},
	[FAULT_UNAUTHENTICATED] = {401, "unauthenticated", "Sign in to see this page."},
	[FAULT_INVALID_TOKEN] = {401, "invalid_token",
		"This token has expired, was revoked, or comes from an unknown issuer."},
	[FAULT_TWO_CREDENTIALS] = {400, "two_credentials",
		"The request must carry exactly one token, in the Authorization field."},
	[FAULT_NO_ROLE] = {403, "no_role", "You are signed in, but your account has no role here."},
	[FAULT_FORBIDDEN] = {403, "forbidden", "Your role does not allow this action."},
	[FAULT_CROSS_ORIGIN] = {403, "cross_origin",
		"This action must come from a page of this gateway."},
	[FAULT_NEVER] = {403, "never", "Nobody can do this through the gateway."},
	[FAULT_AHEAD] = {403, "ahead",
		"A browser may not load this ahead of time. Open it yourself."},
	[FAULT_ELSEWHERE] = {421, "elsewhere",
		"This application has its own host name. Open it from the home page."},
	[FAULT_NOT_TRUSTED] = {403, "not_trusted",
		"Only addresses in server.trusted_proxies may use this endpoint."},
	[FAULT_SCOPE] = {403, "scope", "The scope of your token does not include this."},
	[FAULT_SIGN_IN_STALE] = {400, "sign_in_stale",
		"This sign-in began in another browser or more than 10 minutes ago. Start again."},
	[FAULT_ENTER_STALE] = {400, "enter_stale",
		"This link into the application works once, within 30 seconds. Open the "
		"application again."},
	[FAULT_SIGN_IN_REFUSED] = {403, "sign_in_refused",
		"The identity provider did not sign you in."},
	[FAULT_SIGN_IN_DOWN] = {503, "sign_in_down", "Signing in is not possible at the moment."},
	[FAULT_TOO_MANY] = {429, "too_many", "Too many sign-ins from your address have failed."},
	[FAULT_STORE_DOWN] = {503, "store_down",
		"The gateway cannot check sign-ins at the moment."},
	[FAULT_ISSUER_DOWN] = {503, "issuer_down",
		"The issuer of your token does not answer. Try again in a few seconds."},
	[FAULT_OWN_CREDENTIALS] = {503, "own_credentials",
		"The identity provider refuses this gateway's own client id or secret. Tell the "
		"gateway's administrator."},
	[FAULT_NOT_FOUND] = {404, "not_found", "There is no such page here."},
	[FAULT_GONE] = {404, "gone", "This application or worker is not running any more."},
	[FAULT_NOT_READY] = {503, "not_ready",
		"The gateway is still connecting to this cluster. Reload in a few seconds."},
	[FAULT_CONFLICT] = {409, "conflict", "The token's state does not allow this."},
	[FAULT_UPSTREAM_CONNECT] = {502, "upstream_connect", "The page could not be reached."},
	[FAULT_UPSTREAM_CERTIFICATE] = {502, "upstream_certificate",
		"The gateway does not trust the page's certificate."},
	[FAULT_UPSTREAM_TLS] = {502, "upstream_tls", "The page could not be reached over TLS."},
	[FAULT_UPSTREAM_TIMEOUT] = {504, "upstream_timeout", "The page did not answer in time."},
	[FAULT_UPSTREAM_PROTOCOL] = {502, "upstream_protocol", "The page sent an invalid answer."},
	[FAULT_UPSTREAM_DIED] = {502, "upstream_died", "The page's answer ended too early."},
	[FAULT_BUSY] = {503, "busy", "Too many requests are waiting for this page."},
	[FAULT_MEMORY] = {503, "memory",
		"The gateway's memory limit is reached. Try again in a few seconds."},
	[FAULT_CLIENT_LEFT] = {0, "client_left", ""},
};

const struct fault_row *fault_row(enum fault fault)
{
	assert(fault >= 0 && fault < FAULT_COUNT);
	return &rows[fault];
}

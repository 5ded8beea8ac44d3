#include "proxy/fault.h"

#include <assert.h>

static const struct fault_row rows[FAULT_COUNT] = {
	[FAULT_NONE] = {200, "ok", ""},
	[FAULT_BAD_REQUEST] = {400, "bad_request", "The request is malformed."},
	[FAULT_BAD_TARGET] = {400, "bad_target",
		"The address contains something that could be read in two ways."},
	[FAULT_BAD_HOST] = {400, "bad_host",
		"The request is for another host than this gateway's."},
	[FAULT_BAD_FRAMING] = {400, "bad_framing", "The length of the request is ambiguous."},
	[FAULT_METHOD] = {405, "method", "This method is not used here."},
	[FAULT_BODY_TOO_LARGE] = {413, "body_too_large",
		"The body is larger than the gateway accepts."},
	[FAULT_HEAD_TOO_LARGE] = {431, "head_too_large",
		"The request's header fields are too large."},
	[FAULT_REQUEST_TIMEOUT] = {408, "request_timeout", "The request did not arrive in time."},
	[FAULT_UNAUTHENTICATED] = {401, "unauthenticated", "Sign in to see this page."},
	[FAULT_INVALID_TOKEN] = {401, "invalid_token",
		"The token is expired, revoked or not one of this platform's."},
	[FAULT_TWO_CREDENTIALS] = {400, "two_credentials",
		"The request carries its token in more than one place or malformed."},
	[FAULT_NO_ROLE] = {403, "no_role",
		"You are signed in, but no role opens this gateway to you."},
	[FAULT_FORBIDDEN] = {403, "forbidden", "Your role does not allow this action."},
	[FAULT_CROSS_ORIGIN] = {403, "cross_origin",
		"This action must come from a page of this gateway."},
	[FAULT_NEVER] = {403, "never",
		"This action is not offered through the gateway to anybody."},
	[FAULT_ELSEWHERE] = {421, "elsewhere",
		"This application's pages have an address of their own."},
	[FAULT_NOT_TRUSTED] = {403, "not_trusted",
		"Only a proxy that server.trusted_proxies names may ask this."},
	[FAULT_SCOPE] = {403, "scope", "Your token is narrowed to other things than this."},
	[FAULT_SIGN_IN_STALE] = {400, "sign_in_stale",
		"This sign-in was not begun in this browser, or is too old."},
	[FAULT_ENTER_STALE] = {400, "enter_stale",
		"This way into the application has been used, or is too old."},
	[FAULT_SIGN_IN_REFUSED] = {403, "sign_in_refused",
		"The identity provider did not sign you in."},
	[FAULT_SIGN_IN_DOWN] = {503, "sign_in_down", "Signing in is not possible at the moment."},
	[FAULT_STORE_DOWN] = {503, "store_down", "Sign-in cannot be checked at the moment."},
	[FAULT_NOT_FOUND] = {404, "not_found", "There is no such page here."},
	[FAULT_GONE] = {404, "gone", "This application or worker is not running any more."},
	[FAULT_NOT_READY] = {503, "not_ready", "The gateway does not know this cluster yet."},
	[FAULT_UPSTREAM_CONNECT] = {502, "upstream_connect", "The page could not be reached."},
	[FAULT_UPSTREAM_CERTIFICATE] = {502, "upstream_certificate",
		"The page's certificate is not one that the gateway trusts."},
	[FAULT_UPSTREAM_TLS] = {502, "upstream_tls", "The page could not be reached over TLS."},
	[FAULT_UPSTREAM_TIMEOUT] = {504, "upstream_timeout", "The page did not answer in time."},
	[FAULT_UPSTREAM_PROTOCOL] = {502, "upstream_protocol",
		"The page gave an answer that cannot be understood."},
	[FAULT_UPSTREAM_DIED] = {502, "upstream_died", "The page's answer broke off."},
	[FAULT_BUSY] = {503, "busy", "Too many requests are waiting for this page."},
	[FAULT_CLIENT_LEFT] = {0, "client_left", ""},
};

const struct fault_row *fault_row(enum fault fault)
{
	assert(fault >= 0 && fault < FAULT_COUNT);
	return &rows[fault];
}

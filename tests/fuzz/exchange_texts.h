/*
 * tests/fuzz/exchange_texts.h - what clients and the UI of fuzz_exchange.c say. An input chooses a
 * row by a letter: 'a' is the first. So new rows go to the end.
 *
 * Included there alone: a fuzz target is one file.
 */
#ifndef SPARKGATE_TESTS_EXCHANGE_TEXTS_H
#define SPARKGATE_TESTS_EXCHANGE_TEXTS_H

#include "base/mem.h"

#define ASK(method, path) method " " path " HTTP/1.1\r\nHost: 127.0.0.1:8480\r\n"
#define NOW		  "Authorization: Bearer now\r\n"
#define LATER		  "Authorization: Bearer later\r\n"
#define FORM		  "Content-Type: application/x-www-form-urlencoded\r\n"
#define MASTER		  "/c/proxy/master/"
#define OTHER		  "/c/ui/nb/"

static const char *const requests[] = {
	ASK("GET", MASTER) NOW "\r\n",
	ASK("GET", MASTER) LATER "\r\n",
	ASK("GET", MASTER) "\r\n",
	ASK("HEAD", OTHER) NOW "\r\n",
	ASK("POST", OTHER) NOW "Content-Length: 11\r\n\r\nhello world",
	ASK("POST", OTHER) LATER "Content-Length: 400000\r\n\r\n",
	ASK("POST", OTHER) LATER "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"6\r\n world\r\n0\r\n\r\n",
	ASK("PUT", OTHER) NOW "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
	ASK("POST", OTHER "form") NOW FORM "Content-Length: 8\r\n\r\ndoAs=eve",
	ASK("GET", OTHER "ws") NOW "Connection: Upgrade\r\nUpgrade: websocket\r\n"
				   "Sec-WebSocket-Version: 13\r\n"
				   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	ASK("GET", MASTER "static/a.js") NOW "\r\n",
	ASK("GET", MASTER "static/a.js") LATER "\r\n",
	ASK("GET", "/_gate/login?link=x") "\r\n",
	ASK("POST", "/_gate/login") FORM "Origin: http://127.0.0.1:8480\r\nContent-Length: "
					 "7\r\n\r\ntoken=x",
	ASK("GET", "/") LATER "Connection: close\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n",
};

/* A request for a page or an endpoint of our own is put together of one row each. */
static const char *const methods[] = {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "GET"};

static const char *const own_paths[] = {"/", "/c/", "/c", "/c/apps/x", "/nothing", "/_gate/nothing",
	"/_gate/login", "/_gate/logout", "/_gate/callback?state=x&code=y",
	"/_gate/hand-over?next=/", "/_gate/enter?code=x", "/_gate/jwks.json",
	"/_gate/static/gateway.css", "/_gate/oauth/token", "/_gate/oauth/revoke",
	"/_gate/oauth/introspect", "/_gate/auth/nginx", MASTER "app/kill/", MASTER "../x",
	OTHER "form"};

#define ID "0123456789abcdef0123456789abcdef"

static const char *const admin_paths[] = {"/", "/tokens", "/tokens?show=living", "/tokens/" ID,
	"/tokens/" ID "/revoke", "/tokens/" ID "/enable", "/_gate/login", "/_gate/logout",
	"/_gate/callback?state=x&code=y", "/_gate/static/gateway.css", "/_gate/nothing",
	"/api/v1/tokens", "/api/v1/tokens/revoke", "/api/v1/tokens/" ID,
	"/api/v1/tokens/" ID "/disable", "/api/v1/openapi.json", "/api/v1/nothing", "/ping",
	"/ready", "/metrics"};

static const struct site {
	const char *host;
	const char *const *paths;
	size_t paths_count;
} sites[] = {{"127.0.0.1:8480", own_paths, ARRAY_LEN(own_paths)},
	{"127.0.0.1:8481", admin_paths, ARRAY_LEN(admin_paths)}};

static const struct sender {
	const char *fields, *origin; /* "": the site's own; NULL: none is told */
} senders[] = {{NOW, ""}, {LATER, ""}, {"", ""}, {"", NULL}, {NOW, NULL}, {LATER, NULL},
	{"Cookie: sparkgate-admin=now\r\n", ""}, {LATER, "elsewhere.example"},
	{"Cookie: sparkgate-admin=later\r\n", ""}};

#define JSON	"Content-Type: application/json\r\n"
#define EXPECT	"Expect: 100-continue\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define EVERY_PARAMETER                                                                            \
	"token=x&link=x&everywhere=1&grant_type=refresh_token&refresh_token=x&force=true&next=%"   \
	"2fc%2f"

/* The rest of a head, and what is sent of the content it announces. */
static const char *const contents[] = {
	FORM "Content-Length: 92\r\n\r\n" EVERY_PARAMETER,
	FORM CHUNKED "7\r\ntoken=x\r\n0\r\n\r\n",
	"\r\n",					 /* none */
	FORM EXPECT "Content-Length: 7\r\n\r\n", /* late, or never: later[] */
	FORM EXPECT CHUNKED,
	FORM "Content-Length: 7\r\n\r\ntok", /* cut off */
	FORM CHUNKED "7\r\ntok",
	FORM "Content-Length: 400000\r\n\r\n", /* more than a form may be */
	FORM CHUNKED "fffff\r\nx",
	FORM "Content-Length: 14\r\n\r\nlogout_token=x",
	"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
	FORM FORM "Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\ntoken=x",
	FORM CHUNKED "0\r\n\r\n",
	"Content-Length: 0\r\n\r\n",
	JSON "Content-Length: 19\r\n\r\n{\"client_name\":\"x\"}",
	JSON CHUNKED "c\r\n{\"ids\":[\"x\"]\r\n1\r\n}\r\n0\r\n\r\n",
	JSON "Content-Length: 19\r\n\r\n{\"client",
	JSON EXPECT "Content-Length: 2\r\n\r\n",
	FORM "Content-Length: 13\r\n\r\nclient_name=x",
};

/* What completes one of them. */
static const char *const later[] = {"token=x", "en=x", "7\r\ntoken=x\r\n0\r\n\r\n",
	"en=x\r\n0\r\n\r\n", "not a chunk\r\n", "{}", "_name\":\"x\"}"};

static const char *const answers[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	"1c\r\n<html><a href=\"/jobs/\">x</a>\r\n",
	"0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\nall that comes",
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: 10\r\n\r\nvar x = 1;",
	"HTTP/1.1 302 Found\r\nLocation: /jobs/\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
};

#endif

#include "proxy/discovery/known/polled_server.h"

#include "base/log/log.h"
#include "proxy/discovery/known/cluster.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

void polled_server_init(
	struct polled_server *s, struct cluster *c, enum ui_kind kind, const struct url *url)
{
	char origin[288];
	size_t path = strlen(url->path);

	s->cluster = c;
	s->kind = kind;
	s->url = *url;
	if (path && s->url.path[path - 1] == '/')
		s->url.path[path - 1] = '\0';
	url_origin(url, origin);
	s->text = mem_printf("%s%s", origin, s->url.path);
	url_authority(url, false, s->authority);
}

void polled_server_clear(struct polled_server *s)
{
	if (s->fetch)
		fetch_cancel(s->fetch);
	free(s->text);
}

bool polled_server_is(const struct polled_server *s, const struct url *url)
{
	struct polled_server other;

	memset(&other, 0, sizeof other);
	polled_server_init(&other, s->cluster, s->kind, url);
	bool is = url_is_same(&s->url, &other.url);
	polled_server_clear(&other);
	return is;
}

const char *polled_server_refused(const struct polled_server *s)
{
	if (s->fence == NULL || s->addr_len == 0)
		return s->refused;
	return address_fence_check(s->fence, (const struct sockaddr *)(const void *)&s->addr);
}

static bool on_address(const struct sockaddr *sa, void *arg)
{
	struct polled_server *s = arg;

	s->refused = address_fence_check(s->fence, sa);
	return s->refused == NULL;
}

static struct fetch *ask(struct polled_server *s, const char *path, struct fetch_request *request)
{
	char *url = mem_printf("%s%s", s->text, path);

	request->url = url;
	request->timeout_ms = POLL_TIMEOUT_MS;
	request->is_once = s->fence != NULL;
	request->allow = s->fence ? on_address : NULL;
	request->allow_arg = s;
	struct fetch *fetch = cluster_ask(s->cluster, s->kind, request);
	free(url);
	return fetch;
}

struct fetch *polled_server_ask(struct polled_server *s, const char *path, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg), void *arg)
{
	struct fetch_request request = {.max_bytes = max_bytes, .done = done, .arg = arg};

	return ask(s, path, &request);
}

static bool same_address(
	const struct polled_server *s, const struct sockaddr_storage *peer, socklen_t len)
{
	return s->addr_len == len && memcmp(&s->addr, peer, len) == 0;
}

/* The operator named it: what is connected to may be asked, before it has answered anything. */
static void on_peer(const struct sockaddr_storage *peer, void *arg)
{
	struct polled_server *s = arg;
	socklen_t len = peer->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						    : sizeof(struct sockaddr_in);

	if (same_address(s, peer, len))
		return;
	s->addr = *peer;
	s->addr_len = len;
	cluster_changed(s->cluster);
}

void polled_server_poll(struct polled_server *s, const char *path, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg))
{
	struct fetch_request request = {
		.max_bytes = max_bytes, .on_peer = on_peer, .done = done, .arg = s};

	s->fetch = ask(s, path, &request);
}

bool polled_server_note(struct polled_server *s, const struct fetch_result *result, int wanted)
{
	bool good = result->status != 0 && (wanted == 0 || result->status == wanted);
	char why[128];

	s->fetch = NULL;
	if (!s->tried) {
		s->tried = true;
		cluster_changed(s->cluster);
	}
	snprintf(why, sizeof why, "status %d%s", result->status,
		result->status == 403 ? ", as Spark's JWSFilter says without its key (jws_key_file)"
				      : "");
	polled_server_set_up(s, good, result->status ? why : result->error);
	return good;
}

void polled_server_set_up(struct polled_server *s, bool up, const char *why)
{
	if (s->up == up && s->was_logged)
		return;
	s->up = up;
	s->was_logged = true;
	if (up)
		log_info("discovery", "cluster %s: %s answers", s->cluster->name, s->text);
	else
		log_warn("discovery", "cluster %s: %s does not answer: %s", s->cluster->name,
			s->text, why);
	cluster_changed(s->cluster);
}

void polled_server_numeric(const struct polled_server *s, char out[static 272])
{
	char ip[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	out[0] = '\0';
	if (s->addr_len == 0)
		return;
	if (s->addr.ss_family == AF_INET) {
		memcpy(&v4, &s->addr, sizeof v4);
		inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof ip);
		snprintf(out, 272, "%s:%u", ip, (unsigned)ntohs(v4.sin_port));
	} else {
		memcpy(&v6, &s->addr, sizeof v6);
		inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof ip);
		snprintf(out, 272, "[%s]:%u", ip, (unsigned)ntohs(v6.sin6_port));
	}
}

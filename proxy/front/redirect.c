#include "proxy/front/redirect.h"

#include "base/text/url.h"
#include "proxy/front/crowd.h"
#include "proxy/front/front.h"

#include <stdlib.h>

enum { CONNECTIONS = 256, IDLE_MS = 5000, FIELDS_MAX = 32 * 1024 };

struct redirect {
	struct front *front;
	struct conf *conf;
	struct crowd *crowd;
	enum redirect_site site;
};

static const char *origin_of(const struct redirect *redirect)
{
	const struct conf *conf = redirect->conf;

	return redirect->site == REDIRECT_TO_ADMIN ? conf->admin.origin : conf->server.origin;
}

static void answer_redirect(struct front_request *req, int status, const struct sbuf *fields)
{
	front_close_after(req);
	front_reply_head(req, status, fields, 0, str_eq(req->method, STR("HEAD")));
	front_reply_end(req);
}

/* Always to the configured origin: neither the Host field nor an absolute target chooses it. */
static void on_redirect_request(void *arg, struct front_request *req)
{
	const struct redirect *redirect = arg;
	bool is_get = str_eq(req->method, STR("GET")) || str_eq(req->method, STR("HEAD"));
	struct target target;
	struct sbuf fields;

	sbuf_init(&fields, FIELDS_MAX);
	sbuf_puts(&fields, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	bool is_known =
		is_get && target_parse(req->target, &target, NULL) == 0 && req->target.at[0] == '/';
	if (is_known) {
		sbuf_printf(&fields, "Location: %s", origin_of(redirect));
		sbuf_add(&fields, req->target.at, req->target.len);
		sbuf_puts(&fields, "\r\n");
	}
	if (is_known && fields.overflow) {
		sbuf_reset(&fields);
		is_known = false;
	}
	answer_redirect(req, is_known ? 301 : 400, &fields);
	sbuf_clear(&fields);
}

static void on_redirect_refused(void *arg, const char *peer, enum fault fault)
{
	(void)arg, (void)peer, (void)fault;
}

struct redirect *redirect_new(
	struct event_base *base, int listen_fd, const struct conf *conf, enum redirect_site site)
{
	struct redirect *redirect = mem_alloc(1, sizeof *redirect);
	const struct front_limits limits = {.head = conf->limit_head,
		.connections = CONNECTIONS,
		.head_timeout_ms = conf->limit_head_timeout_ms,
		.idle_timeout_ms = IDLE_MS};

	redirect->site = site;
	redirect->conf = conf_share(conf);
	redirect->front = front_new(base, (enum front_kind)conf->front, listen_fd, &limits,
		on_redirect_request, on_redirect_refused, redirect);
	redirect->crowd = crowd_new(conf, 1);
	front_use_crowd(redirect->front, redirect->crowd);
	return redirect;
}

void redirect_set_conf(struct redirect *redirect, const struct conf *conf)
{
	if (redirect == NULL)
		return;
	conf_unref(redirect->conf);
	redirect->conf = conf_share(conf);
	crowd_set_conf(redirect->crowd, conf);
}

void redirect_drain(struct redirect *redirect, int64_t idle_ms)
{
	if (redirect)
		front_drain(redirect->front, idle_ms);
}

void redirect_free(struct redirect *redirect)
{
	if (redirect == NULL)
		return;
	front_free(redirect->front);
	crowd_free(redirect->crowd);
	conf_unref(redirect->conf);
	free(redirect);
}

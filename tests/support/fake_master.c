#include "tests/support/fake_master.h"

#include <pthread.h>
#include <stdlib.h>

enum kind { WORKER, APP, DRIVER };

struct row {
	struct row *next;
	enum kind kind;
	char *id, *state, *name, *where; /* where: web UI address, href or worker id */
	char *user;
};

struct fake_master {
	struct fake_http *http;
	char *url;
	pthread_mutex_t lock;
	char *status;
	struct row *rows;
	unsigned polls;
};

static void row_free(struct row *r)
{
	free(r->id);
	free(r->state);
	free(r->name);
	free(r->where);
	free(r->user);
	free(r);
}

static struct row **row_find(struct fake_master *m, enum kind kind, struct str id)
{
	struct row **at = &m->rows;

	while (*at && !((*at)->kind == kind && str_eq(str_of((*at)->id), id)))
		at = &(*at)->next;
	return at;
}

static void row_set(struct fake_master *m, enum kind kind, const char *id, const char *name,
	const char *where, const char *state)
{
	struct row *r = NULL, **at;

	if (state) {
		r = mem_alloc(1, sizeof *r);
		*r = (struct row){.kind = kind,
			.id = mem_strdup(id),
			.name = mem_strdup(name),
			.where = mem_strdup(where),
			.user = mem_strdup("u"),
			.state = mem_strdup(state)};
	}
	pthread_mutex_lock(&m->lock);
	at = row_find(m, kind, str_of(id));
	if (*at) {
		struct row *old = *at;
		*at = old->next;
		if (r)
			mem_replace_text(&r->user, old->user);
		row_free(old);
	}
	if (r) {
		r->next = m->rows;
		m->rows = r;
	}
	pthread_mutex_unlock(&m->lock);
}

static bool is_active(const struct row *r)
{
	return strcmp(r->state, "RUNNING") == 0 || strcmp(r->state, "WAITING") == 0;
}

static void write_row(struct sbuf *out, const struct row *r, unsigned polls)
{
	static const char *const where[] = {
		[WORKER] = "webuiaddress", [APP] = "href", [DRIVER] = "worker"};

	sbuf_printf(out, "{\"id\":\"%s\",\"name\":\"%s\",\"state\":\"%s\",\"%s\":\"%s\",", r->id,
		r->name, r->state, where[r->kind], r->where ? r->where : "");
	sbuf_printf(out,
		"\"host\":\"h\",\"user\":\"%s\",\"cores\":4,\"coresused\":1,\"memory\":1024,"
		"\"starttime\":1700000000000,",
		r->user);
	/* What changes by itself. A finished application's duration does not. */
	sbuf_printf(
		out, "\"lastheartbeat\":%u,\"duration\":%u},", polls, is_active(r) ? polls : 5000);
}

static void write_rows(struct sbuf *out, const struct fake_master *m, const char *key,
	enum kind kind, bool wants_active)
{
	sbuf_printf(out, "\"%s\":[", key);
	for (const struct row *r = m->rows; r; r = r->next) {
		if (r->kind == kind && (kind == WORKER || is_active(r) == wants_active))
			write_row(out, r, m->polls);
	}
	if (out->at[out->len - 1] == ',')
		out->len--;
	sbuf_puts(out, "],");
}

static void write_json(struct sbuf *out, struct fake_master *m)
{
	m->polls++;
	sbuf_puts(out, "{\"url\":\"spark://master.example:7077\",");
	write_rows(out, m, "workers", WORKER, true);
	write_rows(out, m, "activeapps", APP, true);
	write_rows(out, m, "completedapps", APP, false);
	write_rows(out, m, "activedrivers", DRIVER, true);
	write_rows(out, m, "completeddrivers", DRIVER, false);
	sbuf_printf(out,
		"\"cores\":4,\"coresused\":1,\"memory\":1024,\"memoryused\":512,\"status\":\"%s\"}",
		m->status);
}

static void write_app_page(struct sbuf *out, struct fake_master *m, const char *query)
{
	const struct row *r = *row_find(m, APP, str_from(str_of(query), strlen("appId=")));

	sbuf_puts(out, "<html><body><span class=\"version\">4.3.0</span><ul>");
	if (r && r->where && is_active(r))
		sbuf_printf(out,
			"<li><strong>User:</strong> %s</li><li><a href=\"%s\">Application Detail "
			"UI</a></li>",
			r->user, r->where);
	sbuf_puts(out, "</ul></body></html>");
}

static bool on_request(void *arg, const struct fake_request *req, struct fake_answer *answer)
{
	struct fake_master *m = arg;
	bool is_json = strcmp(req->path, "/json/") == 0;

	if (!is_json && strcmp(req->path, "/app/") != 0) {
		sbuf_puts(&answer->body, "<html>Spark Master</html>"); /* T49: a catch-all */
		return true;
	}
	pthread_mutex_lock(&m->lock);
	if (is_json) {
		answer->type = "text/json;charset=utf-8";
		write_json(&answer->body, m);
	} else {
		write_app_page(&answer->body, m, req->query);
	}
	pthread_mutex_unlock(&m->lock);
	return true;
}

struct fake_master *fake_master_start(const char *status)
{
	struct fake_master *m = mem_alloc(1, sizeof *m);

	pthread_mutex_init(&m->lock, NULL);
	m->status = mem_strdup(status);
	m->http = fake_http_start("127.0.0.1");
	m->url = mem_printf("http://127.0.0.1:%u", fake_http_port(m->http));
	fake_http_handle(m->http, on_request, m);
	return m;
}

void fake_master_stop(struct fake_master *m)
{
	fake_http_stop(m->http);
	while (m->rows) {
		struct row *r = m->rows;
		m->rows = r->next;
		row_free(r);
	}
	pthread_mutex_destroy(&m->lock);
	free(m->status);
	free(m->url);
	free(m);
}

const char *fake_master_url(const struct fake_master *m)
{
	return m->url;
}

struct fake_http *fake_master_http(const struct fake_master *m)
{
	return m->http;
}

void fake_master_status(struct fake_master *m, const char *status)
{
	pthread_mutex_lock(&m->lock);
	free(m->status);
	m->status = mem_strdup(status);
	pthread_mutex_unlock(&m->lock);
}

void fake_master_worker(
	struct fake_master *m, const char *id, const char *web_ui, const char *state)
{
	row_set(m, WORKER, id, "", web_ui, state);
}

void fake_master_app(struct fake_master *m, const char *id, const char *name, const char *href,
	const char *state)
{
	row_set(m, APP, id, name, href, state);
}

void fake_master_user(struct fake_master *m, const char *id, const char *user)
{
	struct row *r;

	pthread_mutex_lock(&m->lock);
	r = *row_find(m, APP, str_of(id));
	if (r)
		mem_replace_text(&r->user, user);
	pthread_mutex_unlock(&m->lock);
}

void fake_master_driver(
	struct fake_master *m, const char *id, const char *worker, const char *state)
{
	row_set(m, DRIVER, id, "", worker, state);
}

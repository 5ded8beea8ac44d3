/* Which of a cluster's masters is alive, and what it lists. */
#include "proxy/launch/rest/rest_errand.h"

#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "base/text/json_value.h"

#include <stdio.h>

static void ask_next(struct errand *errand);

static void on_master(struct errand *errand, const struct fetch_result *result)
{
	json_t *json = result->status == 200 ? json_of_text(result->body, NULL) : NULL;

	if (strcmp(json_value_string(json, "status"), "ALIVE") == 0) {
		errand->master = json;
		errand->server = 0;
		errand->with_master(errand);
		return;
	}
	json_decref(json);
	ask_next(errand);
}

static void ask_next(struct errand *errand)
{
	const struct conf_cluster *cluster = errand->at->cluster;
	struct sbuf url;
	char origin[288];

	if (errand->server >= cluster->masters_count && errand->answer.handle) {
		errand_end(errand, &errand->answer); /* of a status: so much is known */
		return;
	}
	if (errand->server >= cluster->masters_count) {
		errand_say(errand, errand->order->is_in_doubt ? LAUNCH_UNSURE : LAUNCH_NOT_NOW,
			"no master of the cluster is alive");
		return;
	}
	const struct url *master = &cluster->masters[errand->server++];
	url_origin(master, origin);
	sbuf_init(&url, 2048);
	sbuf_printf(&url, "%s%s", origin, master->path);
	if (!str_ends(sbuf_str(&url), STR("/")))
		sbuf_putc(&url, '/');
	sbuf_puts(&url, "json/");
	errand_ask(errand, sbuf_str(&url).at, UI_MASTER, NULL, on_master);
	sbuf_clear(&url);
}

void errand_find_master(struct errand *errand, void (*then)(struct errand *errand))
{
	errand->with_master = then;
	errand->server = 0;
	ask_next(errand);
}

const char *errand_spark_url(const struct errand *errand)
{
	return json_value_string(errand->master, "url");
}

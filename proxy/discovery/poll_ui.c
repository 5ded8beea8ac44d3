/* proxy/discovery/poll_ui.c - other UIs of the configuration: only their address is wanted, so any
 * answer will do. */
#include "proxy/discovery/discovery_int.h"

#include "base/clock.h"

#include <stdlib.h>

enum { SLOWER = 15 }; /* polls of a master per probe of a UI that answers */

struct ui *ui_new(struct cluster *c, const struct conf_ui *conf)
{
	struct ui *ui = mem_alloc(1, sizeof *ui);

	polled_server_init(&ui->source, c, UI_OTHER, &conf->url);
	ui->name = mem_strdup(conf->name);
	return ui;
}

void ui_free(struct ui *ui)
{
	polled_server_clear(&ui->source);
	free(ui->name);
	free(ui);
}

static void on_answer(const struct fetch_result *result, void *arg)
{
	struct ui *ui = arg;
	int64_t poll_ms = ui->source.cluster->conf->poll_ms;

	polled_server_note(&ui->source, result, 0);
	ui->source.due_ms = clock_mono_ms() + (ui->source.up ? SLOWER * poll_ms : poll_ms);
}

void ui_poll(struct ui *ui)
{
	if (ui->source.fetch == NULL && clock_mono_ms() >= ui->source.due_ms)
		ui->source.fetch = polled_server_ask(&ui->source, "/", PROBE_MAX, on_answer, ui);
}

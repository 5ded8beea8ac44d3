#include "proxy/discovery/uis/poll_ui.h"

#include "base/clock.h"
#include "proxy/discovery/known/cluster.h"

#include <stdlib.h>

enum { PROBE_MAX = 1024 * 1024 };
enum { SLOWER = 15 }; /* polls of a master per probe of a UI that answers */

struct ui *ui_new(struct cluster *c, const struct conf_ui *conf)
{
	struct ui *ui = mem_alloc(1, sizeof *ui);

	polled_server_init(&ui->server, c, UI_OTHER, &conf->url);
	ui->name = mem_strdup(conf->name);
	return ui;
}

void ui_free(struct ui *ui)
{
	polled_server_clear(&ui->server);
	free(ui->name);
	free(ui);
}

static void on_ui_answer(const struct fetch_result *result, void *arg)
{
	struct ui *ui = arg;
	int64_t poll_ms = ui->server.cluster->conf->poll_ms;

	polled_server_note(&ui->server, result, 0);
	ui->server.due_ms = clock_mono_ms() + (ui->server.up ? SLOWER * poll_ms : poll_ms);
}

void ui_poll(struct ui *ui)
{
	if (ui->server.fetch == NULL && clock_mono_ms() >= ui->server.due_ms)
		polled_server_poll(&ui->server, "/", PROBE_MAX, on_ui_answer);
}

#include "proxy/discovery/known/app_word.h"

#include "base/clock.h"
#include "proxy/discovery/known/cluster.h"

void app_say(struct app *a, const char *reason)
{
	char line[APP_REASON_MAX + 1];
	size_t len = str_fit_chars(str_of(reason), APP_REASON_MAX);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)reason[i];
		line[i] = c < ' ' || c == 0x7f ? ' ' : reason[i];
	}
	line[len] = '\0';
	if (mem_replace_text(&a->reason, len ? line : NULL))
		cluster_changed(a->known.cluster);
}

void app_say_ended(struct app *a, int64_t ended_ms, int exit_code)
{
	if (ended_ms == 0)
		ended_ms = a->ended_ms ? a->ended_ms : clock_wall_ms();
	if (a->ended_ms == ended_ms && a->exit_code == exit_code)
		return;
	a->ended_ms = ended_ms;
	a->exit_code = exit_code;
	cluster_changed(a->known.cluster);
}

void app_say_runs(struct app *a)
{
	a->ended_ms = 0;
	a->exit_code = 0;
}

void app_forget_word(struct app *a)
{
	app_say_runs(a);
	app_say(a, "");
}

int64_t app_ended_ms(const struct app *a)
{
	if (a->running)
		return 0;
	if (a->ended_ms == 0 && a->started_ms > 0 && a->duration_ms >= 0)
		return a->started_ms + a->duration_ms;
	return a->ended_ms;
}

bool app_has_pod(const struct app *a)
{
	return a->known.cluster->watches_count && !a->is_masters && a->namespace && a->pod &&
	       a->pod_object;
}

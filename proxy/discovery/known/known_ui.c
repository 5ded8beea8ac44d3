#include "proxy/discovery/known/known_ui.h"

#include "base/log/log.h"
#include "base/sbuf.h"
#include "proxy/discovery/known/app_lists.h"
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/verify_queue.h"
#include "proxy/discovery/spark/app_id.h"
#include "proxy/discovery/spark/spark_json.h"

#include <stdlib.h>

enum { ADDRESS_ID_MAX = 3 * SPARK_APP_ID_MAX + 1 };
enum { GONE_MAX = 1000 }; /* per cluster and kind: pages that say "gone" */

static const size_t known_ui_sizes[] = {
	[KNOWN_UI_WORKER] = sizeof(struct worker),
	[KNOWN_UI_APP] = sizeof(struct app),
	[KNOWN_UI_DRIVER] = sizeof(struct driver),
};

static const char *const kind_names[] = {"worker", "application", "driver"};

/* --- fields --- */

bool known_ui_set_text(char **slot, const char *text)
{
	size_t len = strlen(text);
	char *cut;
	bool changed;

	if (len <= SPARK_NAME_MAX)
		return mem_replace_text(slot, text);
	for (len = SPARK_NAME_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	cut = mem_strndup(text, len);
	changed = mem_replace_text(slot, cut);
	free(cut);
	return changed;
}

static void log_state(const struct known_ui *ui)
{
	static const char *const words[] = {"is up", "cannot be used yet", "is refused", "is gone"};
	enum log_level level = ui->state == MOUNT_REFUSED      ? LOG_WARN
			       : ui->state == MOUNT_UNVERIFIED ? LOG_INFO
							       : LOG_DEBUG;

	log_line(level, "discovery", "cluster %s: %s %s at %s %s%s%s", ui->cluster->name,
		kind_names[ui->kind], ui->id, ui->authority ? ui->authority : "(unknown)",
		words[ui->state], ui->why[0] ? ": " : "", ui->why);
}

void known_ui_set_state(struct known_ui *ui, enum mount_state state, const char *why)
{
	if (ui->state == state && strcmp(ui->why, why) == 0)
		return;
	ui->state = state;
	ui->why = why;
	ui->lack = LACKS_NOTHING; /* but for who says more */
	if (why[0] || state != MOUNT_UNVERIFIED)
		log_state(ui);
	cluster_changed(ui->cluster);
}

bool known_ui_set_origin(struct known_ui *ui, const struct url *url)
{
	char origin[288] = "", authority[272] = "";

	if (url) {
		url_origin(url, origin);
		url_authority(url, false, authority);
	}
	if (!mem_replace_text(&ui->origin, url ? origin : NULL))
		return false;
	mem_replace_text(&ui->authority, url ? authority : NULL);
	ui->tls = url && url->tls;
	ui->port = url ? url->port : 0;
	cluster_changed(ui->cluster);
	return true;
}

/* --- ids --- */

bool app_is_numbered(const struct app *a)
{
	return app_id_is_numbered(str_of(a->known.id)) &&
	       !(a->name && app_id_is_name(a->known.id, a->name));
}

/* --- they come and go --- */

struct known_ui *known_ui_find(const struct cluster *c, enum known_ui_kind kind, struct str id)
{
	struct known_ui *ui;

	HASH_FIND(hh, c->known[kind], id.at, id.len, ui);
	return ui;
}

struct known_ui *known_ui_add(struct cluster *c, enum known_ui_kind kind, const char *id)
{
	struct known_ui *ui = mem_alloc(1, known_ui_sizes[kind]);

	ui->cluster = c;
	ui->kind = kind;
	ui->id = mem_strdup(id);
	ui->state = MOUNT_UNVERIFIED;
	ui->why = "";
	HASH_ADD_KEYPTR(hh, c->known[kind], ui->id, strlen(ui->id), ui);
	cluster_changed(c);
	return ui;
}

const char *known_ui_spark_id(const struct known_ui *ui)
{
	const char *id = ui->kind == KNOWN_UI_APP ? ((const struct app *)ui)->spark_id : NULL;

	return id ? id : ui->id;
}

char *known_ui_in_address(const struct known_ui *ui)
{
	struct sbuf out;

	sbuf_init(&out, ADDRESS_ID_MAX);
	sbuf_urlencode(&out, str_of(known_ui_spark_id(ui)));
	return sbuf_take(&out);
}

void known_ui_keep(struct known_ui *ui)
{
	struct cluster *c = ui->cluster;

	if (!ui->is_gone)
		return;
	ui->is_gone = false;
	TAILQ_REMOVE(&c->gone[ui->kind], ui, gone);
	c->gone_count[ui->kind]--;
	cluster_changed(c);
}

void app_forget_told(struct app *a)
{
	mem_replace_text(&a->user, NULL);
	mem_replace_text(&a->user_told, NULL);
	a->user_asked_ms = 0;
	a->was_user_warned = false;
	app_lists_forget(a);
	app_forget_word(a);
	mem_replace_text(&a->pod_name, NULL);
	a->name_asked_ms = 0;
	a->is_name_settled = false;
}

void known_ui_free(struct known_ui *ui)
{
	verify_queue_remove(ui);
	known_ui_keep(ui);
	HASH_DELETE(hh, ui->cluster->known[ui->kind], ui);
	cluster_changed(ui->cluster);
	if (ui->kind == KNOWN_UI_WORKER) {
		free(((struct worker *)ui)->host);
	} else if (ui->kind == KNOWN_UI_APP) {
		free(((struct app *)ui)->name);
		app_forget_told((struct app *)ui);
		free(((struct app *)ui)->user_in_history);
		free(((struct app *)ui)->attempt);
		free(((struct app *)ui)->log_name);
		free(((struct app *)ui)->log_source);
		free(((struct app *)ui)->spark_id);
		free(((struct app *)ui)->namespace);
		free(((struct app *)ui)->pod);
		free(((struct app *)ui)->pod_object);
		free(((struct app *)ui)->owner);
		free(((struct app *)ui)->reason);
		free(((struct app *)ui)->resource);
		free(((struct app *)ui)->schedule);
	} else {
		free(((struct driver *)ui)->worker);
	}
	free(ui->id);
	free(ui->origin);
	free(ui->authority);
	free(ui);
}

void known_ui_free_all(struct cluster *c)
{
	for (int kind = KNOWN_UI_WORKER; kind <= KNOWN_UI_DRIVER; kind++) {
		while (c->known[kind])
			known_ui_free(c->known[kind]);
	}
}

void known_ui_end(struct known_ui *ui)
{
	verify_queue_remove(ui);
	known_ui_set_state(ui, MOUNT_GONE, "");
}

/* Its page says so for as long as there is room. */
void known_ui_leave(struct known_ui *ui)
{
	struct cluster *c = ui->cluster;

	known_ui_end(ui);
	cluster_changed(c);
	ui->is_gone = true;
	TAILQ_INSERT_TAIL(&c->gone[ui->kind], ui, gone);
	if (++c->gone_count[ui->kind] > GONE_MAX)
		known_ui_free(TAILQ_FIRST(&c->gone[ui->kind]));
}

void known_ui_enter(struct known_ui *ui)
{
	known_ui_keep(ui);
	/* Not worth a log line: thousands enter when the gateway starts. */
	ui->state = MOUNT_UNVERIFIED;
	ui->why = "it is being checked";
	ui->lack = LACKS_NOTHING;
	cluster_changed(ui->cluster);
	verify_queue_add(ui);
}

#include "proxy/relay/way_back.h"

#include "proxy/guard/app_key.h"
#include "proxy/guard/guard.h"
#include "proxy/pages/page_parts.h"
#include "proxy/pages/page_static.h"
#include "proxy/request/exchange.h"

#include <stdint.h>

/* --- the links --- */

static void open_link(struct sbuf *out, const struct way_back *way, const char *path)
{
	sbuf_puts(out, "<a href=\"");
	if (way->origin[0])
		sbuf_html(out, str_of(way->origin));
	part_path(out, path);
}

static void write_link(
	struct sbuf *out, const struct way_back *way, const char *path, const char *text)
{
	open_link(out, way, path);
	sbuf_puts(out, "/\">");
	part_text(out, text, PART_CLIP);
	sbuf_puts(out, "</a>");
}

/* The cluster's page with this application on it. */
static void write_app(struct sbuf *out, const struct way_back *way)
{
	open_link(out, way, way->cluster->path);
	sbuf_puts(out, "/?q=");
	sbuf_urlencode(out, str_of(way->app->id));
	sbuf_puts(out, "\">");
	part_text(out, app_info_spark_id(way->app), PART_CLIP);
	sbuf_puts(out, "</a>");
}

static void write_history(struct sbuf *out, const struct way_back *way)
{
	open_link(out, way, way->history->path);
	app_info_write_below(out, "/history/", way->app);
	sbuf_puts(out, "/\">History</a>");
}

void way_back_write(struct sbuf *out, const struct way_back *way)
{
	sbuf_puts(out, "<nav class=\"sparkgate-way\" aria-label=\"Gateway\">");
	write_link(out, way, way->base, "Home");
	write_link(out, way, way->cluster->path, way->cluster->name);
	if (way->app)
		write_app(out, way);
	if (way->app && way->live)
		write_link(out, way, way->live->path, "Live UI");
	if (way->app && way->history)
		write_history(out, way);
	sbuf_puts(out, "</nav>");
}

/* --- for a page --- */

/* Whose page it is, by the path; false: of no application. */
static bool read_key(const struct exchange *x, char key[APP_KEY_SIZE])
{
	struct str rest = x->route.rest, id, history = STR("/history/");

	if (x->route.mount->kind == UI_DRIVER)
		return str_copy(str_of(x->route.mount->id), key, APP_KEY_SIZE);
	if (x->route.mount->kind != UI_HISTORY || !str_starts(rest, history))
		return false;
	rest = str_from(rest, history.len);
	return str_next(&rest, '/', &id) && app_key_of_encoded(id, key);
}

static const struct mount *if_up(const struct mount *mount)
{
	return mount && mount->state == MOUNT_UP ? mount : NULL;
}

static void find_app(const struct exchange *x, struct way_back *way)
{
	char key[APP_KEY_SIZE];
	const struct app_info *app;

	if (!read_key(x, key))
		return;
	app = registry_app_near(way->cluster, str_of(key));
	if (app == NULL)
		return;
	way->app = app;
	if (x->route.mount->kind == UI_HISTORY && app->running)
		way->live = if_up(app->mount);
	if (x->route.mount->kind == UI_DRIVER)
		way->history = if_up(cluster_info_history(way->cluster, app));
}

/* Scripts fetch pages, too, and put what is in them into their own. */
static bool is_shown_as_page(const struct exchange *x)
{
	struct str dest = guard_single_field(x->web.req, FIELD_SEC_FETCH_DEST);

	return dest.at == NULL || str_eq(dest, STR("document"));
}

/* --- kept: until the next snapshot all pages of a UI have the same (bench row page: 2.3k of 39k
 * instructions) --- */

enum { KEPT = 16, KEPT_TEXT = 512 };

struct kept {
	const struct mount *mount;
	const struct conf *conf;
	uint64_t serial; /* of the snapshot; 0: nothing is kept */
	char text[KEPT_TEXT];
};
static _Thread_local struct kept kept[KEPT];

/* NULL: its pages differ. A history server's are of one application or another. */
static struct kept *kept_for(const struct exchange *x)
{
	if (x->route.mount->kind == UI_HISTORY || x->rewrite_context.others[0])
		return NULL;
	return &kept[((uintptr_t)x->route.mount >> 6) % KEPT];
}

static bool is_of(const struct kept *slot, const struct exchange *x)
{
	return slot->serial == registry_serial(x->registry) && slot->mount == x->route.mount &&
	       slot->conf == x->web.conf;
}

static void keep(struct kept *slot, const struct exchange *x, struct str text)
{
	slot->serial = 0;
	if (!str_copy(text, slot->text, sizeof slot->text))
		return;
	slot->serial = registry_serial(x->registry);
	slot->mount = x->route.mount;
	slot->conf = x->web.conf;
}

/* Gives it; NULL: it has no room. */
static char *write_way(const struct exchange *x)
{
	struct way_back way = {.origin = x->rewrite_context.others,
		.base = x->web.conf->server.base,
		.cluster = x->route.cluster};
	struct sbuf out;

	find_app(x, &way);
	sbuf_init(&out, WAY_BACK_MAX);
	way_back_write(&out, &way);
	if (!out.overflow)
		return sbuf_take(&out);
	sbuf_clear(&out);
	return NULL;
}

void way_back_add(struct exchange *x)
{
	struct kept *slot;

	if (!x->web.conf->ui_home_link || x->route.mount->kind == UI_OTHER || !is_shown_as_page(x))
		return;
	slot = kept_for(x);
	if (slot && is_of(slot, x)) {
		x->banner = mem_strdup(slot->text);
	} else {
		x->banner = write_way(x);
		if (slot && x->banner)
			keep(slot, x, str_of(x->banner));
	}
	if (x->banner == NULL)
		return;
	x->rewrite_context.banner = x->banner;
	x->rewrite_context.style = page_static_href(PAGE_STATIC_WAY_BACK);
}

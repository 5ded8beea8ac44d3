#include "proxy/discovery/known/app_lists.h"

#include "base/sbuf.h"
#include "proxy/discovery/known/cluster.h"

#include <stdlib.h>

enum { DROPS_MAX = 8 }; /* at once: each looks at all applications */

struct app_lists {
	size_t refs; /* applications */
	struct access_lists lists;
	UT_hash_handle hh; /* by text */
	size_t len;
	char text[]; /* one after the other, each with its NUL */
};

/* In the order of their texts. */
static const size_t fields[] = {offsetof(struct access_lists, view),
	offsetof(struct access_lists, view_groups), offsetof(struct access_lists, modify),
	offsetof(struct access_lists, modify_groups), offsetof(struct access_lists, admin),
	offsetof(struct access_lists, admin_groups)};

static const char **field(struct access_lists *lists, size_t i)
{
	return (const char **)(void *)((char *)lists + fields[i]);
}

static bool write_text(struct access_lists lists, struct sbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *text = *field(&lists, i);
		sbuf_add(out, text, strlen(text) + 1);
	}
	return !out->overflow;
}

static struct app_lists *add_lists(struct cluster *c, struct str text)
{
	struct app_lists *l = mem_alloc(1, sizeof *l + text.len);
	const char *at = l->text;

	l->len = text.len;
	memcpy(l->text, text.at, text.len);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		*field(&l->lists, i) = at;
		at += strlen(at) + 1;
	}
	HASH_ADD(hh, c->lists, text, (unsigned)l->len, l);
	c->lists_bytes += l->len;
	return l;
}

static void drop(struct app *a)
{
	struct cluster *c = a->known.cluster;
	struct app_lists *l = a->lists;

	if (l == NULL)
		return;
	a->lists = NULL;
	c->lists_apps--;
	if (--l->refs > 0)
		return;
	c->lists_bytes -= l->len;
	HASH_DELETE(hh, c->lists, l);
	free(l);
}

static struct app *find_oldest(const struct cluster *c)
{
	struct app *oldest = NULL;

	for (struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		struct app *a = (struct app *)ui;
		if (a->lists && !a->running && (!oldest || a->started_ms < oldest->started_ms))
			oldest = a;
	}
	return oldest;
}

static bool is_full(const struct cluster *c, size_t more)
{
	return c->lists_apps >= LISTS_APPS_MAX || c->lists_bytes + more > LISTS_BYTES_MAX;
}

static bool make_room(struct app *a, size_t more)
{
	struct cluster *c = a->known.cluster;

	for (unsigned drops = 0; is_full(c, more); drops++) {
		struct app *oldest = drops < DROPS_MAX ? find_oldest(c) : NULL;
		if (oldest == NULL || (!a->running && a->started_ms <= oldest->started_ms))
			return false;
		drop(oldest);
		oldest->has_no_lists = true;
	}
	return true;
}

static bool keep_text(struct app *a, struct str text)
{
	struct cluster *c = a->known.cluster;
	struct app_lists *l;

	HASH_FIND(hh, c->lists, text.at, (unsigned)text.len, l);
	if (!make_room(a, l ? 0 : text.len))
		return false;
	HASH_FIND(hh, c->lists, text.at, (unsigned)text.len, l); /* it may have gone for the room */
	if (l == NULL)
		l = add_lists(c, text);
	l->refs++;
	c->lists_apps++;
	a->lists = l;
	return true;
}

bool app_lists_keep(struct app *a, const struct access_lists *lists)
{
	struct sbuf text;
	bool is_kept = a->lists != NULL;

	if (is_kept)
		return true;
	sbuf_init(&text, LISTS_TEXT_MAX);
	if (write_text(*lists, &text))
		is_kept = keep_text(a, sbuf_str(&text));
	sbuf_clear(&text);
	return is_kept;
}

void app_lists_forget(struct app *a)
{
	drop(a);
	if (a->lists_read)
		a->lists_read->app = NULL;
	a->lists_read = NULL;
	a->has_driver_lists = a->has_no_lists = false;
	a->lists_tries = 0;
	a->lists_due_ms = 0;
}

const struct access_lists *app_lists_of(const struct app *a)
{
	return a->lists ? &a->lists->lists : NULL;
}

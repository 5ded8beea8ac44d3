#include "proxy/pages/self/page_whoami.h"

#include "base/clock.h"
#include "base/text/json_value.h"
#include "proxy/pages/page_card.h"
#include "proxy/pages/page_parts.h"
#include "proxy/pages/page_token_parts.h"

enum { TEXT_SHOWN = 512, CLUSTERS_SHOWN = 200 };

/* --- who --- */

static void open_fact(struct sbuf *out, const char *name)
{
	sbuf_printf(out, "<dt>%s</dt><dd>", name);
}

static void close_fact(struct sbuf *out)
{
	sbuf_puts(out, "</dd>\n");
}

static void write_fact(struct sbuf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	open_fact(out, name);
	sbuf_puts(out, "<bdi>");
	part_text(out, value, TEXT_SHOWN);
	sbuf_puts(out, "</bdi>");
	close_fact(out);
}

/* Each of them as code; `none` where there are none. */
static void write_words(struct sbuf *out, const char *name, const json_t *words, const char *none)
{
	size_t count = json_array_size(words);

	if (!json_is_array(words))
		return;
	open_fact(out, name);
	for (size_t i = 0; i < count; i++) {
		const char *word = json_string_value(json_array_get(words, i));

		sbuf_puts(out, i ? " <code class=\"scope\">" : "<code class=\"scope\">");
		part_text(out, word ? word : "", TEXT_SHOWN);
		sbuf_puts(out, "</code>");
	}
	if (count == 0)
		sbuf_printf(out, "<span class=\"none\">%s</span>", none);
	close_fact(out);
}

static void write_claim(struct sbuf *out, const json_t *me)
{
	bool is_found = json_is_true(json_object_get(me, "claim_found"));

	if (json_value_string(me, "claim")[0] == '\0')
		return;
	open_fact(out, "Roles come from");
	sbuf_puts(out, "the claim <code>");
	part_text(out, json_value_string(me, "claim"), TEXT_SHOWN);
	sbuf_printf(out, "</code>, which was %sthere", is_found ? "" : "not ");
	close_fact(out);
}

static void write_end(struct sbuf *out, const json_t *me)
{
	int64_t at = clock_parse(str_of(json_value_string(me, "expires_at")));

	if (at <= 0)
		return;
	open_fact(out, "Ends at the latest");
	part_time(out, at);
	sbuf_puts(out, " UTC");
	close_fact(out);
}

static void write_person(struct sbuf *out, const json_t *me)
{
	bool is_bearer = strcmp(json_value_string(me, "auth"), "bearer") == 0;

	sbuf_puts(out, "<dl class=\"facts\">\n");
	write_fact(out, "Name", json_value_string(me, "name"));
	write_fact(out, "Id", json_value_string(me, "subject"));
	write_fact(out, "Account from", json_value_string(me, "issuer"));
	write_fact(out, "Known by", is_bearer ? "a bearer token" : "a session");
	write_fact(out, "Token", json_value_string(me, "token_id"));
	write_end(out, me);
	write_fact(out, "Role", json_value_string(me, "role"));
	write_words(out, "By the names", json_object_get(me, "roles"), "none");
	write_words(out, "Rows that open something", json_object_get(me, "rows"), "none");
	write_fact(out, "User in Spark", json_value_string(me, "user"));
	write_claim(out, me);
	write_words(out, "Claims that were there", json_object_get(me, "claims"), "none");
	write_fact(out, "Scope", json_value_string(me, "scope"));
	write_words(out, "Rights", json_object_get(me, "rights"), "none");
	sbuf_puts(out, "</dl>\n");
}

/* --- what --- */

static void write_missing(struct sbuf *out, const json_t *missing)
{
	for (size_t i = 0; i < json_array_size(missing); i++) {
		const char *sentence = json_string_value(json_array_get(missing, i));

		sbuf_puts(out, "<p class=\"notice warn\">");
		part_text(out, sentence ? sentence : "", 2 * TEXT_SHOWN);
		sbuf_puts(out, "</p>\n");
	}
}

static void write_clusters(struct sbuf *out, const json_t *clusters)
{
	sbuf_puts(out, "<h2>Clusters</h2>\n");
	if (json_array_size(clusters) == 0)
		sbuf_puts(out, "<p>You see no cluster.</p>\n");
	sbuf_puts(out, "<dl class=\"facts\">\n");
	for (size_t i = 0; i < json_array_size(clusters) && i < CLUSTERS_SHOWN; i++) {
		const json_t *cluster = json_array_get(clusters, i);
		bool is_all = strcmp(json_value_string(cluster, "applications"), "all") == 0;

		sbuf_puts(out, "<dt><bdi>");
		part_text(out, json_value_string(cluster, "name"), PART_CLIP);
		sbuf_printf(out, "</bdi></dt><dd>%s applications</dd>\n", is_all ? "all" : "some");
	}
	sbuf_puts(out, "</dl>\n");
}

void page_whoami(struct sbuf *out, const struct page_view *view, const json_t *me)
{
	part_open(out, view, &(struct part_frame){.title = "Who am I"});
	sbuf_puts(out, "<div class=\"head\"><h1>Who am I</h1></div>\n");
	write_missing(out, json_object_get(me, "missing"));
	sbuf_puts(out, "<section class=\"panel sheet\" aria-label=\"You\">\n");
	write_person(out, me);
	write_clusters(out, json_object_get(me, "clusters"));
	sbuf_puts(out, "<div class=\"actions\">");
	card_change_account(out, view);
	sbuf_puts(out, "</div>\n</section>\n");
	token_part_rights(out);
	part_close(out, view);
}

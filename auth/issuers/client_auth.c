#include "auth/issuers/client_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { PAIR_MAX = 32 * 1024 };

/* --- which way --- */

/* Whether an encoded id and secret are other bytes than they were. */
static bool is_changed_by_encoding(const char *client_id, const char *secret)
{
	struct sbuf encoded;

	sbuf_init_secret(&encoded, PAIR_MAX);
	sbuf_urlencode(&encoded, str_of(client_id));
	sbuf_urlencode(&encoded, str_of(secret));
	bool is_changed = encoded.len != strlen(client_id) + strlen(secret);
	sbuf_clear(&encoded);
	return is_changed;
}

static void add_way(struct client_ways *ways, enum client_way way, bool is_wanted)
{
	for (size_t i = 0; i < ways->count; i++) {
		if (ways->ways[i] == way)
			return;
	}
	if (is_wanted)
		ways->ways[ways->count++] = way;
}

/* In a form nobody reads a secret in two ways, so that it comes first where Basic is in doubt. */
void client_ways_set(
	struct client_ways *ways, const char *client_id, const char *secret, unsigned offers)
{
	bool is_odd = is_changed_by_encoding(client_id, secret);
	bool is_basic = offers == 0 || offers & CLIENT_OFFERS_BASIC;
	bool is_good = false;

	ways->count = 0;
	add_way(ways, CLIENT_POST, is_odd && offers & CLIENT_OFFERS_POST);
	add_way(ways, CLIENT_BASIC, is_basic);
	add_way(ways, CLIENT_BASIC_RAW, is_basic && is_odd);
	add_way(ways, CLIENT_POST, offers == 0 || offers & CLIENT_OFFERS_POST);
	for (size_t i = 0; i < ways->count; i++)
		is_good |= ways->ways[i] == ways->good;
	ways->has_good = ways->has_good && is_good;
}

bool client_ways_next(const struct client_ways *ways, unsigned *tried, enum client_way *out)
{
	if (ways->has_good && !(*tried & 1u << ways->good)) {
		*tried |= 1u << ways->good;
		*out = ways->good;
		return true;
	}
	for (size_t i = 0; i < ways->count; i++) {
		if (*tried & 1u << ways->ways[i])
			continue;
		*tried |= 1u << ways->ways[i];
		*out = ways->ways[i];
		return true;
	}
	return false;
}

bool client_ways_worked(struct client_ways *ways, enum client_way way, unsigned tried)
{
	bool is_news = tried != 1u << way;

	ways->has_good = true;
	ways->good = way;
	return is_news;
}

const char *client_way_name(enum client_way way)
{
	static const char *const names[] = {[CLIENT_BASIC] = "HTTP Basic",
		[CLIENT_BASIC_RAW] = "HTTP Basic without form encoding",
		[CLIENT_POST] = "the form"};

	return names[way];
}

bool client_auth_is_refused(const char *error)
{
	return error &&
	       (strcmp(error, "invalid_client") == 0 || strcmp(error, "unauthorized_client") == 0);
}

/* --- shown --- */

static void add_text(struct sbuf *pair, const char *text, bool is_raw)
{
	if (is_raw)
		sbuf_puts(pair, text);
	else
		sbuf_urlencode(pair, str_of(text));
}

char *client_auth_header(enum client_way way, const char *client_id, const char *secret)
{
	bool is_raw = way == CLIENT_BASIC_RAW;
	struct sbuf pair;

	if (way == CLIENT_POST)
		return NULL;
	sbuf_init_secret(&pair, PAIR_MAX);
	add_text(&pair, client_id, is_raw);
	sbuf_putc(&pair, ':');
	add_text(&pair, secret, is_raw);
	size_t room = 4 * (pair.len / 3 + 1) + 1;
	unsigned char *text = mem_alloc(room, 1);
	EVP_EncodeBlock(text, (const unsigned char *)pair.at, (int)pair.len);
	char *line = mem_printf("Authorization: Basic %s", (const char *)text);
	OPENSSL_cleanse(text, room);
	free(text);
	sbuf_clear(&pair);
	return line;
}

void client_auth_add(
	struct sbuf *form, enum client_way way, const char *client_id, const char *secret)
{
	if (way != CLIENT_POST)
		return;
	sbuf_puts(form, form->len ? "&client_id=" : "client_id=");
	sbuf_urlencode(form, str_of(client_id));
	sbuf_puts(form, "&client_secret=");
	sbuf_urlencode(form, str_of(secret));
}

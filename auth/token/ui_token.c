#include "auth/token/ui_token.h"

#include "base/text/b64url.h"
#include "auth/token/signer.h"
#include "conf/conf.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { DAEMONS, DRIVERS, WHOM_COUNT };

struct token {
	char *text; /* NULL: not made yet */
	int64_t made_s;
};

struct ui_tokens {
	struct conf *conf;
	struct token (*of)[WHOM_COUNT]; /* by cluster of conf; NULL: none of them has a key */
};

struct ui_tokens *ui_tokens_new(void)
{
	return mem_alloc(1, sizeof(struct ui_tokens));
}

static void forget_token(struct ui_tokens *tokens)
{
	for (size_t i = 0; tokens->of && i < tokens->conf->clusters_count; i++) {
		for (size_t whom = 0; whom < WHOM_COUNT; whom++)
			secret_free(tokens->of[i][whom].text);
	}
	free(tokens->of);
	tokens->of = NULL;
	conf_unref(tokens->conf);
}

void ui_tokens_free(struct ui_tokens *tokens)
{
	if (tokens == NULL)
		return;
	forget_token(tokens);
	free(tokens);
}

/* Drivers run users' code, which sees its key. */
static const char *key_bytes(const struct conf_cluster *cluster, unsigned whom)
{
	const char *drivers = cluster->jws_driver_key.value;

	return whom == DRIVERS && drivers ? drivers : cluster->jws_key.value;
}

void ui_tokens_use(struct ui_tokens *tokens, const struct conf *conf)
{
	bool any = false;

	if (tokens->conf == conf)
		return;
	forget_token(tokens);
	tokens->conf = conf_share(conf);
	for (size_t i = 0; i < conf->clusters_count; i++)
		any = any || key_bytes(&conf->clusters[i], DRIVERS);
	if (any)
		tokens->of = mem_alloc(conf->clusters_count, sizeof *tokens->of);
}

/* As Spark reads it: padding is no part of it, nor are the bits that fill the last character. */
static size_t decode_key(struct str text, unsigned char *out, size_t room)
{
	static const char none[] = "AAAA"; /* zeros, up to whole groups of four */
	size_t len, whole;
	char *padded;

	while (str_ends(text, STR("=")))
		text.len--;
	len = text.len * 6 / 8;
	padded = mem_printf("%.*s%.*s", (int)text.len, text.at, (int)(-text.len % 4), none);
	whole = strlen(padded);
	/* conf/load/secrets.c has read it, so it is base64url. */
	if (whole / 4 * 3 > room || b64url_decode((struct str){padded, whole}, out, room) == -1)
		abort();
	secret_free(padded);
	return len;
}

static char *make(const char *key, int64_t now)
{
	size_t room = strlen(key) + 3;
	unsigned char *bytes = mem_alloc(room, 1);
	size_t len = decode_key(str_of(key), bytes, room);
	char *text = signer_mint_shared(
		(struct str){(const char *)bytes, len}, now, now + UI_TOKEN_LIFE);

	OPENSSL_cleanse(bytes, room);
	free(bytes);
	return text;
}

struct str ui_tokens_get(struct ui_tokens *tokens, const struct conf *conf, struct str cluster,
	enum ui_kind kind, int64_t now_s)
{
	static const struct str none = {NULL, 0};
	const struct conf_cluster *found;
	unsigned whom = kind == UI_DRIVER ? DRIVERS : DAEMONS;

	ui_tokens_use(tokens, conf);
	if (tokens->of == NULL || kind == UI_OTHER || kind == UI_GATE)
		return none;
	found = conf_find_cluster(conf, cluster);
	if (found == NULL || key_bytes(found, whom) == NULL)
		return none;
	struct token *token = &tokens->of[found - conf->clusters][whom];
	if (token->text == NULL || now_s < token->made_s ||
		now_s - token->made_s >= UI_TOKEN_RENEWED) {
		secret_free(token->text);
		token->text = make(key_bytes(found, whom), now_s);
		token->made_s = now_s;
	}
	return str_of(token->text);
}

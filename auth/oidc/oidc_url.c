#include "auth/oidc/oidc_url.h"

#include "base/sbuf.h"
#include "conf/providers.h"

#include <stdlib.h>

enum { URL_MAX = 32 * 1024 };

static char *own(const struct conf *conf, enum auth_site site, const char *path)
{
	const struct conf_listen *at = sign_in_site_listen(conf, site);

	return mem_printf("%s%s/%s", at->origin, at->base, path);
}

char *oidc_redirect_uri(
	const struct conf *conf, const struct conf_oidc *client, enum auth_site site)
{
	char *path = mem_printf(
		"_gate/callback%s%s", client->name ? "/" : "", conf_provider_name(client));
	char *uri = own(conf, site, path);

	free(path);
	return uri;
}

char *oidc_post_logout_redirect_uri(const struct conf *conf, enum auth_site site)
{
	return own(conf, site, "_gate/logout");
}

/* An endpoint's own query stays (RFC 6749 §3.1). */
static void begin_url(struct sbuf *out, const char *endpoint)
{
	sbuf_init_secret(out, URL_MAX);
	sbuf_puts(out, endpoint);
	if (strchr(endpoint, '?') == NULL)
		sbuf_putc(out, '?');
}

static void add_parameter(struct sbuf *out, const char *name, struct str value)
{
	char last = out->at[out->len - 1];

	if (last != '?' && last != '&')
		sbuf_putc(out, '&');
	sbuf_puts(out, name);
	sbuf_putc(out, '=');
	sbuf_urlencode(out, value);
}

/* "openid" is what makes it OpenID Connect, so it is asked for whatever is configured. */
static char *scope_of(const struct conf_names *scopes)
{
	struct sbuf out;

	sbuf_init_secret(&out, 4096);
	sbuf_puts(&out, "openid");
	for (size_t i = 0; i < scopes->count; i++) {
		if (strcmp(scopes->at[i], "openid") != 0)
			sbuf_printf(&out, " %s", scopes->at[i]);
	}
	return sbuf_take(&out);
}

char *oidc_authorization_url(const struct oidc_provider *provider, const struct conf *conf,
	const struct oidc_authorization *authorization)
{
	char *redirect_uri = oidc_redirect_uri(conf, authorization->client, authorization->site);
	char *scope = scope_of(&authorization->client->scopes);
	const struct {
		const char *name, *value;
	} rows[] = {
		{"response_type", "code"},
		{"client_id", authorization->client->client_id},
		{"redirect_uri", redirect_uri},
		{"scope", scope},
		{"state", authorization->state},
		{"nonce", authorization->nonce},
		{"code_challenge", authorization->challenge},
		{"code_challenge_method", "S256"},
	};
	struct sbuf out;

	begin_url(&out, provider->authorization_endpoint);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_parameter(&out, rows[i].name, str_of(rows[i].value));
	free(redirect_uri);
	free(scope);
	return sbuf_take(&out);
}

char *oidc_end_session_url(const struct oidc_provider *provider, const struct conf *conf,
	const struct conf_oidc *client, enum auth_site site, struct str id_token)
{
	struct sbuf out;
	char *back;

	if (provider->end_session_endpoint == NULL)
		return NULL;
	back = oidc_post_logout_redirect_uri(conf, site);
	begin_url(&out, provider->end_session_endpoint);
	if (id_token.len > 0 && id_token.len <= OIDC_HINT_MAX)
		add_parameter(&out, "id_token_hint", id_token);
	add_parameter(&out, "client_id", str_of(client->client_id));
	add_parameter(&out, "post_logout_redirect_uri", str_of(back));
	free(back);
	return sbuf_take(&out);
}

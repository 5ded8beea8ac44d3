#include "auth/issuers/jwks_discovery.h"

#include "base/mem.h"
#include "base/text/json_foreign.h"

#include <jansson.h>

/* A slash that ends the issuer is left out first. */
char *jwks_discovery_address(const char *issuer)
{
	struct str text = str_of(issuer);

	if (str_ends(text, STR("/")))
		text.len--;
	return mem_printf("%.*s/.well-known/openid-configuration", (int)text.len, text.at);
}

int jwks_discovery_url(const char *text, struct url *url, struct err *err)
{
	if (url_parse_endpoint((struct str){text, strcspn(text, "?")}, url, err) == -1)
		return -1;
	if (url->tls || url_host_is_loopback(url->host))
		return 0;
	return err_set(err, "http is allowed on loopback only");
}

/* Who publishes its keys elsewhere, for good and known to everybody (S19). */
static const struct {
	const char *issuer, *keys;
} elsewhere[] = {
	{"https://accounts.google.com", "https://www.googleapis.com"},
};

static bool is_known_elsewhere(const char *ours, const char *theirs)
{
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		if (strcmp(elsewhere[i].issuer, ours) == 0 &&
			strcmp(elsewhere[i].keys, theirs) == 0)
			return true;
	}
	return false;
}

/* S19: a discovery document may name keys at its own origin only; others are configured by
 * jwks_url. */
static int check_discovered(const char *issuer, const char *text, struct err *err)
{
	struct url ours, theirs;
	char our_origin[288], their_origin[288];

	if (jwks_discovery_url(issuer, &ours, err) == -1 ||
		jwks_discovery_url(text, &theirs, err) == -1)
		return -1;
	url_origin(&ours, our_origin);
	url_origin(&theirs, their_origin);
	if (strcmp(our_origin, their_origin) != 0 && !is_known_elsewhere(our_origin, their_origin))
		return err_set(err, "jwks_uri is at %s: configure it as jwks_url", their_origin);
	return 0;
}

char *jwks_discovery_read(const char *issuer, struct str body, struct err *err)
{
	json_t *json = json_foreign(body);
	const char *name = json_string_value(json_object_get(json, "issuer"));
	const char *uri = json_string_value(json_object_get(json, "jwks_uri"));
	char *found = NULL;

	if (name == NULL || strcmp(name, issuer) != 0)
		err_set(err, "its issuer is not the configured one, byte for byte");
	else if (uri == NULL)
		err_set(err, "it has no jwks_uri");
	else if (check_discovered(issuer, uri, err) == 0)
		found = mem_strdup(uri);
	json_decref(json);
	return found;
}

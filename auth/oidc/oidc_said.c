#include "auth/oidc/oidc_said.h"

#include "base/text/json_value.h"
#include "conf/providers.h"

void oidc_said_init(struct oidc_said *said, const struct conf *conf, const struct conf_oidc *of)
{
	*said = (struct oidc_said){.conf = conf, .of = of, .standing = standing_new()};
}

const char *oidc_said_claim(const struct oidc_said *said)
{
	return conf_roles_claim(said->conf, said->of);
}

static void add_claims(struct oidc_said *said, unsigned place, const json_t *claims)
{
	const char *path = oidc_said_claim(said);

	said->was_heard = true;
	said->heard |= place;
	standing_add(said->standing, said->conf, said->of, claims);
	claims_seen_add(&said->seen, path, claims);
	if (path && claims_seen_find(claims, str_of(path)))
		said->seen.places |= place;
}

void oidc_said_add(struct oidc_said *said, enum claims_place place, const json_t *claims)
{
	add_claims(said, place, claims);
	groups_source_read(claims, oidc_said_claim(said), &said->source);
	if (said->source.is_elsewhere && said->source_said == 0)
		said->source_said = place;
}

void oidc_said_add_groups(struct oidc_said *said, const json_t *claims)
{
	add_claims(said, said->source_said, claims);
}

void oidc_said_clear(struct oidc_said *said)
{
	groups_source_clear(&said->source);
	standing_free(said->standing);
	said->standing = NULL;
}

/* --- whether it is a word --- */

/* S80: a refreshed ID token may leave out what the first one had, and an answer to a refresh may
 * have no ID token at all. So userinfo, and whoever had the claim before, have to have been heard
 * before it counts as gone. */
static bool is_heard(const struct oidc_said *said)
{
	unsigned wanted = CLAIMS_IN_USERINFO | said->spoke;
	bool is_left_out = said->is_refresh && oidc_said_claim(said) && !said->seen.is_found &&
			   (wanted & ~said->heard);

	return said->was_heard && !said->userinfo_failed && !said->seen.trouble[0] && !is_left_out;
}

bool oidc_said_is_whole(const struct oidc_said *said)
{
	return is_heard(said) && !said->token_unread;
}

/* Roles without the claim are of the subject alone: at a refresh they are no word on the others. */
bool oidc_said_has_role(const struct oidc_said *said, enum role role)
{
	return is_heard(said) || (role != ROLE_NONE && (!said->is_refresh || said->seen.is_found));
}

/* --- names --- */

static bool is_address(struct str text)
{
	ptrdiff_t at = str_find_byte(text, '@');

	return at > 0 && (size_t)at + 1 < text.len &&
	       str_find_byte(str_from(text, (size_t)at + 1), '@') == -1;
}

/* An address that nobody has proved may be anybody's (S31); and it is a name here, never a key. */
struct str oidc_said_name(const json_t *claims)
{
	static const char *const names[] = {"name", "preferred_username"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str name = json_value_member(claims, names[i]);
		if (name.len > 0)
			return name;
	}
	struct str email = json_value_member(claims, "email");
	bool is_proved = json_is_true(json_object_get(claims, "email_verified"));
	return is_proved && is_address(email) ? email : STR("");
}

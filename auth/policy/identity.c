#include "auth/policy/identity.h"

#include "auth/policy/grants.h"
#include "auth/policy/scope.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* Copies into the room behind the identity, from `*room` on. */
static char *copy_text(char **room, struct str s)
{
	char *copy = *room;

	if (s.len)
		memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	*room += s.len + 1;
	return copy;
}

struct identity *identity_new(struct str issuer, struct str subject, struct str name,
	struct str token_id, enum role role, enum identity_via via, int64_t expires_at)
{
	size_t texts = issuer.len + subject.len + name.len + token_id.len + 4;
	struct identity *who = mem_alloc(1, sizeof *who + texts); /* one block: made per token */
	char *room = (char *)(who + 1);

	who->issuer = copy_text(&room, issuer);
	who->subject = copy_text(&room, subject);
	who->name = copy_text(&room, name);
	who->token_id = copy_text(&room, token_id);
	who->role = role;
	who->via = via;
	who->expires_at = expires_at;
	who->refs = 1;
	return who;
}

void identity_limit(struct identity *who, struct scope *scope)
{
	assert(who->refs == 1 && who->scope == NULL);
	who->scope = scope;
}

void identity_note_seen(struct identity *who, char *seen)
{
	assert(who->refs == 1 && who->seen == NULL);
	who->seen = seen;
}

void identity_grant(struct identity *who, struct grants *grants)
{
	assert(who->refs == 1 && who->grants == NULL);
	who->grants = grants;
}

struct identity *identity_copy(const struct identity *who)
{
	struct identity *copy = identity_new(str_of(who->issuer), str_of(who->subject),
		str_of(who->name), str_of(who->token_id), who->role, who->via, who->expires_at);

	if (who->scope) {
		identity_limit(copy, scope_parse(scope_text(who->scope), NULL));
		if (copy->scope == NULL)
			abort(); /* it was read from the same text */
	}
	identity_note_seen(copy, mem_strdup(who->seen));
	identity_grant(copy, grants_ref(who->grants));
	return copy;
}

struct str identity_name_beside(const struct identity *who)
{
	bool is_known = who && strcmp(who->name, who->subject) != 0 &&
			!str_starts(str_of(who->subject), STR("client:"));

	return str_of(is_known ? who->name : "");
}

struct identity *identity_ref(struct identity *who)
{
	assert(who->refs > 0);
	who->refs++;
	return who;
}

void identity_unref(struct identity *who)
{
	if (who == NULL || --who->refs > 0)
		return;
	scope_free(who->scope);
	free(who->seen);
	grants_unref(who->grants);
	free(who);
}

const char *role_name(enum role role)
{
	static const char *const names[] = {[ROLE_NONE] = "none",
		[ROLE_CUSTOM] = "custom",
		[ROLE_USER] = "user",
		[ROLE_ADMIN] = "admin"};

	assert((size_t)role < ARRAY_LEN(names));
	return names[role];
}

bool role_parse(struct str name, enum role *out)
{
	for (int role = ROLE_NONE; role <= ROLE_ADMIN; role++) {
		if (str_eq(name, str_of(role_name((enum role)role)))) {
			*out = (enum role)role;
			return true;
		}
	}
	return false;
}

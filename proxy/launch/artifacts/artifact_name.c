#include "proxy/launch/artifacts/artifact_name.h"

#include "auth/policy/grants.h"
#include "base/text/b64url.h"
#include "base/text/digest.h"

#include <stdio.h>

static bool is_plain(char c)
{
	return str_is_alnum(c) || c == '.' || c == '_' || c == '-';
}

bool artifact_is_segment(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_plain(text.at[i]))
			return false;
	}
	return text.len > 0 && text.len <= ARTIFACT_NAME_MAX && text.at[0] != '.';
}

bool artifact_name_read(struct str text, struct artifact_name *out)
{
	static const struct str shared = {"shared/", 7};
	ptrdiff_t slash;

	*out = (struct artifact_name){.file = text};
	if (str_starts(text, shared)) {
		text = str_from(text, shared.len);
		slash = str_find_byte(text, '/');
		if (slash == -1)
			return false;
		out->shared = (struct str){text.at, (size_t)slash};
		out->file = str_from(text, (size_t)slash + 1);
	}
	return artifact_is_segment(out->file) &&
	       (out->shared.at == NULL || artifact_is_segment(out->shared));
}

/* One spelling a name: what is written otherwise begins with a "~" that nothing else has. */
static void spell(struct sbuf *out, struct str user)
{
	bool is_taken = str_eq(user, STR("shared"));

	for (size_t i = 0; i < user.len; i++) {
		char c = user.at[i];
		if (is_plain(c) && !(i == 0 && (c == '.' || is_taken)))
			sbuf_putc(out, c);
		else
			sbuf_printf(out, "~%02X", (unsigned char)c);
	}
}

/* Of whom Spark has no name, or one too long to spell. */
static void add_digest(struct sbuf *out, const struct identity *who)
{
	unsigned char digest[DIGEST_LEN];
	char text[DIGEST_LEN * 4 / 3 + 3];
	const struct str parts[] = {str_of(who->issuer), {"\0", 1}, str_of(who->subject)};

	digest_hmac(STR("sparkgate artifacts"), parts, ARRAY_LEN(parts), digest);
	b64url_encode(digest, sizeof digest, text);
	sbuf_puts(out, "~person-");
	sbuf_puts(out, text);
}

/* Who holds a token of ours without a name for Spark is who the token says (as launches run). */
static struct str user_of(const struct identity *who, bool *is_client)
{
	static const struct str client = {"client:", 7};
	struct str user = str_of(who->grants ? grants_person(who->grants).user : NULL);

	*is_client = false;
	if (user.len > 0 || who->token_id[0] == '\0')
		return user;
	user = str_of(who->subject);
	*is_client = str_starts(user, client);
	return *is_client ? str_from(user, client.len) : user;
}

static void add_owner(struct sbuf *out, const struct identity *who)
{
	struct sbuf spelled;
	bool is_client;
	struct str user = user_of(who, &is_client);

	sbuf_init(&spelled, ARTIFACT_OWNER_MAX);
	if (is_client)
		sbuf_puts(&spelled, "~client-");
	spell(&spelled, user);
	if (user.len > 0 && !spelled.overflow)
		sbuf_add_str(out, sbuf_str(&spelled));
	else
		add_digest(out, who);
	sbuf_clear(&spelled);
}

void artifact_add_folder(
	struct sbuf *out, const struct artifact_name *name, const struct identity *who)
{
	if (name->shared.at) {
		sbuf_puts(out, "shared/");
		sbuf_add_str(out, name->shared);
	} else {
		add_owner(out, who);
	}
	sbuf_putc(out, '/');
}

void artifact_add_key(
	struct sbuf *out, const struct artifact_name *name, const struct identity *who)
{
	artifact_add_folder(out, name, who);
	sbuf_add_str(out, name->file);
}

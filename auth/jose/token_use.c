#include "auth/jose/token_use.h"

#include "base/mem.h"
#include "base/text/json_value.h"

enum { WORD_MAX = 96 };

/* Letters of a word as they are compared: lower case, without what stands between them. */
static struct str letters_of(struct str word, char room[static WORD_MAX])
{
	size_t len = 0;

	if (word.len > WORD_MAX)
		word.len = WORD_MAX;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			room[len++] = c;
	}
	return (struct str){room, len};
}

/* The first that fits counts. Short ones are whole words, or they would be part of others. */
static const struct meaning {
	const char *letters;
	bool is_whole;
	enum token_use use;
} meanings[] = {
	{"refresh", false, TOKEN_USE_REFRESH},
	{"offline", false, TOKEN_USE_REFRESH},
	{"rt", true, TOKEN_USE_REFRESH},
	{"r", true, TOKEN_USE_REFRESH},
	{"rtjwt", true, TOKEN_USE_REFRESH},
	{"logout", false, TOKEN_USE_LOGOUT},
	{"id", true, TOKEN_USE_ID},
	{"i", true, TOKEN_USE_ID},
	{"idjwt", true, TOKEN_USE_ID},
	{"jwtid", true, TOKEN_USE_ID},
	{"idtoken", false, TOKEN_USE_ID},
	{"identity", false, TOKEN_USE_ID},
	{"oidc", true, TOKEN_USE_ID},
	{"code", false, TOKEN_USE_OTHER},
	{"registration", false, TOKEN_USE_OTHER},
	{"initialaccess", false, TOKEN_USE_OTHER},
	{"access", false, TOKEN_USE_ACCESS},
	{"bearer", true, TOKEN_USE_ACCESS},
	{"at", true, TOKEN_USE_ACCESS},
	{"atjwt", false, TOKEN_USE_ACCESS},
};

/* The end of a media type or a URN: application/at+jwt, urn:ietf:params:oauth:token-type:id_token
 */
static struct str end_of_word(struct str word)
{
	size_t from = word.len;

	while (from > 0 && word.at[from - 1] != '/' && word.at[from - 1] != ':')
		from--;
	return str_from(word, from);
}

enum token_use token_use_of_word(struct str word)
{
	char room[WORD_MAX];
	struct str letters = letters_of(end_of_word(word), room);

	if (word.len > WORD_MAX)
		return TOKEN_USE_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (m->is_whole ? str_eq(letters, str_of(m->letters))
				: str_find(letters, str_of(m->letters)) != -1)
			return m->use;
	}
	return TOKEN_USE_UNSAID;
}

unsigned token_use_of_claims(const json_t *claims)
{
	static const char *const marks[] = {
		"typ", "token_use", "token_type", "token_class", "ttype"};
	unsigned said = 0;

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const json_t *mark = json_object_get(claims, marks[i]);

		if (mark == NULL || json_is_null(mark))
			continue;
		struct str word = json_value_str(mark);
		said |= json_is_string(mark) ? token_use_of_word(word) : TOKEN_USE_OTHER;
	}
	return said ? said : TOKEN_USE_UNSAID;
}

#include "base/files/token_file.h"

#include "base/mem.h"
#include "base/str.h"

#include <openssl/crypto.h>
#include <stdio.h>

enum { TOKEN_MAX = 8192 };

/* Nothing but what a token has may get into a header field (RFC 6750 §2.1). */
static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] <= 0x20 || text.at[i] > 0x7e)
			return false;
	}
	return text.len > 0;
}

static struct str without_line_end(struct str text)
{
	if (str_ends(text, STR("\n")))
		text.len--;
	if (str_ends(text, STR("\r")))
		text.len--;
	return text;
}

char *token_file_authorization(const char *path)
{
	FILE *file = fopen(path, "re");
	char bytes[TOKEN_MAX], *line = NULL;

	if (file == NULL)
		return NULL;
	setvbuf(file, NULL, _IONBF, 0);
	size_t len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	struct str token = without_line_end((struct str){bytes, len});
	if (len < sizeof bytes && is_token(token))
		line = mem_printf("Authorization: Bearer %.*s", (int)token.len, token.at);
	OPENSSL_cleanse(bytes, sizeof bytes);
	return line;
}

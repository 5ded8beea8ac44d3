#include "auth/issuers/client_auth.h"

#include "base/sbuf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { PAIR_MAX = 32 * 1024 };

char *client_auth_basic(const char *client_id, const char *secret)
{
	struct sbuf pair;

	sbuf_init_secret(&pair, PAIR_MAX);
	sbuf_urlencode(&pair, str_of(client_id));
	sbuf_putc(&pair, ':');
	sbuf_urlencode(&pair, str_of(secret));
	size_t room = 4 * (pair.len / 3 + 1) + 1;
	unsigned char *text = mem_alloc(room, 1);
	EVP_EncodeBlock(text, (const unsigned char *)pair.at, (int)pair.len);
	char *line = mem_printf("Authorization: Basic %s", (const char *)text);
	OPENSSL_cleanse(text, room);
	free(text);
	sbuf_clear(&pair);
	return line;
}

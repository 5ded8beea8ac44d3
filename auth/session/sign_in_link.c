#include "auth/session/sign_in_link.h"

#include "auth/session/session.h"

#include <openssl/crypto.h>
#include <stdlib.h>

char *sign_in_link_at(const char *site, unsigned char hash[static DIGEST_LEN])
{
	char secret[SESSION_ID_LEN + 1];
	char *url;

	session_new_id(secret);
	digest_sha256(str_of(secret), hash);
	url = mem_printf("%s/_gate/login?link=%s", site, secret);
	OPENSSL_cleanse(secret, sizeof secret);
	return url;
}

char *sign_in_link_new(const struct conf *conf, unsigned char hash[static DIGEST_LEN])
{
	char *site = mem_printf("%s%s", conf->server.origin, conf->server.base);
	char *url = sign_in_link_at(site, hash);

	free(site);
	return url;
}

/* The same 256 bits in the same spelling as a session's id. */
int sign_in_link_hash(struct str secret, unsigned char hash[static DIGEST_LEN])
{
	if (!session_is_id(secret))
		return -1;
	digest_sha256(secret, hash);
	return 0;
}

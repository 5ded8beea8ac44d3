#include "auth/store/store_id.h"

#include "base/rnd.h"

#include <stdio.h>
#include <sys/stat.h>

enum { DIGITS = STORE_ID_TEXT - 1 };

static void digest_text(struct str text, char out[static STORE_ID_TEXT])
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(text, digest);
	str_write_hex(digest, DIGITS / 2, out);
}

/* The file itself: a copy of it has the same content, and is another store. */
static int id_of_file(const char *path, char out[static STORE_ID_TEXT], struct err *err)
{
	struct stat is;
	char text[64];

	if (stat(path, &is) == -1)
		return err_set(err, "%s cannot be read", path);
	snprintf(text, sizeof text, "sqlite %llu %llu", (unsigned long long)is.st_dev,
		(unsigned long long)is.st_ino);
	digest_text(str_of(text), out);
	return 0;
}

int store_id(const struct conf *conf, struct store *store, char out[static STORE_ID_TEXT],
	struct err *err)
{
	char fresh[STORE_ID_TEXT], settled[STORE_ID_TEXT];

	if (conf->store_kind == CONF_STORE_SQLITE)
		return id_of_file(conf->store_path, out, err);
	rnd_hex(fresh, DIGITS);
	if (store->ops->meta_settle(store, "store_id", fresh, settled, sizeof settled) == -1)
		return err_set(err, "the store does not answer");
	digest_text(str_of(settled), out); /* what is in a store is no name until it is hex */
	return 0;
}

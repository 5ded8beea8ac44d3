#include "auth/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

static EVP_MD *sha256;

/* Fetched once: OpenSSL 3 looks an algorithm up by name at every use of EVP_sha256(). */
static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha256 == NULL)
		abort();
}

void digest_sha256(struct str bytes, unsigned char out[static DIGEST_LEN])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
	if (EVP_Digest(bytes.at, bytes.len, out, NULL, sha256, NULL) != 1)
		abort();
}

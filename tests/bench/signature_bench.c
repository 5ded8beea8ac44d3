/*
 * The floor of a token that was never seen: the CPU of one EVP_DigestVerify of an RS256 token with
 * a key that is already parsed, as `openssl speed` would have it, but over tokens as they are sent.
 *
 * signature_bench                   measures with a fresh key
 * signature_bench sign FOLDER N     writes N tokens of one issuer, with its keys, for the
 * contenders of `make bench` signature_bench verify FOLDER     measures with those; prints
 * microseconds and nothing else
 */
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/mint.h"
#include "tests/support/scratch.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_MAX = 2048, SIGNATURE_MAX = 512, FEW = 1000, LIFE = 2 * 24 * 3600 };

static FILE *file_open(const char *folder, const char *name, const char *mode)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, mode);
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return file;
}

static void file_write(const char *folder, const char *name, const char *text)
{
	FILE *file = file_open(folder, name, "w");

	fputs(text, file);
	fclose(file);
}

/* What every contender asks for: issuer, audience, exp; e-mail and azp are for those that map them.
 */
static char *token_of(const struct mint_key *key, long long now, unsigned number)
{
	char payload[512];

	snprintf(payload, sizeof payload,
		"{\"iss\":\"https://"
		"issuer.example\",\"aud\":\"bench\",\"sub\":\"%08x\",\"azp\":\"bench\","
		"\"email\":\"ada@issuer.example\",\"email_verified\":true,\"roles\":[\"bench\"],"
		"\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}",
		number, now, now, now + LIFE);
	return mint_token(key, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"bench\"}", payload);
}

static void write_keys(const struct mint_key *key, const char *folder)
{
	char *pem = mint_pem(key),
	     *jwk = mint_jwk(key, "bench", "\"use\":\"sig\",\"alg\":\"RS256\"");
	size_t room = strlen(jwk) + 32;
	char *jwks = malloc(room);

	snprintf(jwks, room, "{\"keys\":[%s]}\n", jwk);
	file_write(folder, "key.pem", pem);
	file_write(folder, "jwks.json", jwks);
	free(jwks);
	free(jwk);
	free(pem);
}

static int sign_all(const char *folder, unsigned count)
{
	struct mint_key *key = mint_key_new(RS256);
	FILE *file = file_open(folder, "tokens.txt", "w");
	long long now = time(NULL);

	write_keys(key, folder);
	for (unsigned i = 0; i < count; i++) {
		char *token = token_of(key, now, i);
		fprintf(file, "%s\n", token);
		free(token);
	}
	mint_key_free(key);
	return fclose(file) == 0 ? 0 : 1;
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* base64url into standard base64, for OpenSSL's decoder. */
static size_t signature_of(const char *text, unsigned char out[static SIGNATURE_MAX])
{
	char padded[SIGNATURE_MAX + 4];
	size_t len = strlen(text), room = (len + 3) / 4 * 4;

	if (room > sizeof padded)
		exit(1);
	memset(padded, '=', sizeof padded);
	for (size_t i = 0; i < len; i++)
		padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	EVP_DecodeBlock(out, (const unsigned char *)padded, (int)room);
	return len * 3 / 4;
}

/* Microseconds for one token; only the check is in it, not taking the token apart. */
static double one_check(EVP_PKEY *key, const char *token)
{
	unsigned char signature[SIGNATURE_MAX];
	const char *dot = strrchr(token, '.');
	size_t len = signature_of(dot + 1, signature);
	double before = cpu_us();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, signature, len, (const unsigned char *)token,
			    (size_t)(dot - token)) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good) {
		fputs("a token of the bench does not verify\n", stderr);
		exit(1);
	}
	return cpu_us() - before;
}

static double verify_all(const char *folder)
{
	FILE *file = file_open(folder, "key.pem", "r");
	EVP_PKEY *key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	char token[TOKEN_MAX];
	double total = 0;
	unsigned count = 0;

	fclose(file);
	file = file_open(folder, "tokens.txt", "r");
	for (; count < 10 * FEW && fgets(token, sizeof token, file); count++) {
		token[strcspn(token, "\n")] = '\0';
		total += one_check(key, token);
	}
	fclose(file);
	EVP_PKEY_free(key);
	return count ? total / count : 0;
}

static int with_a_fresh_key(void)
{
	char *folder = scratch_new();
	int code = sign_all(folder, FEW);

	if (code == 0)
		printf("signature RS256, EVP_DigestVerify %9.1f us of CPU\n", verify_all(folder));
	scratch_free(folder);
	return code;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "sign") == 0)
		return sign_all(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "verify") == 0)
		return printf("%.2f\n", verify_all(argv[2])) > 0 ? 0 : 1;
	return with_a_fresh_key();
}

/* The assembler reads the wheel, which make has put into the folder of what is built. */
#include "proxy/endpoints/client_wheel.h"

#include "base/str.h"
#include "base/text/digest.h"
#include "base/version.h"

#include <pthread.h>

#ifndef CLIENT_WHEEL /* for editors: make says where it is */
#define CLIENT_WHEEL "build/client.whl"
#endif
#define HIDDEN __attribute__((visibility("hidden")))

__asm__(".section .rodata\nclient_wheel_bytes:\n.incbin \"" CLIENT_WHEEL "\"\n"
	"client_wheel_end:\n.byte 0\n.previous\n");
extern const unsigned char client_wheel_bytes[] HIDDEN, client_wheel_end[] HIDDEN;

static char sha256[2 * DIGEST_LEN + 1];
static struct client_wheel wheel = {
	.name = "sparkgate_client-" SPARKGATE_VERSION "-py3-none-any.whl",
	.sha256 = sha256,
	.bytes = client_wheel_bytes};
static pthread_once_t measured = PTHREAD_ONCE_INIT;

static void measure_wheel(void)
{
	unsigned char digest[DIGEST_LEN];

	wheel.len = (size_t)(client_wheel_end - client_wheel_bytes);
	digest_sha256((struct str){(const char *)wheel.bytes, wheel.len}, digest);
	str_write_hex(digest, sizeof digest, sha256);
}

const struct client_wheel *client_wheel(void)
{
	pthread_once(&measured, measure_wheel);
	return &wheel;
}

#include "tests/support/certificate.h"

#include "base/mem.h"

#include <stdlib.h>

char *certificate_make(const char *folder, const char *stem)
{
	char *command = mem_printf(
		"umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		"-nodes -days 2 -subj /CN=%s -addext subjectAltName=DNS:localhost "
		"-keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
		stem, folder, stem, folder, stem);

	if (system(command) != 0)
		abort();
	free(command);
	return mem_printf("%s/%s.pem", folder, stem);
}

char *certificate_settings(const char *folder, const char *stem, unsigned port, int wants_client)
{
	return mem_printf("tls-port %u\ntls-auth-clients %s\ntls-cert-file %s/%s.pem\n"
			  "tls-key-file %s/%s.key\ntls-ca-cert-file %s/%s.pem\n",
		port, wants_client ? "yes" : "no", folder, stem, folder, stem, folder, stem);
}

/* tests/support/certificate.h - a certificate that is its own authority, for the name localhost. */
#ifndef SPARKGATE_TESTS_CERTIFICATE_H
#define SPARKGATE_TESTS_CERTIFICATE_H

/* Writes FOLDER/STEM.pem and FOLDER/STEM.key; gives the first one's path. Aborts when openssl
 * cannot. */
char *certificate_make(const char *folder, const char *stem);
/* Gives lines of a redis-server's configuration: TLS on `port` with these files, and whether its
 * clients must show a certificate of this authority. */
char *certificate_settings(const char *folder, const char *stem, unsigned port, int wants_client);

#endif

/*
 * base/net/fetch_options.h - what libcurl may do, whom it trusts and who it says we are: options of
 * a request that need no callback.
 *
 * For fetch.c only. A handle is libcurl's CURL, which is void.
 */
#ifndef SPARKGATE_BASE_NET_FETCH_OPTIONS_H
#define SPARKGATE_BASE_NET_FETCH_OPTIONS_H

struct fetch_request;

/* Options are ours alone to get right: one that is refused is a programming error. */
#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		CURLcode set_code = curl_easy_setopt(easy, option, value);                         \
		assert(set_code == CURLE_OK);                                                      \
		(void)set_code;                                                                    \
	} while (0)

void fetch_options_limit(void *easy);
/* Whose certificate of the server counts. */
void fetch_options_trust(void *easy, const struct fetch_request *req);
/* Gives the copy of the key that `easy` borrows, for secret_free(); NULL: there is none. */
char *fetch_options_identify(void *easy, const struct fetch_request *req);
/* What is asked, and signed by whom. */
void fetch_options_method(void *easy, const struct fetch_request *req);
/* How long, and on what connection. */
void fetch_options_connection(void *easy, const struct fetch_request *req);

#endif

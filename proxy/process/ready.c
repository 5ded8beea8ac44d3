#include "proxy/process/ready.h"

#include "base/net/fetch.h"
#include "conf/values/values_net.h"
#include "base/net/listen.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>

enum { TIMEOUT_MS = 3000, ANSWER_MAX = 2 * 1024 * 1024, URL_LEN = 80 };

struct asking {
	struct event_base *base;
	struct err *err;
	int result;
};

/* Who listens on every address is found on loopback. */
static void url_of(const struct conf *conf, char out[static URL_LEN])
{
	const struct conf_listen *listen = &conf->admin;
	const char *scheme = conf->admin_tls.certificate ? "https" : "http";
	bool is_v6 = listen->addr.ss_family == AF_INET6;
	unsigned port = values_listen_port(listen);
	char host[46];

	if (values_listen_is_any(listen))
		snprintf(host, sizeof host, "%s", is_v6 ? "::1" : "127.0.0.1");
	else
		listen_peer_text((const struct sockaddr *)&listen->addr, host);
	snprintf(out, URL_LEN, is_v6 ? "%s://[%s]:%u/ready" : "%s://%s:%u/ready", scheme, host,
		port);
}

static void on_done(const struct fetch_result *answer, void *arg)
{
	struct asking *asking = arg;
	struct str body = str_trim(answer->body);

	if (answer->status == 200)
		asking->result = 0;
	else if (answer->status != 0)
		err_set(asking->err, "not ready: %d %.*s", answer->status,
			(int)(body.len < 200 ? body.len : 200), body.at);
	else
		err_set(asking->err, "not ready: %s", answer->error);
	event_base_loopbreak(asking->base);
}

int ready_ask(const struct conf *conf, struct err *err)
{
	char url[URL_LEN];
	struct asking asking = {event_base_new(), err, -1};
	struct fetcher *fetcher = fetcher_new(asking.base);
	/* The listener's own certificate is whom it trusts, and where clients need one, whom it
	 * shows.
	 */
	bool shows = conf->admin_tls.client_ca != NULL;
	const struct fetch_request request = {.url = url,
		.ca_file = conf->admin_tls.certificate,
		.certificate_file = shows ? conf->admin_tls.certificate : NULL,
		.key_file = shows ? conf->admin_tls.key : NULL,
		.takes_any_name = true,
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX,
		.is_once = true,
		.done = on_done,
		.arg = &asking};

	url_of(conf, url);
	fetch_start(fetcher, &request);
	event_base_dispatch(asking.base);
	fetcher_free(fetcher);
	event_base_free(asking.base);
	return asking.result;
}

#include "base/net/fetch.h"

#include "base/net/fetch_options.h"
#include "base/sbuf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum { IDLE_CONNECTIONS = 256 };

LIST_HEAD(fetch_list, fetch);

struct fetcher {
	struct event_base *base;
	struct event *timer;
	CURLM *multi;
	struct fetch_list running;
	struct fetch_list fed; /* whose next part is to be handed over */
	struct fetch *eater;   /* whose on_part runs; NULL: none, or it was cancelled */
};

struct fetch {
	LIST_ENTRY(fetch) link;
	struct fetcher *fetcher;
	CURL *easy;
	struct curl_slist *headers;
	char *post; /* may have secrets in it */
	char *key;
	LIST_ENTRY(fetch) fed_link;
	bool is_fed, refused;  /* by the address filter */
	bool waits, is_paused; /* for room; it has none */
	bool is_hungry;	       /* its source had nothing */
	size_t (*read)(char *room, size_t size, void *arg);
	size_t (*on_part)(struct str part, void *arg);
	struct sbuf body;
	struct sockaddr_storage peer;
	char why[CURL_ERROR_SIZE];
	bool (*allow)(const struct sockaddr *addr, void *arg);
	void (*on_peer)(const struct sockaddr_storage *peer, void *arg);
	void (*done)(const struct fetch_result *result, void *arg);
	void *arg, *allow_arg;
};

/* libcurl copies requests and answers; what it lets go of is overwritten (S69). */
static void global_init(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, secret_block_free,
		    secret_block_resize, strdup, calloc) != CURLE_OK)
		abort();
}

/* Whoever sends a secret gets one back: tokens for a code, claims for a token. */
static void wipe(struct fetch *f)
{
	for (struct curl_slist *line = f->headers; line; line = line->next)
		OPENSSL_cleanse(line->data, strlen(line->data));
	secret_free(f->post);
	secret_free(f->key);
}

static void fetch_free(struct fetch *f)
{
	LIST_REMOVE(f, link);
	if (f->is_fed)
		LIST_REMOVE(f, fed_link);
	if (f->fetcher->eater == f)
		f->fetcher->eater = NULL;
	curl_multi_remove_handle(f->fetcher->multi, f->easy);
	curl_easy_cleanup(f->easy);
	wipe(f);
	curl_slist_free_all(f->headers);
	sbuf_clear(&f->body);
	free(f);
}

/* --- the fence --- */

static bool address_is_allowed(struct fetch *f, const struct sockaddr *addr)
{
	if (f->allow == NULL || f->allow(addr, f->allow_arg))
		return true;
	f->refused = true;
	return false;
}

/* Every new connection: curl has resolved the name, and connects to nothing but this address. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct fetch *f = arg;

	bool is_ip = addr->family == AF_INET || addr->family == AF_INET6;
	if (purpose != CURLSOCKTYPE_IPCXN || !is_ip || !address_is_allowed(f, &addr->addr))
		return CURL_SOCKET_BAD;
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, addr->protocol);
}

static bool read_peer(const char *ip, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	bool is_v4 = inet_pton(AF_INET, ip, &v4.sin_addr) == 1;

	memset(out, 0, sizeof *out);
	memcpy(out, is_v4 ? (void *)&v4 : (void *)&v6, is_v4 ? sizeof v4 : sizeof v6);
	return is_v4 || inet_pton(AF_INET6, ip, &((struct sockaddr_in6 *)out)->sin6_addr) == 1;
}

/* Before the request is sent, on a kept connection too: it may have been opened under another
 * filter. */
static int on_before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct fetch *f = arg;

	(void)local_ip;
	(void)local_port;
	if (!read_peer(ip, port, &f->peer) ||
		!address_is_allowed(f, (const struct sockaddr *)&f->peer))
		return CURL_PREREQFUNC_ABORT;
	if (f->on_peer)
		f->on_peer(&f->peer, f->arg);
	return CURL_PREREQFUNC_OK;
}

static void feed(struct fetch *f)
{
	if (f->is_fed)
		return;
	f->is_fed = true;
	LIST_INSERT_HEAD(&f->fetcher->fed, f, fed_link);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	long status = 0;

	if (f->on_part)
		curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (f->waits && status == 200 && f->body.len + size * count > f->body.max) {
		f->is_paused = true;
		return CURL_WRITEFUNC_PAUSE; /* curl keeps these bytes */
	}
	sbuf_add(&f->body, bytes, size * count);
	if (f->body.overflow)
		return 0;
	if (status == 200)
		feed(f);
	return size * count;
}

static size_t on_want_content(char *room, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = f->read(room, size * count, f->arg);

	if (len == FETCH_BREAK_OFF)
		return CURL_READFUNC_ABORT;
	f->is_hungry = len == 0;
	return f->is_hungry ? CURL_READFUNC_PAUSE : len;
}

/* --- starting --- */

static void set_callbacks(struct fetch *f)
{
	SET(f->easy, CURLOPT_PRIVATE, f);
	SET(f->easy, CURLOPT_ERRORBUFFER, f->why);
	SET(f->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(f->easy, CURLOPT_OPENSOCKETDATA, f);
	SET(f->easy, CURLOPT_PREREQFUNCTION, on_before_request);
	SET(f->easy, CURLOPT_PREREQDATA, f);
	SET(f->easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(f->easy, CURLOPT_WRITEDATA, f);
}

static void set_request(struct fetch *f, const struct fetch_request *req)
{
	SET(f->easy, CURLOPT_URL, req->url);
	fetch_options_trust(f->easy, req);
	f->key = fetch_options_identify(f->easy, req);
	fetch_options_connection(f->easy, req);
	fetch_options_method(f->easy, req);
	if (req->put) {
		f->read = req->put->read;
		SET(f->easy, CURLOPT_READFUNCTION, on_want_content);
		SET(f->easy, CURLOPT_READDATA, f);
	}
	for (size_t i = 0; req->headers && req->headers[i]; i++)
		f->headers = curl_slist_append(f->headers, req->headers[i]);
	if (req->post) {
		/* No 100-continue round trip for a small form. */
		f->headers = curl_slist_append(f->headers, "Expect:");
		f->post = mem_strdup(req->post);
		SET(f->easy, CURLOPT_POSTFIELDS, f->post);
	}
	SET(f->easy, CURLOPT_HTTPHEADER, f->headers);
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_request *req)
{
	struct fetch *f = mem_alloc(1, sizeof *f);

	assert(req->done && (req->timeout_ms > 0 || req->put) && req->max_bytes > 0);
	f->fetcher = fetcher;
	f->allow = req->allow;
	f->allow_arg = req->allow_arg ? req->allow_arg : req->arg;
	f->on_peer = req->on_peer;
	f->on_part = req->on_part;
	f->waits = req->waits && req->on_part;
	f->done = req->done;
	f->arg = req->arg;
	if (req->post)
		sbuf_init_secret(&f->body, req->max_bytes);
	else
		sbuf_init(&f->body, req->max_bytes);
	f->easy = curl_easy_init();
	if (f->easy == NULL)
		abort();
	fetch_options_limit(f->easy);
	set_callbacks(f);
	set_request(f, req);
	LIST_INSERT_HEAD(&fetcher->running, f, link);
	/* Only schedules: curl calls on_timeout_wanted(0), and the work starts in the event loop.
	 */
	if (curl_multi_add_handle(fetcher->multi, f->easy) != CURLM_OK)
		abort();
	return f;
}

void fetch_cancel(struct fetch *f)
{
	fetch_free(f);
}

static void read_on(struct fetch *f)
{
	if (!f->is_paused && !f->is_hungry)
		return;
	f->is_paused = f->is_hungry = false;
	curl_easy_pause(f->easy, CURLPAUSE_CONT);
}

void fetch_go_on(struct fetch *f)
{
	bool has_part = f->on_part && f->body.len > 0; /* of a PUT it is the answer */

	if (!has_part && !f->is_paused && !f->is_hungry)
		return; /* curl asks by itself when the socket takes more */
	if (has_part)
		feed(f);
	read_on(f);
	event_active(f->fetcher->timer, EV_TIMEOUT, 0);
}

/* --- finishing --- */

static int64_t header_number(CURL *easy, const char *name)
{
	struct curl_header *header;
	uint64_t n;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return 0;
	return str_to_u64(str_of(header->value), &n) ? (int64_t)n : 0;
}

static int64_t max_age(CURL *easy)
{
	struct curl_header *header;
	struct str rest, part;
	uint64_t seconds;
	int64_t age = -1;

	if (curl_easy_header(easy, "Cache-Control", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return -1;
	for (rest = str_of(header->value); str_next(&rest, ',', &part);) {
		part = str_trim(part);
		if (str_eq_nocase(part, STR("no-store")) || str_eq_nocase(part, STR("no-cache")))
			return 0;
		if (str_starts_nocase(part, STR("max-age=")) &&
			str_to_u64(str_from(part, 8), &seconds))
			age = (int64_t)seconds;
	}
	if (age == -1)
		return -1;
	age -= header_number(easy, "Age");
	return age < 0 ? 0 : age;
}

static int64_t date_of(CURL *easy)
{
	struct curl_header *header;

	if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return 0;
	time_t date = curl_getdate(header->value, NULL);
	return date > 0 ? (int64_t)date : 0;
}

static const char *failure(const struct fetch *f, CURLcode code)
{
	if (f->refused)
		return "its address is outside the allowed networks";
	if (f->body.overflow)
		return "the answer is too long";
	return f->why[0] ? f->why : curl_easy_strerror(code);
}

static void fetch_finish(struct fetch *f, CURLcode code)
{
	struct fetch_result result = {
		.error = "", .content_type = "", .max_age_s = -1, .peer = f->peer};
	long status = 0;
	char *type = NULL;

	if (code == CURLE_OK) {
		curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(f->easy, CURLINFO_CONTENT_TYPE, &type);
		result.status = (int)status;
		result.content_type = type ? type : "";
		result.max_age_s = max_age(f->easy);
		result.date_s = date_of(f->easy);
		sbuf_add(&f->body, "", 0);
		result.body = f->body.at ? sbuf_str(&f->body) : STR("");
	} else {
		result.has_no_address = code == CURLE_COULDNT_RESOLVE_HOST;
		result.body = STR("");
		result.error = failure(f, code);
	}
	f->done(&result, f->arg);
	fetch_free(f);
}

/* Only here, where curl does not run: on_part may start and cancel fetches. */
static void hand_over(struct fetcher *fetcher)
{
	struct fetch *f;

	while ((f = LIST_FIRST(&fetcher->fed)) != NULL) {
		LIST_REMOVE(f, fed_link);
		f->is_fed = false;
		fetcher->eater = f;
		size_t eaten = f->on_part(sbuf_str(&f->body), f->arg);
		if (fetcher->eater != f)
			continue;
		sbuf_cut(&f->body, eaten);
		if (eaten > 0)
			read_on(f);
	}
	fetcher->eater = NULL;
}

/* Reads one message at a time: `done` may cancel others, and curl drops their messages with them.
 */
static void finish_completed(struct fetcher *fetcher)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		struct fetch *f = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&f);
		fetch_finish(f, code);
	}
}

/* --- curl's multi_socket interface on libevent --- */

static void on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct fetcher *fetcher = arg;
	int running, flags = 0;

	if (what & EV_READ)
		flags |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(fetcher->multi, fd, flags, &running);
	hand_over(fetcher);
	finish_completed(fetcher);
}

static void on_curl_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fetcher *fetcher = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	hand_over(fetcher);
	finish_completed(fetcher);
}

static int on_timeout_wanted(CURLM *multi, long ms, void *arg)
{
	struct fetcher *fetcher = arg;
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

	(void)multi;
	if (ms < 0)
		event_del(fetcher->timer);
	else
		event_add(fetcher->timer, &wait);
	return 0;
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct fetcher *fetcher = arg;
	struct event *event = assigned;
	short flags = EV_PERSIST;

	(void)easy;
	if (event)
		event_free(event);
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(fetcher->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		flags |= EV_READ;
	if (what & CURL_POLL_OUT)
		flags |= EV_WRITE;
	event = event_new(fetcher->base, fd, flags, on_socket_ready, fetcher);
	if (event == NULL || event_add(event, NULL) == -1)
		abort();
	curl_multi_assign(fetcher->multi, fd, event);
	return 0;
}

struct fetcher *fetcher_new(struct event_base *base)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fetcher *fetcher = mem_alloc(1, sizeof *fetcher);

	pthread_once(&once, global_init);
	fetcher->base = base;
	LIST_INIT(&fetcher->running);
	LIST_INIT(&fetcher->fed);
	fetcher->timer = evtimer_new(base, on_curl_timer, fetcher);
	fetcher->multi = curl_multi_init();
	if (fetcher->timer == NULL || fetcher->multi == NULL)
		abort();
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
	return fetcher;
}

void fetcher_limit_each_host(struct fetcher *fetcher, unsigned count)
{
	curl_multi_setopt(fetcher->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)count);
}

void fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	while (!LIST_EMPTY(&fetcher->running))
		fetch_free(LIST_FIRST(&fetcher->running));
	curl_multi_cleanup(fetcher->multi);
	event_free(fetcher->timer);
	free(fetcher);
}

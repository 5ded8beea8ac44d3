#include "proxy/process/gateway.h"

#include "auth/service/auth.h"
#include "proxy/process/gateway_int.h"
#include "auth/token/token_desk.h"
#include "base/net/fetch.h"
#include "base/net/graylog.h"
#include "base/text/json_text.h"
#include "auth/store/store_id.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/log/journal.h"
#include "base/log/log.h"
#include "base/log/log_queue.h"
#include "base/block.h"
#include "base/version.h"
#include "base/share.h"
#include "conf/load/data_folder.h"
#include "conf/warn/warn.h"
#include "proxy/admin/admin.h"
#include "proxy/front/crowd.h"
#include "proxy/discovery/discovery.h"
#include "proxy/front/evhttp_memory.h"
#include "proxy/front/front.h"
#include "proxy/launch/launcher.h"
#include "proxy/front/front_tls.h"
#include "base/net/listen.h"
#include "proxy/launch/artifacts/artifact_ledger.h"
#include "proxy/process/process.h"
#include "proxy/process/service.h"
#include "proxy/registry/registry.h"
#include "proxy/serve/server_thread.h"
#include "proxy/sockets/keep.h"

#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { STRANGERS_MAX = 256 * 1024 }; /* bytes of forms of people who sign in */
enum { TLS_LOOK_S = 2, LAST_WORDS_MS = 1000, CERTIFICATE_AGAIN_S = 24 * 3600 };
enum {
	/* So long what is asked first may take to answer: while another gateway serves, and while
	 * clients wait in sockets that were kept. */
	SETTLE_MS = 15 * 1000,
	SETTLE_KEPT_MS = 4 * 1000,
	SETTLE_LOOK_MS = 20,
};

static void conf_free_value(void *conf)
{
	conf_unref(conf);
}

static void on_inbox(int fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd, (void)what;
	inbox_drain(gw->inbox);
}

static void on_registry(struct registry *registry, void *arg)
{
	struct gateway *gw = arg;

	share_publish(gw->registry, registry);
}

static void refresh_tls(const struct gateway *gw)
{
	const struct front_tls_files server = front_tls_files_of_server(gw->conf),
				     admin = front_tls_files_of_admin(gw->conf);

	if (gw->tls && server.certificate)
		front_tls_refresh(gw->tls, &server);
	if (gw->admin_tls && admin.certificate)
		front_tls_refresh(gw->admin_tls, &admin);
}

static bool told_of_certificate(struct front_tls *tls, const char *file, int64_t now)
{
	char text[128];

	if (tls == NULL || !front_tls_ends_soon(tls, now, text))
		return false;
	log_warn("tls", "%s: %s", file, text);
	return true;
}

/* Once a day. */
static void warn_of_certificates(struct gateway *gw)
{
	const struct conf *conf = gw->conf;
	int64_t now = clock_wall_s();

	if (now - gw->tls_told_s < CERTIFICATE_AGAIN_S)
		return;
	bool server = told_of_certificate(gw->tls, conf->tls.certificate, now);

	if (told_of_certificate(gw->admin_tls, conf->admin_tls.certificate, now) || server)
		gw->tls_told_s = now;
}

static void on_tls_tick(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	refresh_tls(arg);
	warn_of_certificates(arg);
}

static void log_warning(void *arg, const char *text)
{
	(void)arg;
	log_warn("configuration", "%s", text);
}

static void reload(struct gateway *gw)
{
	struct err err;

	if (gw->conf->file == NULL) {
		log_warn("reload", "there is no configuration file to read again");
		return;
	}
	struct conf *conf = conf_load(gw->conf->file, &err);
	if (conf == NULL) {
		log_err("reload", "the old configuration stays: %s", err.text);
		return;
	}
	if (strcmp(conf->server.text, gw->conf->server.text) != 0 ||
		conf->threads != gw->conf->threads || conf->front != gw->conf->front ||
		conf->http2 != gw->conf->http2 || conf->h2c != gw->conf->h2c ||
		strcmp(conf->admin.text, gw->conf->admin.text) != 0 ||
		(conf->tls.certificate == NULL) != (gw->tls == NULL) ||
		(conf->admin_tls.certificate == NULL) != (gw->admin_tls == NULL))
		log_warn("reload", "listeners and threads change only with a restart");
	log_set_level((enum log_level)conf->log_level);
	log_set_format((enum log_format)conf->log_format);
	graylog_use(conf->log_gelf.host, conf->log_gelf.port);
	share_publish(gw->conf_slot, conf_ref(conf));
	discovery_set_conf(gw->discovery, conf);
	auth_service_set_conf(gw->auth, conf);
	launcher_set_conf(gw->launcher, conf);
	crowd_set_conf(gw->crowd, conf);
	admin_set_conf(gw->admin, conf);
	conf_unref(gw->conf);
	gw->conf = conf;
	redirect_set_conf(gw->redirect, conf);
	redirect_set_conf(gw->admin_redirect, conf);
	refresh_tls(gw);
	conf_warn(conf, log_warning, NULL);
	log_info("reload", "the configuration was read again");
}

static void on_signal(int number, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)what;
	if (number == SIGUSR2) {
		gateway_hand_over(gw);
	} else if (number != SIGHUP) {
		gateway_drain(gw);
	} else if (!gw->settling_since) { /* else the file was read a moment ago */
		service_reloads();
		reload(gw);
		service_has_reloaded();
	}
}

/* Threads that have finished turn no more. */
static bool is_well(void *arg)
{
	const struct gateway *gw = arg;

	return gw->draining_since || !admin_sees_stalled(gw->admin);
}

/* Gives; without a certificate there is none. */
static int open_one(const struct front_tls_files *files, struct front_tls **tls, struct err *err)
{
	if (files->certificate)
		*tls = front_tls_new(files, err);
	return files->certificate && *tls == NULL ? -1 : 0;
}

static int open_tls(struct gateway *gw, struct err *err)
{
	const struct front_tls_files server = front_tls_files_of_server(gw->conf),
				     admin = front_tls_files_of_admin(gw->conf);

	if (open_one(&server, &gw->tls, err) == -1)
		return -1;
	if (gw->tls)
		front_tls_offer_http2(gw->tls, gw->conf->http2 && gw->conf->front == FRONT_DIRECT);
	return open_one(&admin, &gw->admin_tls, err);
}

static void start_keeper(struct gateway *gw)
{
	static const int numbers[GATEWAY_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};

	gw->base = event_base_new();
	gw->inbox = inbox_new();
	gw->inbox_event =
		event_new(gw->base, inbox_fd(gw->inbox), EV_READ | EV_PERSIST, on_inbox, gw);
	event_add(gw->inbox_event, NULL);
	for (size_t i = 0; i < GATEWAY_SIGNALS; i++) {
		gw->signals[i] = evsignal_new(gw->base, numbers[i], on_signal, gw);
		event_add(gw->signals[i], NULL);
	}
	if (gw->tls || gw->admin_tls) {
		gw->tls_tick = event_new(gw->base, -1, EV_PERSIST, on_tls_tick, gw);
		event_add(gw->tls_tick, &(struct timeval){.tv_sec = TLS_LOOK_S});
	}
	gw->fetcher = fetcher_new(gw->base);
	gw->registry = share_slot_new(registry_free);
	gw->conf_slot = share_slot_new(conf_free_value);
	share_publish(gw->conf_slot, conf_ref(gw->conf));
}

static void start_discovery(struct gateway *gw)
{
	gw->discovery = discovery_new(gw->base, gw->fetcher, gw->conf, on_registry, gw);
	discovery_use_store(gw->discovery, auth_service_store(gw->auth));
}

static void on_settle_tick(int fd, short what, void *arg)
{
	const struct gateway *gw = arg;
	bool is_settled = discovery_is_settled(gw->discovery) && auth_service_is_settled(gw->auth);
	int64_t limit = gw->listeners.is_kept ? SETTLE_KEPT_MS : SETTLE_MS;
	bool is_late = clock_mono_ms() - gw->settling_since > limit;

	(void)fd, (void)what;
	if (!is_settled && is_late)
		log_warn("handover", "not everything that is configured has answered");
	if (is_settled || is_late)
		event_base_loopbreak(gw->base);
}

/* Who takes over serves when it knows what the gateway before it knows. Until then that one serves,
 * or what it has not accepted waits. False: it is to end. */
static bool settle(struct gateway *gw)
{
	if (!inherit_is_handover(&gw->inherited) && !gw->listeners.is_kept)
		return true;
	struct event *tick = event_new(gw->base, -1, EV_PERSIST, on_settle_tick, gw);

	gw->settling_since = clock_mono_ms();
	event_add(tick, &(struct timeval){.tv_usec = SETTLE_LOOK_MS * 1000});
	event_base_dispatch(gw->base);
	event_free(tick);
	gw->settling_since = 0;
	return gw->draining_since == 0;
}

/* Gives; without a socket there is none. */
static struct redirect *open_redirect(struct gateway *gw, int listen_fd, enum redirect_site site)
{
	return listen_fd == -1 ? NULL : redirect_new(gw->base, listen_fd, gw->conf, site);
}

static void start_threads(struct gateway *gw)
{
	unsigned threads = gw->conf->threads;

	gw->crowd = crowd_new(gw->conf, threads);
	budget_init(&gw->memory, gw->conf->limit_memory);
	budget_init(&gw->strangers, STRANGERS_MAX);
	gw->shared = (struct thread_shared){.auth = gw->auth,
		.registry = gw->registry,
		.conf = gw->conf_slot,
		.suspect = keeper_tasks_suspect,
		.ask_keeper = keeper_tasks_ask_pods,
		.ask_launches = keeper_tasks_ask_launches,
		.suspect_arg = &gw->tasks,
		.memory = &gw->memory,
		.strangers = &gw->strangers,
		.tls = gw->tls,
		.crowd = gw->crowd,
		.uploads = artifact_ledger_new(),
		.threads = threads,
		.port = listen_port(&gw->conf->server.addr)};
	gw->threads = mem_alloc(threads, sizeof(struct server_thread *));
	for (unsigned i = 0; i < threads; i++)
		gw->threads[i] = server_thread_new(&gw->shared, gw->listeners.threads[i]);
	gw->admin = admin_new(gw->base, gw->inbox, gw->listeners.admin,
		listen_port(&gw->conf->admin.addr), &gw->shared, gw->conf, gw->auth, gw->threads,
		threads);
	admin_use_tls(gw->admin, gw->admin_tls, gw->conf->admin_tls.hsts_s);
	gw->redirect = open_redirect(gw, gw->listeners.redirect, REDIRECT_TO_SERVER);
	gw->admin_redirect = open_redirect(gw, gw->listeners.admin_redirect, REDIRECT_TO_ADMIN);
	admin_set_discovery(gw->admin, gw->discovery);
	gw->launcher = launcher_new(gw->base, auth_service_store(gw->auth), gw->registry,
		gw->discovery, gw->conf, auth_service_tokens(gw->auth)->issuer);
	gw->tasks = (struct keeper_tasks){gw->inbox, gw->discovery, gw->launcher};
}

/* The keeper must not wait for whoever reads its output. */
static bool takes_a_line(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLOUT};

	return poll(&one, 1, 0) == 1 && !(one.revents & (POLLERR | POLLNVAL));
}

/* Of a first start, for eyes: what runs, where its data is, and what to do. The link is last. */
static void print_first_words(const struct conf *conf)
{
	char *where;

	if (conf->file)
		where = mem_printf(" --config %s", conf->file);
	else if (data_folder_is_default(conf->data_dir))
		where = mem_strdup("");
	else
		where = mem_printf(" --data %s", conf->data_dir ? conf->data_dir : "");

	log_queue_flush(LAST_WORDS_MS); /* nothing of the start comes behind it */
	printf("\nSpark's UIs:          %s%s/\n"
	       "Tokens and sessions:  %s%s/tokens\n"
	       "Data:                 %s\n"
	       "A token for that page: sparkgate token create%s --client-name NAME --token-type "
	       "admin\n"
	       "A token for a script: sparkgate token create%s --client-name NAME\n"
	       "Another sign-in link: sparkgate link%s\n\n",
		conf->server.origin, conf->server.base, conf->admin.origin, conf->admin.base,
		conf->data_dir ? conf->data_dir : "in the store", where, where, where);
	free(where);
}

static void announce(struct gateway *gw)
{
	/* A new link would end the one that the gateway before us has printed. */
	const struct conf *conf = gw->conf;
	char *link = gw->listeners.is_joined ? NULL : auth_service_first_link(gw->auth);

	log_info("start",
		"sparkgate " SPARKGATE_VERSION
		" with libevent %s serves %s%s/ (admin: %s), %u threads",
		event_get_version(), gw->conf->server.origin, gw->conf->server.base,
		gw->conf->admin.origin, gw->conf->threads);
	if (link && !takes_a_line(STDOUT_FILENO))
		log_warn("start", "standard output does not take the sign-in link");
	else if (link) {
		if (isatty(STDOUT_FILENO))
			print_first_words(conf);
		printf("Sign in as administrator, once, within 10 minutes: %s\n", link);
		fflush(stdout);
	}
	secret_free(link);
}

static void stop(struct gateway *gw)
{
	if (gw->admin)
		admin_set_discovery(gw->admin, NULL);
	service_free(gw->service);
	handover_free(gw->handover);
	launcher_free(gw->launcher);
	gw->tasks.launcher = NULL;
	discovery_free(gw->discovery);
	gw->tasks.discovery = NULL;
	admin_free(gw->admin);
	redirect_free(gw->redirect);
	redirect_free(gw->admin_redirect);
	for (unsigned i = 0; gw->threads && i < gw->shared.threads; i++)
		server_thread_free(gw->threads[i]);
	crowd_free(gw->crowd);
	artifact_ledger_free(gw->shared.uploads);
	auth_service_free(gw->auth);
	fetcher_free(gw->fetcher);
	inbox_free(gw->inbox);
	event_free(gw->inbox_event);
	for (size_t i = 0; i < GATEWAY_SIGNALS; i++)
		event_free(gw->signals[i]);
	if (gw->unready)
		event_free(gw->unready);
	if (gw->drain_tick)
		event_free(gw->drain_tick);
	if (gw->tls_tick)
		event_free(gw->tls_tick);
	share_slot_free(gw->registry);
	share_slot_free(gw->conf_slot);
	event_base_free(gw->base);
	front_tls_free(gw->tls);
	front_tls_free(gw->admin_tls);
	free(gw->threads);
}

/* Before any other call of libevent's and jansson's. A sanitizer wants to see each block itself. */
static void give_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	event_set_mem_functions(block_malloc, block_realloc, evhttp_memory_free);
	json_text_use_pool();
#endif
}

/* Its own words on standard error would wait for a reader. */
static void on_libevent_log(int severity, const char *msg)
{
	static const enum log_level levels[] = {[EVENT_LOG_DEBUG] = LOG_DEBUG,
		[EVENT_LOG_MSG] = LOG_INFO,
		[EVENT_LOG_WARN] = LOG_WARN,
		[EVENT_LOG_ERR] = LOG_ERROR};

	log_line((size_t)severity < ARRAY_LEN(levels) ? levels[severity] : LOG_WARN, "libevent",
		"%s", msg);
}

static void prepare(struct conf *conf)
{
	give_memory();
	event_set_log_callback(on_libevent_log);
	log_set_level((enum log_level)conf->log_level);
	log_set_format((enum log_format)conf->log_format);
	log_queue_start();
	graylog_use(conf->log_gelf.host, conf->log_gelf.port);
	signal(SIGPIPE, SIG_IGN);
	process_fit_descriptors(conf);
	conf_warn(conf, log_warning, NULL);
}

static int open_store(struct gateway *gw, struct err *err)
{
	gw->auth = auth_service_new(gw->conf, gw->base, gw->inbox, gw->fetcher, err);
	return gw->auth ? auth_service_store_id(gw->auth, gw->store_id, err) : -1;
}

/* Who joins has to know its store first; who does not makes none for nothing. */
static int open_all(struct gateway *gw, bool joins, struct err *err)
{
	if (!joins || inherit_is_handover(&gw->inherited))
		return listeners_open(&gw->listeners, gw->conf, &gw->inherited, NULL, err) == -1
			       ? -1
			       : open_store(gw, err);
	if (gw->conf->store_kind == CONF_STORE_MEMORY)
		return err_set(err, "--join: a store in memory cannot be shared, expected redis: "
				    "or the same sqlite: file");
	return open_store(gw, err) == -1 ? -1
					 : listeners_open(&gw->listeners, gw->conf, &gw->inherited,
						   gw->store_id, err);
}

static int serve(struct gateway *gw, bool joins, struct err *err)
{
	start_keeper(gw);
	int result = open_all(gw, joins, err);
	if (result == 0)
		start_discovery(gw);
	if (result == 0 && settle(gw)) {
		start_threads(gw);
		listeners_announce(&gw->listeners, gw->conf, gw->store_id);
		announce(gw);
		if (!inherit_is_handover(&gw->inherited)) /* else they are kept already */
			keep_listeners(&gw->listeners);
		inherit_say_ready(&gw->inherited);
		gw->service = service_ready(gw->base, is_well, gw);
		event_base_dispatch(gw->base);
	}
	stop(gw);
	return result;
}

int gateway_run(struct conf *conf, bool joins, char *const *argv)
{
	struct gateway gw = {.conf = conf, .argv = argv};
	struct err err = {""};
	int result = inherit_take(&gw.inherited, &err); /* before there are threads */

	prepare(conf);
	listeners_init(&gw.listeners);
	if (result == 0)
		result = open_tls(&gw, &err);
	if (result == 0)
		result = serve(&gw, joins, &err);
	log_queue_flush(LAST_WORDS_MS);
	if (result == -1)
		fprintf(stderr, "%ssparkgate: %s\n", journal_prefix(JOURNAL_ERR), err.text);
	listeners_clear(&gw.listeners);
	inherit_clear(&gw.inherited);
	conf_unref(gw.conf);
	return result == 0 ? 0 : 1;
}

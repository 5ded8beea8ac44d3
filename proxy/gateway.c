#include "proxy/gateway.h"

#include "auth/fetch.h"
#include "auth/graylog.h"
#include "auth/json_text.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/version.h"
#include "conf/warn.h"
#include "proxy/admin.h"
#include "proxy/discovery.h"
#include "proxy/front_tls.h"
#include "proxy/listen.h"
#include "proxy/redirect.h"
#include "proxy/registry.h"
#include "proxy/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STRANGERS_MAX = 256 * 1024 }; /* bytes of forms of people who sign in */
enum { DRAIN_MS = 30 * 1000, SIGNALS = 3, TLS_LOOK_S = 2 };

struct gateway {
	struct conf *conf;
	struct event_base *base;
	struct inbox *inbox;
	struct event *inbox_event, *signals[SIGNALS], *drain_tick, *tls_tick;
	struct front_tls *tls; /* NULL: the listener speaks http */
	struct fetcher *fetcher;
	struct auth_service *auth;
	struct discovery *discovery;
	struct share_slot *registry, *conf_slot;
	struct budget memory, strangers;
	struct worker_shared shared;
	struct worker **workers;
	int *fds; /* of the workers' listeners until they are handed over */
	int admin_fd, redirect_fd;
	struct redirect *redirect;
	struct admin *admin;
	int64_t draining_since;
};

struct suspect_task {
	struct task task;
	struct gateway *gateway;
	char *cluster, *mount_id;
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

static void on_suspect_task(struct task *task)
{
	struct suspect_task *suspect = (struct suspect_task *)task;

	if (suspect->gateway->discovery)
		discovery_suspect(suspect->gateway->discovery, str_of(suspect->cluster),
			str_of(suspect->mount_id));
	free(suspect->cluster);
	free(suspect->mount_id);
	free(suspect);
}

static void on_suspect(void *arg, const char *cluster, const char *mount_id)
{
	struct suspect_task *suspect = mem_alloc(1, sizeof *suspect);
	struct gateway *gw = arg;

	*suspect = (struct suspect_task){
		{on_suspect_task, NULL}, gw, mem_strdup(cluster), mem_strdup(mount_id)};
	inbox_post(gw->inbox, &suspect->task);
}

static void refresh_tls(const struct gateway *gw)
{
	if (gw->tls && gw->conf->tls.certificate)
		front_tls_refresh(gw->tls, gw->conf->tls.certificate, gw->conf->tls.key);
}

static void on_tls_tick(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	refresh_tls(arg);
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
		conf->threads != gw->conf->threads ||
		strcmp(conf->admin.text, gw->conf->admin.text) != 0 ||
		(conf->tls.certificate == NULL) != (gw->tls == NULL))
		log_warn("reload", "listeners and threads change only with a restart");
	log_set_level((enum log_level)conf->log_level);
	graylog_use(&conf->log_gelf);
	share_publish(gw->conf_slot, conf_ref(conf));
	discovery_set_conf(gw->discovery, conf);
	auth_service_set_conf(gw->auth, conf);
	conf_unref(gw->conf);
	gw->conf = conf;
	redirect_set_conf(gw->redirect, conf);
	refresh_tls(gw);
	conf_warn(conf, log_warning, NULL);
	log_info("reload", "the configuration was read again");
}

static bool all_done(const struct gateway *gw)
{
	for (unsigned i = 0; i < gw->shared.threads; i++) {
		if (!worker_is_done(gw->workers[i]))
			return false;
	}
	return true;
}

static void on_drain_tick(int fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd, (void)what;
	if (all_done(gw) || clock_mono_ms() - gw->draining_since > DRAIN_MS)
		event_base_loopbreak(gw->base);
}

static void drain(struct gateway *gw)
{
	if (gw->draining_since) { /* asked twice: at once */
		event_base_loopbreak(gw->base);
		return;
	}
	log_info("stop", "finishing what is under way");
	gw->draining_since = clock_mono_ms();
	admin_drain(gw->admin);
	redirect_drain(gw->redirect);
	for (unsigned i = 0; i < gw->shared.threads; i++)
		worker_drain(gw->workers[i]);
	gw->drain_tick = event_new(gw->base, -1, EV_PERSIST, on_drain_tick, gw);
	event_add(gw->drain_tick, &(struct timeval){.tv_usec = 50 * 1000});
}

static void on_signal(int number, short what, void *arg)
{
	(void)what;
	if (number == SIGHUP)
		reload(arg);
	else
		drain(arg);
}

static int open_listeners(struct gateway *gw, struct err *err)
{
	struct conf *conf = gw->conf;

	if (conf->tls.certificate) {
		gw->tls = front_tls_new(conf->tls.certificate, conf->tls.key, err);
		if (gw->tls == NULL)
			return -1;
	}
	gw->fds = mem_alloc(conf->threads, sizeof *gw->fds);
	for (unsigned i = 0; i < conf->threads; i++) {
		gw->fds[i] = listen_open(&conf->server.addr, conf->server.addr_len, err);
		if (gw->fds[i] == -1)
			return -1;
	}
	gw->admin_fd = listen_open(&conf->admin.addr, conf->admin.addr_len, err);
	if (gw->admin_fd == -1)
		return -1;
	if (conf->tls.redirect.text) {
		gw->redirect_fd =
			listen_open(&conf->tls.redirect.addr, conf->tls.redirect.addr_len, err);
		if (gw->redirect_fd == -1)
			return -1;
	}
	conf_set_port(&conf->server, listen_port(&conf->server.addr));
	conf_set_port(&conf->admin, listen_port(&conf->admin.addr));
	return 0;
}

static void start_keeper(struct gateway *gw)
{
	static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

	gw->base = event_base_new();
	gw->inbox = inbox_new();
	gw->inbox_event =
		event_new(gw->base, inbox_fd(gw->inbox), EV_READ | EV_PERSIST, on_inbox, gw);
	event_add(gw->inbox_event, NULL);
	for (size_t i = 0; i < SIGNALS; i++) {
		gw->signals[i] = evsignal_new(gw->base, numbers[i], on_signal, gw);
		event_add(gw->signals[i], NULL);
	}
	if (gw->tls) {
		gw->tls_tick = event_new(gw->base, -1, EV_PERSIST, on_tls_tick, gw);
		event_add(gw->tls_tick, &(struct timeval){.tv_sec = TLS_LOOK_S});
	}
	gw->fetcher = fetcher_new(gw->base);
	gw->registry = share_slot_new(registry_free);
	gw->conf_slot = share_slot_new(conf_free_value);
	share_publish(gw->conf_slot, conf_ref(gw->conf));
}

static void start_workers(struct gateway *gw)
{
	unsigned threads = gw->conf->threads;

	budget_init(&gw->memory, gw->conf->limit_memory);
	budget_init(&gw->strangers, STRANGERS_MAX);
	gw->shared = (struct worker_shared){.auth = gw->auth,
		.registry = gw->registry,
		.conf = gw->conf_slot,
		.suspect = on_suspect,
		.suspect_arg = gw,
		.memory = &gw->memory,
		.strangers = &gw->strangers,
		.tls = gw->tls,
		.threads = threads,
		.port = listen_port(&gw->conf->server.addr)};
	gw->workers = mem_alloc(threads, sizeof(struct worker *));
	for (unsigned i = 0; i < threads; i++)
		gw->workers[i] = worker_new(&gw->shared, gw->fds[i]);
	gw->admin = admin_new(gw->base, gw->inbox, gw->admin_fd, listen_port(&gw->conf->admin.addr),
		&gw->shared, gw->conf, gw->auth, gw->workers, threads);
	if (gw->redirect_fd != -1)
		gw->redirect = redirect_new(gw->base, gw->redirect_fd, gw->conf);
	gw->discovery = discovery_new(gw->base, gw->fetcher, gw->conf, on_registry, gw);
	discovery_use_store(gw->discovery, auth_service_store(gw->auth));
	admin_set_discovery(gw->admin, gw->discovery);
}

static void announce(struct gateway *gw)
{
	char *link = auth_service_first_link(gw->auth);

	log_info("start",
		"sparkgate " SPARKGATE_VERSION
		" with libevent %s serves %s%s/ (admin: %s), %u threads",
		event_get_version(), gw->conf->server.origin, gw->conf->server.base,
		gw->conf->admin.origin, gw->conf->threads);
	if (link) {
		printf("Sign in as administrator, once, within 10 minutes: %s\n", link);
		fflush(stdout);
	}
	secret_free(link);
}

static void stop(struct gateway *gw)
{
	if (gw->admin)
		admin_set_discovery(gw->admin, NULL);
	discovery_free(gw->discovery);
	gw->discovery = NULL;
	admin_free(gw->admin);
	redirect_free(gw->redirect);
	for (unsigned i = 0; gw->workers && i < gw->shared.threads; i++)
		worker_free(gw->workers[i]);
	auth_service_free(gw->auth);
	fetcher_free(gw->fetcher);
	inbox_free(gw->inbox);
	event_free(gw->inbox_event);
	for (size_t i = 0; i < SIGNALS; i++)
		event_free(gw->signals[i]);
	if (gw->drain_tick)
		event_free(gw->drain_tick);
	if (gw->tls_tick)
		event_free(gw->tls_tick);
	share_slot_free(gw->registry);
	share_slot_free(gw->conf_slot);
	event_base_free(gw->base);
	front_tls_free(gw->tls);
	free(gw->workers);
}

/* Each connection may need one to a UI as well; shells start programs with far fewer descriptors.
 */
static void raise_descriptor_limit(const struct conf *conf)
{
	rlim_t wanted = (rlim_t)conf->limit_connections * 2 + 256;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < wanted)
		log_warn("start", "%llu descriptors are too few for server.limits.connections",
			(unsigned long long)limit.rlim_cur);
}

/* Before any other call of libevent's and jansson's. A sanitizer wants to see each block itself. */
static void give_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	event_set_mem_functions(pool_malloc, pool_realloc, pool_free);
	json_text_use_pool();
#endif
}

int gateway_run(struct conf *conf)
{
	struct gateway gw = {.conf = conf, .admin_fd = -1, .redirect_fd = -1};
	struct err err = {""};
	int code = 1;

	give_memory();
	log_set_level((enum log_level)conf->log_level);
	graylog_use(&conf->log_gelf);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit(conf);
	conf_warn(conf, log_warning, NULL);
	if (open_listeners(&gw, &err) == 0) {
		start_keeper(&gw);
		gw.auth = auth_service_new(conf, gw.base, gw.inbox, gw.fetcher, &err);
		if (gw.auth) {
			start_workers(&gw);
			announce(&gw);
			event_base_dispatch(gw.base);
			code = 0;
		}
		stop(&gw);
	}
	if (code != 0)
		fprintf(stderr, "sparkgate: %s\n", err.text);
	free(gw.fds);
	conf_unref(gw.conf);
	return code;
}

#include "proxy/doctor/doctor.h"

#include "auth/backends/store_open.h"
#include "auth/store/store_id.h"
#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/sbuf.h"
#include "base/text/arguments.h"
#include "conf/load/load.h"
#include "conf/warn/warn.h"
#include "proxy/doctor/doctor_int.h"
#include "proxy/front/front_tls.h"

#include <event2/event.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { DOCTOR_FINE, DOCTOR_WRONG, DOCTOR_USAGE }; /* exit codes */
enum { LACKING_MAX = 512 };

static const char usage[] =
	"usage: sparkgate doctor --config FILE\n"
	"\n"
	"Tries everything that the configuration names, as the gateway would, and says of each\n"
	"whether it is fine, or what is wrong and what to do. Exit code 0: nothing is wrong, 1:\n"
	"something is, 2: wrong usage.\n";

static void on_mistake(void *arg, const char *text)
{
	doctor_wrong(arg, "configuration", "correct this line", "%s", text);
}

static void on_warning(void *arg, const char *text)
{
	doctor_note(arg, "configuration", "%s", text);
}

static void try_certificate(struct doctor *d, const struct front_tls_files *files, const char *key)
{
	struct err err = {""};
	char text[128];

	if (files->certificate == NULL)
		return;
	struct front_tls *tls = front_tls_new(files, &err);
	if (tls == NULL)
		doctor_wrong(d, key, "give a certificate (PEM) and its own key", "%s", err.text);
	else if (front_tls_ends_soon(tls, clock_wall_s(), text))
		doctor_wrong(
			d, key, "renew it; the gateway reads the new files by itself", "%s", text);
	else
		doctor_fine(d, key, "certificate and key are a pair");
	front_tls_free(tls);
}

/* What is not there yet is made by the first start. */
static bool is_new_file(struct doctor *d)
{
	const struct conf *conf = d->conf;

	if (conf->store_kind == CONF_STORE_MEMORY)
		doctor_note(d, "store", "it is in memory, and ends with the gateway");
	else if (conf->store_kind == CONF_STORE_SQLITE && access(conf->store_path, F_OK) == -1)
		doctor_note(d, "store", "there is none yet: the first start makes %s",
			conf->store_path);
	else
		return false;
	return true;
}

static void try_rights(struct doctor *d, struct store *store)
{
	struct sbuf lacking;

	if (store->ops->lacks == NULL)
		return;
	sbuf_init(&lacking, LACKING_MAX);
	if (store->ops->lacks(store, &lacking) == -1)
		doctor_note(d, "rights at Redis", "it did not answer to every command");
	else if (lacking.len > 0)
		doctor_wrong(d, "rights at Redis",
			"add this to the ACL of the gateway's user; docs/stores.md has the whole "
			"line",
			"%.*s", (int)lacking.len, lacking.at);
	else
		doctor_fine(d, "rights at Redis", "each command that the gateway uses is allowed");
	sbuf_clear(&lacking);
}

static void try_store(struct doctor *d)
{
	struct err err = {""};
	char id[STORE_ID_TEXT];

	if (is_new_file(d))
		return;
	struct store *store = store_open(d->conf, &err);
	if (store && store_id(d->conf, store, id, &err) == 0)
		doctor_fine(d, "store", "it answers, and can be written");
	else
		doctor_wrong(d, "store",
			"look at `store` and its password, at the rights of the file, or at the "
			"ACL of the Redis user",
			"%s", err.text);
	if (store) {
		try_rights(d, store);
		store->ops->close(store);
	}
}

/* Nothing comes back from there. */
static void try_graylog(struct doctor *d)
{
	const struct conf_endpoint *gelf = &d->conf->log_gelf;
	struct addrinfo *found = NULL;

	if (gelf->host == NULL)
		return;
	if (getaddrinfo(gelf->host, NULL, NULL, &found) == 0)
		doctor_note(d, "log.gelf",
			"lines go to port %u of %s by UDP, which answers nothing: look for them "
			"there",
			(unsigned)gelf->port, gelf->host);
	else
		doctor_wrong(d, "log.gelf", "correct the name, or this machine's DNS",
			"the name %s is not known", gelf->host);
	if (found)
		freeaddrinfo(found);
}

static void try_all(struct doctor *d)
{
	const struct conf *conf = d->conf;
	const struct front_tls_files server = front_tls_files_of_server(conf),
				     admin = front_tls_files_of_admin(conf);

	try_certificate(d, &server, "server.tls");
	try_certificate(d, &admin, "admin.tls");
	try_store(d);
	for (size_t i = 0; i < conf->clusters_count; i++)
		doctor_try_cluster(d, &conf->clusters[i]);
	for (size_t i = 0; i < conf->oidc_count; i++)
		doctor_try_provider(d, &conf->oidc[i]);
	for (size_t i = 0; i < conf->bearer_count; i++) {
		if (!conf->bearer[i].has_introspection || conf->bearer[i].jwks_url)
			doctor_try_bearer(d, &conf->bearer[i]);
		if (conf->bearer[i].has_introspection)
			doctor_try_introspection(d, &conf->bearer[i]);
	}
	try_graylog(d);
}

static int examine(const char *file, FILE *out)
{
	struct doctor d = {.out = out};

	/* What the parts of the gateway have to say is said here. */
	log_set_level((enum log_level)(LOG_ERROR + 1));
	struct conf *conf = load_mistakes(file, on_mistake, &d);
	if (conf) {
		d.conf = conf;
		d.base = event_base_new();
		d.fetcher = fetcher_new(d.base);
		d.tokens = ui_tokens_new();
		ui_tokens_use(d.tokens, conf);
		doctor_fine(&d, file, "it can be read");
		conf_warn(conf, on_warning, &d);
		try_all(&d);
		ui_tokens_free(d.tokens);
		fetcher_free(d.fetcher);
		event_base_free(d.base);
	}
	conf_unref(conf);
	fprintf(out, "%u fine, %u notes, %u wrong\n", d.fine, d.notes, d.wrong);
	return d.wrong ? DOCTOR_WRONG : DOCTOR_FINE;
}

int doctor_command_run(int argc, char **argv, FILE *out)
{
	struct arguments arguments;
	const char *value, *config = NULL;
	struct err err = {""};
	int got;

	arguments_init(&arguments, argc, argv);
	arguments_add(&arguments, "--config", false);
	while ((got = arguments_next(&arguments, &value, &err)) == 0)
		config = value;
	if (got == ARGUMENTS_HELP) {
		fputs(usage, out);
		return DOCTOR_FINE;
	}
	if (got == ARGUMENTS_END && config)
		return examine(config, out);
	fprintf(stderr, "sparkgate doctor: %s\n%s", err.text[0] ? err.text : "give --config FILE",
		usage);
	return DOCTOR_USAGE;
}

int doctor_command(int argc, char **argv)
{
	return doctor_command_run(argc, argv, stdout);
}

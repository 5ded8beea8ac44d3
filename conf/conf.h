/*
 * conf/conf.h - the configuration as everybody reads it: one immutable, reference-counted value.
 *
 * Built by conf_load() or conf_from_flags(); every field below is checked, defaulted and parsed
 * (design.md "Configuration"). Strings are owned by the struct. A reload builds another one;
 * threads keep the one they hold until they drop it.
 */
#ifndef SPARKGATE_CONF_CONF_H
#define SPARKGATE_CONF_CONF_H

#include "base/cidr.h"
#include "base/err.h"
#include "base/url.h"

#include <stdio.h>

struct conf_listen {
	char *text; /* as written: "127.0.0.1:8480", "[::1]:0" */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct url public_url; /* what browsers see; path is "/" or "/base/" (ends in a slash) */
	char origin[288];      /* of public_url */
	char base[1024];       /* of public_url's path without the last slash: "" or "/base" */
};

struct conf_ui {
	char *name; /* [a-z0-9][a-z0-9-]{0,62} */
	struct url url;
};

struct conf_cluster {
	char *name;
	struct url *masters;
	size_t masters_count;
	struct url history;
	bool has_history;
	struct conf_ui *uis;
	size_t uis_count;
	struct cidr *networks; /* empty: the default fence of design §2 */
	size_t networks_count;
	int64_t poll_ms;
};

struct conf_names { /* a list of role or algorithm names */
	char **at;
	size_t count;
};

struct conf_bearer {
	char *issuer;
	struct conf_names audience;
	struct conf_names algorithms; /* JOSE names; default RS256 ES256 */
	char *jwks_url; /* NULL: found by discovery at <issuer>/.well-known/openid-configuration */
	bool insecure_no_audience; /* S41: only then may audience be empty */
};

struct conf_secret { /* read at load; wiped when the conf is freed; printed as "********" */
	char *file;  /* as written or NULL */
	char *value; /* without the last line's end; NULL: none */
};

struct conf_oidc {
	struct conf_secret client_secret; /* value NULL: a public client */
};

enum conf_store_kind { CONF_STORE_SQLITE, CONF_STORE_MEMORY, CONF_STORE_REDIS };

struct conf {
	char *file; /* NULL when made from flags */
	struct conf_listen server;
	struct conf_listen admin;
	unsigned threads; /* at least 1; "auto" is resolved */
	struct cidr *trusted_proxies;
	size_t trusted_proxies_count;
	size_t limit_head; /* bytes */
	size_t limit_body; /* bytes */
	unsigned limit_connections;
	int64_t limit_head_timeout_ms;
	bool insecure_http; /* session cookie over plain http off loopback */

	struct conf_cluster *clusters;
	size_t clusters_count;

	struct conf_bearer *bearer;
	size_t bearer_count;
	char *roles_claim; /* NULL: none; e.g. realm_access.roles */
	struct conf_names roles_admin;
	struct conf_names roles_user;

	enum conf_store_kind store_kind;
	char *store_path; /* of sqlite: */
	char *data_dir;	  /* where the signing key lives: the store's folder, or --data */

	struct conf_oidc oidc;
	struct conf_secret session_key; /* session.key_file: one or two lines */
	int64_t session_idle_s;
	int64_t session_max_s;
	struct {
		int64_t def, max;
	} access_ttl_s, refresh_ttl_s; /* seconds */
	int64_t registration_ttl_s;
	unsigned tokens_per_user;

	int log_level; /* enum log_level */
	bool log_access;

	_Atomic int refs;
};

/* Reads, merges SPARKGATE_* variables and checks. Gives a conf with one reference, or NULL and
 * `file:line:column: key "x": got "y", expected ...` in err. No network. */
MUST_CHECK struct conf *conf_load(const char *file, struct err *err);

struct conf_flags { /* command line without a file; NULL where not given */
	const char *master, *history, *listen, *data;
};
MUST_CHECK struct conf *conf_from_flags(const struct conf_flags *flags, struct err *err);

struct conf *conf_ref(struct conf *conf); /* shares */
void conf_unref(struct conf *conf);	  /* NULL is fine */
/* Port 0 was listened on: what the kernel chose goes where 0 stood, public URL and origin too.
 * Before the conf is shared. */
void conf_set_port(struct conf_listen *listen, unsigned port);
/* Writes YAML that conf_load() would take, defaults filled in, secrets masked. */
void conf_print(const struct conf *conf, FILE *out);
const struct conf_cluster *conf_find_cluster(
	const struct conf *conf, struct str name); /* borrows */

#endif

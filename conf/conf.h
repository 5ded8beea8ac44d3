/*
 * conf/conf.h - the configuration as everybody reads it: one immutable, reference-counted value.
 *
 * Built by conf_load() or conf_from_flags(); every field below is checked, defaulted and parsed.
 * Strings are owned by the struct. A reload builds another one;
 * threads keep the one they hold until they drop it.
 */
#ifndef SPARKGATE_CONF_CONF_H
#define SPARKGATE_CONF_CONF_H

#include "base/net/cidr.h"
#include "base/err.h"
#include "base/text/url.h"

#include <stdio.h>

enum { CONF_COOKIE_TAIL = 41 };

struct conf_listen {
	char *text; /* as written: "127.0.0.1:8480", "[::1]:0" */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct url public_url; /* what browsers see; path is "/" or "/base/" (ends in a slash) */
	char origin[288];      /* of public_url */
	char base[1024];       /* of public_url's path without the last slash: "" or "/base" */
	struct url apps;       /* the server's: where each live UI has a host name of its own, one
				  label before this host; an empty host: they are at public_url */
};

struct conf_names { /* a list of names: of roles, algorithms, namespaces */
	char **at;
	size_t count;
};

struct conf_ui {
	char *name; /* [a-z0-9][a-z0-9-]{0,62} */
	struct url url;
	struct conf_names names; /* "host" or "host:port", by which pages link to it */
	char *nodes_of;	   /* the UI that lists these; `name` and the URL's host have one '*' each.
			      NULL: it is one UI */
	size_t body_limit; /* bytes of a request's content; 0: server.limits.body */
	char *identity_header;	 /* where it reads who asks; NULL: nowhere */
	struct conf_names roles; /* who of admin and user may open it; none: all of them */
};

struct conf_limited { /* a role that opens some namespaces of Kubernetes only */
	char *role;
	struct conf_names namespaces;
};

/* A role and what it opens. Clusters, namespaces, applications: none means all of them; uis: none
 * means none. */
struct conf_role {
	char *role;
	struct conf_names clusters, namespaces, uis;
	struct conf_names applications; /* patterns of ids and names, "own", "acl" */
	struct conf_names rights;	/* actions (auth/policy/policy.h), "kill:own" */
};

/* What people are called in Spark: claim's value and Spark's `user`, ordered by value. */
struct conf_user_map {
	char *file; /* NULL: none */
	struct conf_user {
		char *value, *user;
	} * at;
	size_t count;
};

struct conf_kubernetes { /* where driver pods are looked for */
	struct conf_names
		namespaces;  /* "*" alone: all; none: the one the gateway's access is for */
	char *selector;	     /* of labels, as kubectl's -l takes it */
	char *kubeconfig;    /* NULL: $KUBECONFIG, else what the gateway's own pod has */
	bool clusters;	     /* SparkCluster resources become clusters of their own */
	int64_t keep_logs_s; /* after its pod is gone; 0: none are kept */
	char *logs_dir;	     /* NULL: "logs" below the data folder */
	int64_t logs_max;    /* bytes of all that are kept */
};

/* Read from a file at load, printed as "********", wiped when the conf is freed. */
struct conf_secret {
	char *file;  /* absolute, as written; or the systemd credential's; NULL: none */
	char *value; /* without the line's end; NULL: none, or loaded without a look at files */
};

struct conf_endpoint {
	char *host; /* a name, or an address without brackets */
	unsigned port;
};

struct conf_pair { /* of a map whose keys are somebody else's */
	char *key, *value;
};

struct conf_process { /* a driver or an executor */
	unsigned cores, memory_mib;
};

/* What somebody may launch: a ceiling (proxy/launch/). */
struct conf_profile {
	char *name;
	struct conf_names roles; /* whose holders may use it; "everyone": all who may launch */
	struct conf_process driver, executor;
	unsigned executors, running; /* running: of one person at a time */
	unsigned queue;		/* of one person, that wait while so many run; 0: refused instead */
	char *image;		/* on Kubernetes; NULL: the operator's */
	struct conf_pair *conf; /* set for every launch */
	size_t conf_count;
	struct conf_names may_set;	/* patterns of keys that a launch may set itself */
	struct conf_names shared;	/* artifact folders beside one's own */
	struct conf_names shared_write; /* those of them that its users may change */
	struct conf_endpoint logs;	/* where its processes send log lines; host NULL: nowhere */
};

struct conf_launch {	  /* where applications are started: by a REST server or by an operator */
	struct url *rest; /* of a standalone master and its standby masters */
	size_t rest_count;
	bool has_operator;
	struct {
		char *kind; /* API group and version of its SparkApplication */
		char *namespace;
		char *account;	/* that drivers run under, of the namespace */
		int64_t keep_s; /* how long a resource stays after its end */
	} operator;
	struct conf_names allow; /* patterns of URIs that a launch may name */
	bool has_artifacts;
	struct {
		struct url s3; /* of the bucket */
		char *region;
		struct conf_secret access_key, secret_key;
		char *ca_file;	   /* PEM; NULL: the system's */
		char *spark_uri;   /* what Spark calls the bucket */
		size_t max, quota; /* bytes: of one file, and of all of a person */
		unsigned files;	   /* of a person, at most */
	} artifacts;
	struct conf_profile *profiles;
	size_t profiles_count;
};

enum { CONF_HISTORIES = 4 }; /* of one cluster */

struct conf_cluster {
	char *name;
	struct url *masters;
	size_t masters_count;
	struct url
		*history; /* several while one follows the other: the first has the mount "shs" */
	size_t history_count;
	struct conf_ui *uis;
	size_t uis_count;
	struct cidr *networks; /* empty: private ranges and the masters' own */
	size_t networks_count;
	bool has_kubernetes;
	struct conf_kubernetes kubernetes;
	char *ca_file; /* PEM, who signs the https: UIs' certificates; NULL: the system's */
	/* Of Spark's JWSFilter, base64url of 32 bytes or more: for all of Spark's UIs, and for
	 * drivers' where it is another one. */
	struct conf_secret jws_key, jws_driver_key;
	struct conf_names shared_accounts; /* whose names tell nothing of a person */
	int64_t poll_ms;
	bool has_launch;
	struct conf_launch launch;
};

struct conf_bearer {
	char *issuer;
	struct conf_names audience;
	struct conf_names algorithms; /* JOSE names; default RS256 ES256 */
	char *jwks_url; /* NULL: found by discovery at <issuer>/.well-known/openid-configuration */
	bool insecure_no_audience; /* S41: only then may audience be empty */
	char *ca_file;	  /* PEM, who signed the issuer's certificate; NULL: the system's */
	char *token_file; /* NULL or what opens jwks_url; rotates, so read again at every fetch */
	bool has_introspection; /* of opaque tokens (RFC 7662); audience is required all the same */
	struct {
		char *url;    /* NULL: found by discovery */
		char *prefix; /* of this issuer's tokens, which nobody else is shown; or NULL */
		char *client_id;
		struct conf_secret client_secret;
	} introspection;
};

enum { CONF_PROVIDERS = 8 }; /* at most */

struct conf_oidc {  /* an OpenID provider that people sign in with; conf/providers.h */
	char *name; /* NULL: what it says of its people stands for itself; of one provider only */
	char *issuer;
	char *client_id;
	struct conf_secret client_secret; /* value NULL: a public client */
	struct conf_names scopes;	  /* "openid" is always among them */
	char *ca_file;			  /* PEM; NULL: the system's */
	char *label;			  /* the sign-in button's text */
	char *groups_endpoint; /* where groups are asked for that do not fit into a token; or NULL
				*/
	char *user_claim;      /* of its people alone; NULL: auth.user_claim, if it has no name */
	struct conf_user_map user_map;
	bool has_roles; /* of its own; then no name of auth.roles is its people's */
	struct {
		char *claim; /* NULL: auth.roles.claim */
		struct conf_names admin, user;
	} roles;
};

enum conf_store_kind { CONF_STORE_SQLITE, CONF_STORE_MEMORY, CONF_STORE_REDIS };

struct conf_redis {
	struct conf_endpoint *endpoints; /* the server, the sentinels, or nodes of a cluster; none
					    with a socket */
	size_t endpoints_count;
	char *socket_path; /* a Unix socket, or NULL */
	char *master_name; /* NULL: no Sentinel */
	char *user;	   /* an ACL user (of the server, not of the sentinels), or NULL */
	unsigned database;
	bool is_cluster;
	bool tls;			       /* rediss: */
	char *ca_file;			       /* PEM; NULL: the system's */
	char *client_certificate, *client_key; /* PEM, both or none; NULL: none */
	char *server_name; /* that all certificates are for; NULL: each for its server's */
	struct conf_secret password;
	struct conf_secret sentinel_password;
};

/* Told what is wrong with a configuration, or perhaps not meant; borrows. */
typedef void conf_warning(void *arg, const char *text);

struct conf {
	char *file; /* NULL when made from flags */
	struct conf_listen server;
	struct conf_listen admin;
	struct {
		char *certificate; /* PEM, with its chain; NULL: the server speaks http */
		char *key;	   /* PEM */
		int64_t hsts_s;
		struct conf_listen redirect; /* http, to send browsers on; text NULL: none */
	} tls;
	struct {			 /* of the admin listener */
		char *certificate, *key; /* as above */
		char *client_ca; /* PEM; who alone is let in; NULL: no certificate is asked for */
		int64_t hsts_s;
		struct conf_listen redirect; /* as above */
	} admin_tls;
	unsigned threads; /* at least 1; "auto" is resolved */
	int front;	  /* enum front_kind (proxy/front/front.h) */
	bool http2;	  /* is offered over TLS */
	bool h2c;	  /* is understood in the clear, without a question */
	struct cidr *trusted_proxies;
	size_t trusted_proxies_count;
	size_t limit_head;	   /* bytes */
	size_t limit_body;	   /* bytes */
	size_t limit_memory;	   /* bytes of content held at a time, of all threads */
	size_t limit_static_files; /* bytes, of all threads */
	unsigned limit_connections;
	unsigned limit_per_client; /* connections of one address */
	int64_t limit_head_timeout_ms;
	int64_t limit_tunnel_idle_ms;
	int64_t limit_unready_ms; /* 0: none */
	bool insecure_http;	  /* session cookie over plain http off loopback */

	struct conf_cluster *clusters;
	size_t clusters_count;

	struct conf_names identity_headers; /* of all uis: no client may write them; the names
					       themselves are the uis' */

	struct conf_oidc *oidc;
	size_t oidc_count; /* 0: nobody signs in at a provider */
	struct conf_bearer *bearer;
	size_t bearer_count;
	char *roles_claim;	       /* NULL: none; e.g. realm_access.roles */
	struct conf_names roles_admin; /* with those of providers, as "oidc:NAME:ROLE" */
	struct conf_names roles_user;
	struct {
		struct conf_names admin, user; /* of auth.roles alone */
	} roles_said;
	struct conf_limited *roles_limited;
	size_t roles_limited_count; /* at most 64 */
	struct conf_role *roles_custom;
	size_t roles_custom_count; /* at most 64 */
	char *user_claim;	   /* what Spark calls a person; "email": its local part */
	struct conf_user_map user_map;

	enum conf_store_kind store_kind;
	char *store_path; /* of sqlite: */
	struct conf_redis redis;
	char *data_dir; /* where the signing key lives: sqlite's folder, or --data; else NULL */
	struct conf_secret session_key; /* one or two lines of 32 or more characters: new, old */

	char *session_cookie; /* "sparkgate" or "sparkgate_NAME"; NULL: by the server's base path */
	char cookie_tail[CONF_COOKIE_TAIL]; /* what comes after "sparkgate": "" or "_NAME" */
	int64_t session_idle_s;
	int64_t session_max_s;
	struct {
		int64_t def, max;
	} access_ttl_s, refresh_ttl_s; /* seconds */
	int64_t registration_ttl_s;
	unsigned tokens_per_user;
	bool tokens_follow_sessions; /* a person's own tokens end with what let the person in */
	int64_t audit_keep_s;	     /* how long the store has audit events */

	bool ui_home_link; /* on Spark's pages */

	int log_level;	/* enum log_level */
	int log_format; /* enum log_format */
	bool log_access;
	struct conf_endpoint log_gelf; /* where they go as well, over UDP; host NULL: nowhere */

	_Atomic int refs;
};

/* Reads, merges SPARKGATE_* variables and systemd credentials, checks, reads the secrets. Gives a
 * conf with one reference, or NULL and `file:line:column: key "x": got "y", expected ...` in err.
 * No network. */
MUST_CHECK struct conf *conf_load(const char *file, struct err *err);

struct conf_flags { /* command line without a file; NULL where not given */
	const char *master, *history, *listen, *data;
	const char *public_url, *network; /* network: of what masters list; commas between */
};
MUST_CHECK struct conf *conf_from_flags(const struct conf_flags *flags, struct err *err);

struct conf *conf_ref(struct conf *conf); /* shares */
/* Same, for who may only read: every holder of a reference may take another. */
struct conf *conf_share(const struct conf *conf);
void conf_unref(struct conf *conf); /* NULL is fine */
/* Port 0 was listened on: what the kernel chose goes where 0 stood, public URL and origin too.
 * Before the conf is shared. */
void conf_set_port(struct conf_listen *listen, unsigned port);
/* Writes YAML that conf_load() would take, defaults filled in, secrets masked. */
void conf_print(const struct conf *conf, FILE *out);
/* Whether it is among them, letter for letter. */
bool conf_names_have(const struct conf_names *names, struct str name);
/* Whether some role opens applications to those whom their own ACLs name ("acl"). */
bool conf_reads_acls(const struct conf *conf);
/* The row that `name` is the name of, else one whose pattern it fits. Borrows; NULL: there is none.
 */
const struct conf_ui *conf_find_ui(const struct conf *conf, const char *cluster, const char *name);
/* What stands for the pattern's '*' in `text`; at == NULL: it does not fit. */
struct str conf_pattern_part(const char *pattern, struct str text);
/* What a user_map_file calls somebody in Spark. Borrows; NULL: it does not name them. */
const char *conf_find_user(const struct conf_user_map *map, const char *value);
/* Whether clusters come from Kubernetes, whose names the configuration does not have. */
bool conf_finds_clusters(const struct conf *conf);
const struct conf_cluster *conf_find_cluster(
	const struct conf *conf, struct str name); /* borrows */
/* Whether a file travels with a launch: it starts containers, and there is no storage. */
bool conf_launch_takes_files(const struct conf_launch *launch);
/* NULL: the cluster launches nothing, or by other profiles. Borrows. */
const struct conf_profile *conf_find_profile(const struct conf_cluster *cluster, struct str name);
/* Whether anything may be launched anywhere. */
bool conf_launches(const struct conf *conf);

#endif

/*
 * proxy/discovery/spark/spark_json.h - the JSON of Spark's masters, workers, drivers and history
 * servers, read strictly (T46).
 *
 * Every string here was chosen by somebody who may register with a master. A row whose id does not
 * fit into a path segment is left out and counted; a document of another shape is an error (T49: a
 * wrong address answers 200 too). Pure; parsed values borrow from the document they keep.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SPARK_SPARK_JSON_H
#define SPARKGATE_PROXY_DISCOVERY_SPARK_SPARK_JSON_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum {
	SPARK_ID_MAX = 200,
	SPARK_APP_ID_MAX = 1024,
	SPARK_ROWS_MAX = 50000,
	SPARK_NAME_MAX = 512,
	SPARK_VERSION_MAX = 32
};

struct spark_worker {
	const char *id, *host, *web_ui; /* "http://10.0.0.7:8081" */
	const char *state;		/* static: ALIVE, DEAD, DECOMMISSIONED or UNKNOWN */
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
};

struct spark_app {
	/* `id` is what we call it (app_key.h), the other what Spark does: with
	 * spark.master.useAppNameAsAppId.enabled any name, and several may have one. */
	const char *id, *spark_id, *name;
	const char *user;	/* history: what all attempts agree on, or "" */
	const char *attempt;	/* history: the newest one's id; "": it has none */
	bool has_many_logs;	/* history: several attempts */
	const char *log_source; /* history: which of several directories has its log, or "" */
	const char *state;	/* static: WAITING, RUNNING, FINISHED, FAILED, KILLED, INCOMPLETE or
				 UNKNOWN */
	int64_t started_ms;
	int64_t duration_ms; /* -1: not finished */
	int64_t ended_ms;    /* history only; 0 unknown */
	int64_t updated_ms;  /* history: when its log said something last; 0 unknown */
	unsigned cores;
	bool running;	   /* among the active ones of a master, or incomplete in history */
	bool has_twin;	   /* another one that runs has its id, too */
	bool has_later;	   /* ... and began later: Spark means that one by the id (T59) */
	bool has_stranger; /* one of another user has its id, too */
};

struct spark_driver {
	const char *id;
	const char *worker; /* "" when it has none yet */
	bool running;
};

struct spark_master {
	json_t *json;	    /* what the strings borrow from */
	const char *status; /* static: ALIVE, STANDBY, RECOVERING, COMPLETING_RECOVERY or UNKNOWN */
	char host[256];	    /* out of its spark:// URL, lower case; "" when there is none */
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
	struct spark_worker *workers;
	struct spark_app *apps; /* active, then completed */
	struct spark_driver *drivers;
	size_t workers_count, apps_count, drivers_count;
	size_t skipped; /* rows left out */
};

/* A master's /json/. */
MUST_CHECK int spark_master_parse(struct str body, struct spark_master *out, struct err *err);
void spark_master_clear(struct spark_master *master);
/* Keyed, never 0, and the same for two answers that parse to the same: what changes by itself
 * (heartbeats, durations) is left out. For a tenth of what parsing costs. */
uint64_t spark_master_digest(struct str body);

struct spark_apps { /* a history server's /api/v1/applications */
	json_t *json;
	struct spark_app *apps;
	size_t count;
	size_t skipped;
};
MUST_CHECK int spark_apps_parse(struct str body, struct spark_apps *out, struct err *err);
/* .../<id>: one element of that list. */
MUST_CHECK int spark_one_app_parse(struct str body, struct spark_apps *out, struct err *err);
void spark_apps_clear(struct spark_apps *apps);

/* A worker's /json/ names this worker. */
bool spark_worker_is(struct str body, struct str id);
/* A driver's /api/v1/applications names this application and no other. */
bool spark_driver_is(struct str body, struct str id);
/* The one application that it names, whichever that is: id, name and start. Gives what the strings
 * borrow from, to be dropped; NULL: it names none, or one whose id needs a key (app_key.h). */
json_t *spark_driver_read(struct str body, struct spark_app *out);
/* ... or none at all, as before there is one. */
bool spark_driver_is_early(struct str body);
/* /api/v1/version. */
MUST_CHECK int spark_version_parse(struct str body, char out[static SPARK_VERSION_MAX]);
/* Copies a version number, "4.3.0-SNAPSHOT"; false and "" for anything else. */
bool spark_version_copy(struct str text, char out[static SPARK_VERSION_MAX]);
/* True for 1 to SPARK_ID_MAX bytes that mean only themselves in a path segment, and no reserved
 * name. */
bool spark_id_is_good(struct str id);

#endif

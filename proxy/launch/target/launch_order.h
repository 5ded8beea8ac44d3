/*
 * proxy/launch/target/launch_order.h - what is to run, after it was judged: the request of a person
 * within a profile, and how far it is.
 *
 * A record of the store (auth/store/store_launch.h) has it as one JSON text, which is written and
 * read here. Owns what it points to. Any thread; one at a time.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_ORDER_H
#define SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_ORDER_H

#include "auth/store/store_launch.h"
#include "conf/conf.h"

enum { /* of one launch; more is refused */
	LAUNCH_ARGUMENTS = 200,
	LAUNCH_PAIRS = 100, /* of conf, and of the environment */
	LAUNCH_TEXT = 4096, /* bytes of an argument or a value */
	LAUNCH_EVENTS = 100,
	LAUNCH_HANDLE = 256, /* sizes with their NUL */
	LAUNCH_REASON = 512,
};

struct launch_pairs {
	struct conf_pair *at;
	size_t count;
};

struct launch_event { /* a change, for people */
	int64_t at;   /* wall seconds */
	char *text;
};

/* A file that travels is in no record: it is brought where pods read it while its request waits. */
enum launch_file { LAUNCH_FILE_COMES, LAUNCH_FILE_THERE, LAUNCH_FILE_REFUSED };
#define LAUNCH_FILE_FOLDER "/opt/sparkgate" /* where it is then, in every container */

struct launch_order {
	/* The record's: not in the JSON text. */
	char id[STORE_LAUNCH_ID];
	char user[STORE_LAUNCH_USER]; /* as whom it runs */
	char cluster[STORE_LAUNCH_CLUSTER], profile[STORE_LAUNCH_PROFILE];
	char name[STORE_LAUNCH_NAME];
	char app_id[STORE_LAUNCH_APP];
	int64_t created_at;

	/* What was asked for, as it was judged. */
	char *resource;	  /* URI of a jar or a Python file, as Spark reads it */
	char *main_class; /* NULL: a Python file */
	char *artifact;	  /* the name it was asked for by; NULL: by its URI */
	char *file;	  /* the name of a small file that travels with it (Kubernetes); or NULL */
	struct conf_names arguments;
	struct launch_pairs conf;	 /* the profile's and the launch's own, by key */
	struct launch_pairs environment; /* of the driver */
	struct conf_process driver, executor;
	unsigned executors;
	char *image;		   /* or NULL */
	struct conf_endpoint logs; /* where log lines are sent; host NULL: nowhere */
	char *asked;		   /* the JSON text of the request; or NULL */
	char *restart_of;	   /* id of the launch that this one repeats; or NULL */

	/* How far it is. */
	int file_state;		    /* enum launch_file */
	char handle[LAUNCH_HANDLE]; /* what the target calls it; "": not submitted, or nobody knows
				     */
	char place[LAUNCH_HANDLE];  /* where its driver runs, for the target; "" */
	char reason[LAUNCH_REASON]; /* why it has ended, for people; "" */
	bool has_exit_code;
	int exit_code;
	unsigned attempts;     /* of the driver; 0: none yet */
	int64_t submitted_at;  /* wall seconds: the call to the target began; 0: never */
	bool is_in_doubt;      /* that call's answer is not known */
	int64_t kill_asked_at; /* 0: nobody wants it ended */
	char *kill_by;	       /* who does; or NULL */
	struct launch_event *events;
	size_t events_count;
};

/* Fills an empty order from a record. False: a gateway has not written it. */
MUST_CHECK bool launch_order_read(const struct store_launch *launch, struct launch_order *out);
/* Replaces the record's json. False: it is longer than STORE_SEALED. */
MUST_CHECK bool launch_order_write(const struct launch_order *order, struct store_launch *launch);
void launch_order_clear(struct launch_order *order);
/* Adds a line to what people see; beyond LAUNCH_EVENTS the oldest but the first goes. */
void launch_order_note(struct launch_order *order, int64_t now, const char *fmt, ...) PRINTF(3, 4);
/* NULL: it has none. Borrows. */
const char *launch_pairs_find(const struct launch_pairs *pairs, const char *key);
/* Copies; replaces the value of a key that is there. */
void launch_pairs_set(struct launch_pairs *pairs, const char *key, const char *value);
void launch_pairs_clear(struct launch_pairs *pairs);

#endif

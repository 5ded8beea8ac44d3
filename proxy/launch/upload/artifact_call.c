#include "proxy/launch/upload/artifact_call.h"

#include "auth/policy/access.h"
#include "base/log/log.h"
#include "base/text/params.h"

#include <stdio.h>
#include <stdlib.h>

void artifact_call_free(void *arg)
{
	struct artifact_call *call = arg;

	if (call->fetch)
		fetch_cancel(call->fetch);
	s3_listing_clear(&call->listing);
	free(call);
}

const struct web_work artifact_call_work = {.free = artifact_call_free};

/* --- which --- */

static const char no_such[] = "There is no such artifact.";

void artifact_call_no_such(struct artifact_call *call)
{
	artifact_call_refuse(call, FAULT_NOT_FOUND, no_such);
}

/* What is behind ".../artifacts/"; "" of the list. */
static struct str name_in_path(const struct web_call *web)
{
	static const struct str mark = {"/api/v1/artifacts", 17};
	ptrdiff_t at = str_find(web->target.path, mark);
	struct str rest = at == -1 ? STR("") : str_from(web->target.path, (size_t)at + mark.len);

	return str_starts(rest, STR("/")) ? str_from(rest, 1) : STR("");
}

/* A parameter of the query: false when it is broken, given twice, or too long. */
static bool read_parameter(
	const struct web_call *web, const char *name, char *out, size_t size, struct str *value)
{
	struct str query = web->target.query.at ? web->target.query : STR("");
	struct sbuf text;

	sbuf_init(&text, size);
	enum params_found found = params_get(query, name, &text);
	bool is_good = found != PARAMS_BAD &&
		       (found == PARAMS_ABSENT || str_copy(sbuf_str(&text), out, size));
	*value = found == PARAMS_FOUND && is_good ? str_of(out) : (struct str){NULL, 0};
	sbuf_clear(&text);
	return is_good;
}

/* The list is of one's own folder, or of a shared one by ?shared=. */
static bool read_folder(struct artifact_call *call)
{
	struct str shared;

	if (!read_parameter(call->web, "shared", call->text, sizeof call->text, &shared) ||
		(shared.at && !artifact_is_segment(shared)))
		return false;
	call->name = (struct artifact_name){.shared = shared};
	return true;
}

static bool read_name(struct artifact_call *call, struct str text)
{
	if (text.len == 0)
		return read_folder(call);
	return str_copy(text, call->text, sizeof call->text) &&
	       artifact_name_read(str_of(call->text), &call->name);
}

/* --- where --- */

/* As launches are refused. False: refused, and answered. */
static bool has_right(struct web_call *web)
{
	if (access_anywhere(web->who) & 1u << ACTION_LAUNCH)
		return true;
	web_fault(web, FAULT_FORBIDDEN,
		"this needs the right \"launch\"; a limited token names it, too");
	return false;
}

static const struct conf_cluster *find_cluster(struct web_call *web, struct str name)
{
	const struct conf_cluster *cluster = NULL;

	switch (artifact_place_find(web->conf, web->who, name, &cluster)) {
	case ARTIFACT_PLACE_FOUND:
		return cluster;
	case ARTIFACT_PLACE_SEVERAL:
		web_fault(web, FAULT_BAD_REQUEST,
			"cluster: several clusters have an object storage; say which with "
			"?cluster=");
		return NULL;
	case ARTIFACT_PLACE_NONE:
		break;
	}
	web_fault(web, FAULT_NOT_FOUND,
		"There is no object storage here in which you may have artifacts.");
	return NULL;
}

static const struct conf_cluster *find_cluster_in_query(struct web_call *web)
{
	char text[64];
	struct str name;

	if (read_parameter(web, "cluster", text, sizeof text, &name))
		return find_cluster(web, name);
	web_fault(web, FAULT_BAD_REQUEST, "cluster: expected the name of a cluster, once");
	return NULL;
}

/* False: refused, and answered. What they may not see is not there; a folder that they may read
 * and not change is there. */
static bool check_folder(struct artifact_call *call)
{
	const struct identity *who = call->web->who;

	if (!artifact_place_shows(call->cluster, who, &call->name)) {
		artifact_call_no_such(call);
		return false;
	}
	if (call->step == ARTIFACT_WRITE &&
		!artifact_place_lets_write(call->cluster, who, &call->name)) {
		artifact_call_refuse(call, FAULT_FORBIDDEN,
			"Your profiles let you read this shared folder, and not change it.");
		return false;
	}
	return true;
}

bool artifact_call_lets_write(const struct artifact_call *call, const struct identity *who)
{
	const struct conf_cluster *cluster = NULL;

	return artifact_place_find(call->web->conf, who, str_of(call->cluster->name), &cluster) ==
		       ARTIFACT_PLACE_FOUND &&
	       artifact_place_lets_write(cluster, who, &call->name);
}

static void write_keys(struct artifact_call *call)
{
	struct sbuf text;

	sbuf_init(&text, ARTIFACT_KEY_MAX - 1);
	artifact_add_folder(&text, &call->name, call->web->who);
	(void)str_copy(sbuf_str(&text), call->folder, sizeof call->folder);
	if (call->name.file.at)
		sbuf_add_str(&text, call->name.file);
	(void)str_copy(sbuf_str(&text), call->key, sizeof call->key);
	sbuf_clear(&text);
}

/* A name that is none can't be one that is there; who would make one is told what names are. */
static void refuse_name(struct web_call *web, enum artifact_step step)
{
	if (step == ARTIFACT_WRITE && !str_eq(web->req->method, STR("DELETE")))
		web_fault(web, FAULT_BAD_REQUEST,
			"An artifact's name has up to 128 letters, digits, '.', '_' and '-', and "
			"does not begin with '.'; shared/FOLDER/ may stand before it.");
	else
		web_fault(web, FAULT_NOT_FOUND, no_such);
}

/* NULL: refused, and answered. `text` is a name, or "" for a folder. */
static struct artifact_call *find_place(struct web_call *web, const struct conf_cluster *cluster,
	struct str text, enum artifact_step step, size_t size)
{
	struct artifact_call *call = mem_alloc(1, size);

	call->web = web;
	call->cluster = cluster;
	call->step = step;
	bool is_name = read_name(call, text);
	if (is_name) {
		write_keys(call);
		if (check_folder(call))
			return call;
	}
	free(call);
	if (!is_name)
		refuse_name(web, step);
	return NULL;
}

struct artifact_call *artifact_call_new(
	struct web_call *web, enum artifact_step step, size_t size, const struct web_work *work)
{
	const struct conf_cluster *cluster = has_right(web) ? find_cluster_in_query(web) : NULL;
	struct artifact_call *call =
		cluster ? find_place(web, cluster, name_in_path(web), step, size) : NULL;

	if (call)
		web_wait_for(web, work, call);
	return call;
}

struct artifact_call *artifact_call_to_write(
	struct web_call *web, struct str cluster, struct str file, size_t size)
{
	const struct conf_cluster *found = has_right(web) ? find_cluster(web, cluster) : NULL;

	return found ? find_place(web, found, file, ARTIFACT_WRITE, size) : NULL;
}

/* --- what the storage says --- */

struct s3_call artifact_call_ask(
	struct artifact_call *call, void (*done)(const struct fetch_result *result, void *arg))
{
	return (struct s3_call){call->cluster, done, call};
}

/* Whose key it is that is refused the operator sees in the log; the key is nobody's business. */
static void log_trouble(const struct artifact_call *call, const struct s3_reason *reason)
{
	const struct log_field fields[] = {{"cluster", str_of(call->cluster->name), false},
		{"request_id", str_of(call->web->id), false},
		{"access_key_file", str_of(call->cluster->launch.artifacts.access_key.file), false},
		{"reason", str_of(reason->text), false}};

	log_fields(LOG_WARN, "artifacts", "the object storage did not do what it was asked for",
		fields, ARRAY_LEN(fields));
}

bool artifact_call_is_done(struct artifact_call *call, const struct fetch_result *result)
{
	struct s3_reason reason;
	enum s3_outcome outcome = s3_read(result, &reason);

	call->fetch = NULL;
	if (outcome == S3_DONE)
		return true;
	log_trouble(call, &reason);
	artifact_call_refuse(call, outcome == S3_DOWN ? FAULT_STORAGE_DOWN : FAULT_STORAGE,
		outcome == S3_REFUSED ? "The object storage refuses the gateway's own key. Tell "
					"the gateway's administrator."
				      : NULL);
	return false;
}

static void on_listing(const struct fetch_result *result, void *arg)
{
	struct artifact_call *call = arg;
	struct s3_reason reason;
	struct err err;

	if (!artifact_call_is_done(call, result))
		return;
	if (s3_listing_read(result->body, &call->listing, &err) == 0) {
		call->then(call);
		return;
	}
	snprintf(reason.text, sizeof reason.text, "%.200s", err.text);
	log_trouble(call, &reason);
	artifact_call_refuse(call, FAULT_STORAGE, NULL);
}

void artifact_call_list(struct artifact_call *call, const char *prefix, unsigned max,
	void (*then)(struct artifact_call *call))
{
	struct s3_call asked = artifact_call_ask(call, on_listing);

	call->then = then;
	call->fetch = s3_list(artifact_bench_fetcher(call->web->bench), &asked, prefix, max);
}

/* What somebody else put there under a name that is none can't be asked for, but takes room. */
void artifact_call_each(const struct artifact_call *call,
	void (*each)(void *arg, const struct artifact_name *name, const struct s3_object *object),
	void *arg)
{
	struct sbuf whole;

	sbuf_init(&whole, S3_KEY_SIZE + ARTIFACT_KEY_MAX);
	s3_add_prefix(call->cluster, &whole);
	sbuf_puts(&whole, call->folder);
	for (size_t i = 0; i < call->listing.count; i++) {
		const struct s3_object *object = &call->listing.objects[i];
		struct str key = str_of(object->key);
		struct artifact_name name = {.shared = call->name.shared};

		if (!str_starts(key, sbuf_str(&whole)))
			continue;
		name.file = str_from(key, whole.len);
		if (artifact_is_segment(name.file))
			each(arg, &name, object);
	}
	sbuf_clear(&whole);
}

uint64_t artifact_call_used(const struct artifact_call *call)
{
	uint64_t used = 0;

	for (size_t i = 0; i < call->listing.count; i++)
		used += call->listing.objects[i].size;
	return used;
}

const struct s3_object *artifact_call_find(const struct artifact_call *call)
{
	const struct s3_object *found = NULL;
	struct sbuf key;

	sbuf_init(&key, S3_KEY_SIZE + ARTIFACT_KEY_MAX);
	s3_add_prefix(call->cluster, &key);
	sbuf_puts(&key, call->key);
	for (size_t i = 0; i < call->listing.count; i++) {
		if (strcmp(call->listing.objects[i].key, key.at) == 0)
			found = &call->listing.objects[i];
	}
	sbuf_clear(&key);
	return found;
}

/* --- what is written down, and told --- */

static void audit(
	const struct artifact_call *call, const char *what, uint64_t bytes, const char *reason)
{
	struct web_call *web = call->web;
	char digits[STR_U64];
	const struct log_field fields[] = {{"user", str_of(web->who->subject), false},
		{"user_name", identity_name_beside(web->who), false},
		{"token_id", str_of(web->who->token_id), false},
		{"client", str_of(web_client(web)), false}, {"request_id", str_of(web->id), false},
		{"cluster", str_of(call->cluster->name), false},
		{"artifact", str_of(call->key), false}, {"decision", str_of(what), false},
		{"bytes", str_of_u64(bytes, 10, digits), true}, {"reason", str_of(reason), false}};

	log_audit("artifacts", fields, ARRAY_LEN(fields) - (reason == NULL));
}

void artifact_call_audit(const struct artifact_call *call, const char *what, uint64_t bytes)
{
	audit(call, what, bytes, NULL);
}

void artifact_call_refuse(struct artifact_call *call, enum fault fault, const char *why)
{
	if (call->step == ARTIFACT_WRITE)
		audit(call, "refuse", 0, why ? why : fault_row(fault)->word);
	web_fault(call->web, fault, why);
}

void artifact_call_write(
	const struct artifact_call *call, struct json_writer *w, const struct artifact_name *name)
{
	struct sbuf text;

	sbuf_init(&text, 4 * ARTIFACT_KEY_MAX);
	if (name->shared.at) {
		sbuf_puts(&text, "shared/");
		sbuf_add_str(&text, name->shared);
		sbuf_putc(&text, '/');
	}
	sbuf_add_str(&text, name->file);
	json_writer_text(w, "name", sbuf_str(&text));
	json_writer_text(w, "cluster", str_of(call->cluster->name));
	sbuf_reset(&text);
	artifact_place_add_uri(call->cluster, call->web->who, name, &text);
	json_writer_text(w, "uri", sbuf_str(&text));
	sbuf_clear(&text);
}

void artifact_call_answer(struct artifact_call *call, int status, struct sbuf *json)
{
	web_json(call->web, status, json, NULL, FAULT_NONE);
	sbuf_clear(json);
}

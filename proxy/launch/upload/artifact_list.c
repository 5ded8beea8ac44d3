/* Artifacts that are there: listed, shown, deleted. */
#include "proxy/launch/upload/artifact_api.h"
#include "proxy/launch/upload/artifact_call.h"

enum { LIST_MAX = 4 * 1024 * 1024 };

static void write_object(struct artifact_call *call, struct json_writer *w,
	const struct artifact_name *name, const struct s3_object *object)
{
	artifact_call_write(call, w, name);
	json_writer_number(w, "size", (int64_t)object->size);
	json_writer_text(w, "modified", str_of(object->modified));
}

/* --- all --- */

struct shared_folders {
	struct json_writer *w;
	const char *last;
};

static void write_shared(void *arg, const char *folder, bool lets_write)
{
	struct shared_folders *out = arg;

	(void)lets_write;
	if (out->last == NULL || strcmp(out->last, folder) != 0)
		json_writer_text(out->w, NULL, str_of(folder));
	out->last = folder;
}

struct objects {
	struct artifact_call *call;
	struct json_writer *w;
};

static void write_each(void *arg, const struct artifact_name *name, const struct s3_object *object)
{
	struct objects *out = arg;

	json_writer_object(out->w, NULL);
	write_object(out->call, out->w, name, object);
	json_writer_close(out->w);
}

static void answer_list(struct artifact_call *call)
{
	const struct conf_launch *launch = &call->cluster->launch;
	struct json_writer w;
	struct sbuf json;

	sbuf_init(&json, LIST_MAX);
	json_writer_init(&w, &json);
	json_writer_text(&w, "cluster", str_of(call->cluster->name));
	json_writer_list(&w, "artifacts");
	artifact_call_each(call, write_each, &(struct objects){call, &w});
	json_writer_close(&w);
	json_writer_bool(&w, "has_more", call->listing.has_more);
	json_writer_number(&w, "used", (int64_t)artifact_call_used(call));
	json_writer_number(&w, "quota", (int64_t)launch->artifacts.quota);
	json_writer_list(&w, "shared");
	artifact_place_each_shared(
		call->cluster, call->web->who, write_shared, &(struct shared_folders){&w, NULL});
	json_writer_close(&w);
	json_writer_end(&w);
	artifact_call_answer(call, 200, &json);
}

void artifact_api_list(struct web_call *web)
{
	struct artifact_call *call =
		artifact_call_new(web, ARTIFACT_READ, sizeof *call, &artifact_call_work);

	if (call)
		artifact_call_list(call, call->folder, S3_OBJECTS_MAX, answer_list);
}

/* --- one --- */

static void answer_one(struct artifact_call *call)
{
	const struct s3_object *object = artifact_call_find(call);
	struct json_writer w;
	struct sbuf json;

	if (object == NULL) {
		artifact_call_no_such(call);
		return;
	}
	sbuf_init(&json, LIST_MAX);
	json_writer_init(&w, &json);
	write_object(call, &w, &call->name, object);
	json_writer_end(&w);
	artifact_call_answer(call, 200, &json);
}

/* The key itself comes first of all that begin with it. */
void artifact_api_show(struct web_call *web)
{
	struct artifact_call *call =
		artifact_call_new(web, ARTIFACT_READ, sizeof *call, &artifact_call_work);

	if (call)
		artifact_call_list(call, call->key, 1, answer_one);
}

/* --- one less --- */

static void on_deleted(const struct fetch_result *result, void *arg)
{
	struct artifact_call *call = arg;

	if (!artifact_call_is_done(call, result))
		return;
	artifact_call_audit(call, "delete", call->listing.objects[0].size);
	web_reply(call->web, &(struct web_reply){.status = 204}, FAULT_NONE);
}

/* S3 says the same of what was never there. */
static void delete_it(struct artifact_call *call)
{
	struct s3_call asked = artifact_call_ask(call, on_deleted);

	if (artifact_call_find(call))
		call->fetch =
			s3_delete(artifact_bench_fetcher(call->web->bench), &asked, call->key);
	else
		artifact_call_no_such(call);
}

void artifact_api_delete(struct web_call *web)
{
	struct artifact_call *call =
		artifact_call_new(web, ARTIFACT_WRITE, sizeof *call, &artifact_call_work);

	if (call)
		artifact_call_list(call, call->key, 1, delete_it);
}

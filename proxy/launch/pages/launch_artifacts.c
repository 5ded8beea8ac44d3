/* proxy/launch/pages/launch_artifacts.c - one's own files in a cluster's storage, to launch from.
 * By the steps of the API's list: whose storage, whose folder, what the storage says. */
#include "proxy/launch/pages/launch_pages.h"

#include "proxy/launch/upload/artifact_call.h"
#include "proxy/pages/launch/page_launch.h"

static void add_row(void *arg, const struct artifact_name *name, const struct s3_object *object)
{
	json_array_append_new(arg,
		json_pack("{s:o, s:I, s:s}", "name", json_stringn(name->file.at, name->file.len),
			"size", (json_int_t)object->size, "modified", object->modified));
}

static void show_artifacts(struct artifact_call *it)
{
	struct web_call *call = it->web;
	struct page_view view = call->site->view(call);
	json_t *rows = json_array();
	struct sbuf page;

	artifact_call_each(it, add_row, rows);
	sbuf_init(&page, PAGE_MAX);
	page_artifacts(&page, &view,
		&(struct page_artifacts){.cluster = it->cluster->name,
			.artifacts = rows,
			.used = artifact_call_used(it),
			.quota = it->cluster->launch.artifacts.quota});
	json_decref(rows);
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void launch_pages_artifacts(struct web_call *call)
{
	struct artifact_call *it =
		artifact_call_new(call, ARTIFACT_READ, sizeof *it, &artifact_call_work);

	if (it)
		artifact_call_list(it, it->folder, S3_OBJECTS_MAX, show_artifacts);
}

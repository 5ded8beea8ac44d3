#include "proxy/discovery/spark/spark_acls.h"

#include "base/text/json_text.h"

/* Whether Spark itself obeys them (spark.acls.enable, spark.ui.acls.enable) does not matter here:
 * the gateway is who lets people in. */
static const struct {
	const char *key;
	size_t at;
} keys[] = {
	{"spark.ui.view.acls", offsetof(struct access_lists, view)},
	{"spark.ui.view.acls.groups", offsetof(struct access_lists, view_groups)},
	{"spark.modify.acls", offsetof(struct access_lists, modify)},
	{"spark.modify.acls.groups", offsetof(struct access_lists, modify_groups)},
	{"spark.admin.acls", offsetof(struct access_lists, admin)},
	{"spark.admin.acls.groups", offsetof(struct access_lists, admin_groups)},
};

static const char **list_of(struct access_lists *lists, size_t row)
{
	return (const char **)(void *)((char *)lists + keys[row].at);
}

/* One ["key", "value"]; the first value of a key counts. */
static void read_pair(struct access_lists *lists, const json_t *pair)
{
	const char *key = json_string_value(json_array_get(pair, 0));
	const char *value = json_string_value(json_array_get(pair, 1));

	for (size_t i = 0; key && value && i < ARRAY_LEN(keys); i++) {
		const char **list = list_of(lists, i);
		if (strcmp(key, keys[i].key) == 0 && *list == NULL)
			*list = value;
	}
}

static void read_pairs(struct access_lists *lists, const json_t *pairs)
{
	for (size_t i = 0; i < json_array_size(pairs); i++)
		read_pair(lists, json_array_get(pairs, i));
}

int spark_acls_parse(struct str body, struct spark_acls *out, struct err *err)
{
	const json_t *own;

	*out = (struct spark_acls){.json = json_of_text(body, err)};
	if (out->json == NULL)
		return -1;
	own = json_object_get(out->json, "sparkProperties");
	if (!json_is_array(own)) {
		spark_acls_clear(out);
		return err_set(err, "not an application's environment");
	}
	read_pairs(&out->lists, own);
	read_pairs(&out->lists, json_object_get(out->json, "systemProperties"));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char **list = list_of(&out->lists, i);
		*list = *list ? *list : "";
	}
	return 0;
}

void spark_acls_clear(struct spark_acls *acls)
{
	json_decref(acls->json);
	*acls = (struct spark_acls){0};
}

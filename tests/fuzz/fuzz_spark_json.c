/* What strangers send to discovery: the first byte chooses whose answer the rest is. */
#include "proxy/discovery/spark/app_page.h"
#include "proxy/discovery/spark/spark_acls.h"
#include "proxy/discovery/spark/spark_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_master(struct str body)
{
	struct spark_master m;

	if (spark_master_parse(body, &m, NULL) == -1)
		return;
	for (size_t i = 0; i < m.workers_count; i++)
		assert(spark_id_is_good(str_of(m.workers[i].id)) && m.workers[i].web_ui);
	for (size_t i = 0; i < m.apps_count; i++)
		assert(spark_id_is_good(str_of(m.apps[i].id)) && m.apps[i].name);
	for (size_t i = 0; i < m.drivers_count; i++)
		assert(spark_id_is_good(str_of(m.drivers[i].id)) && m.drivers[i].worker);
	spark_master_clear(&m);
}

static void try_history(struct str body)
{
	struct spark_apps list;

	if (spark_apps_parse(body, &list, NULL) == -1 &&
		spark_one_app_parse(body, &list, NULL) == -1)
		return;
	for (size_t i = 0; i < list.count; i++)
		assert(spark_id_is_good(str_of(list.apps[i].id)));
	spark_apps_clear(&list);
}

static void try_page(struct str body)
{
	char version[SPARK_VERSION_MAX];
	enum app_link link;
	struct url url;

	app_page_version(body, version);
	assert(strpbrk(version, "<>\"& ") == NULL);
	if (app_page_find_ui(body, STR("app-1"), &link, &url, NULL) == 0 &&
		link == APP_LINK_ADDRESS)
		assert(url.host[0] && url.port && strcmp(url.path, "/") == 0);
}

static void try_identity(struct str body)
{
	char version[SPARK_VERSION_MAX];
	bool is_both = spark_worker_is(body, STR("id-1")) && spark_driver_is(body, STR("id-1"));

	assert(!is_both);
	if (spark_version_parse(body, version) == -1)
		assert(version[0] == '\0');
}

static void try_environment(struct str body)
{
	struct spark_acls acls;

	if (spark_acls_parse(body, &acls, NULL) == -1)
		return;
	assert(acls.lists.view && acls.lists.view_groups && acls.lists.modify);
	assert(acls.lists.modify_groups && acls.lists.admin && acls.lists.admin_groups);
	spark_acls_clear(&acls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct str) = {
		try_master, try_history, try_page, try_identity, try_environment};
	struct str body = {(const char *)data + 1, size - 1};

	if (size > 0 && data[0] % 8 < ARRAY_LEN(tries))
		tries[data[0] % 8](body);
	return 0;
}

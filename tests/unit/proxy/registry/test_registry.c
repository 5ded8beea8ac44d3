/* The registry: what a request's names lead to. */
#include "base/hash/siphash.h"
#include "proxy/registry/registry_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static const struct mount *add(struct registry_builder *b, enum ui_kind kind,
	enum mount_state state, const char *cluster, const char *id, const char *authority)
{
	return registry_builder_mount(b, &(struct mount){.kind = kind,
						 .state = state,
						 .cluster = cluster,
						 .id = id,
						 .authority = authority});
}

static struct registry *two_clusters(void)
{
	struct registry_builder *b = registry_builder_new("/base");
	const struct mount *ui;

	add(b, UI_MASTER, MOUNT_UP, "one", "master", "10.0.0.1:8080");
	add(b, UI_HISTORY, MOUNT_UP, "one", "shs", "10.0.0.1:18080");
	ui = add(b, UI_OTHER, MOUNT_UP, "one", "hdfs", "namenode:9870");
	add(b, UI_DRIVER, MOUNT_UP, "one", "app-1", "10.0.0.1:4040");
	add(b, UI_WORKER, MOUNT_GONE, "one", "worker-old", "10.0.0.1:8081");
	add(b, UI_WORKER, MOUNT_UP, "one", "worker-1", "10.0.0.1:8081");
	registry_builder_cluster(
		b, &(struct cluster_info){.name = "one", .uis = &ui, .uis_count = 1});
	add(b, UI_MASTER, MOUNT_UP, "two", "master", "10.0.0.2:8080");
	add(b, UI_WORKER, MOUNT_UNVERIFIED, "two", "worker-1", "10.0.0.1:8081");
	registry_builder_cluster(b, &(struct cluster_info){.name = "two"});
	return registry_builder_finish(b);
}

static const char *path_of(const struct mount *m)
{
	return m ? m->path : "(none)";
}

static void mounts_have_the_paths_of_the_url_space(void **state)
{
	struct registry *reg = two_clusters();
	const struct mount *const *ui = registry_cluster(reg, STR("one"))->uis;

	(void)state;
	assert_string_equal(
		path_of(registry_proxy(reg, STR("one"), STR("master"))), "/base/one/proxy/master");
	assert_string_equal(
		path_of(registry_proxy(reg, STR("one"), STR("app-1"))), "/base/one/proxy/app-1");
	assert_string_equal(path_of(registry_proxy(reg, STR("two"), STR("worker-1"))),
		"/base/two/proxy/worker-1");
	assert_string_equal(
		path_of(registry_ui(reg, STR("one"), STR("hdfs"))), "/base/one/ui/hdfs");
	assert_string_equal(path_of(registry_authority(reg, STR("one"), STR("10.0.0.1:18080"))),
		"/base/one/shs");
	assert_string_equal(path_of(ui[0]), "/base/one/ui/hdfs");
	assert_string_equal(registry_cluster(reg, STR("two"))->path, "/base/two");
	registry_free(reg);
}

/* Its master may call itself anything. */
static void s108_found_cluster_draws_no_link_of_another_clusters_page(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	const struct mount found = {.kind = UI_MASTER,
		.state = MOUNT_UP,
		.cluster = "found",
		.finder = "one",
		.namespace = "etl",
		.id = "master",
		.authority = "10.0.0.9:8080"};

	(void)state;
	const struct mount *m = registry_builder_mount(b, &found);
	registry_builder_alias(b, m, "portal.example:443");
	registry_builder_cluster(
		b, &(struct cluster_info){.name = "found", .finder = "one", .namespace = "etl"});
	add(b, UI_MASTER, MOUNT_UP, "one", "master", "10.0.0.1:8080");
	registry_builder_cluster(b, &(struct cluster_info){.name = "one"});
	struct registry *reg = registry_builder_finish(b);
	assert_null(registry_authority(reg, STR("one"), STR("portal.example:443")));
	assert_null(registry_authority(reg, STR("one"), STR("10.0.0.9:8080")));
	assert_string_equal(
		path_of(registry_authority(reg, STR("found"), STR("portal.example:443"))),
		"/found/proxy/master");
	assert_string_equal(path_of(registry_authority(reg, STR("found"), STR("10.0.0.1:8080"))),
		"/one/proxy/master");
	registry_free(reg);
}

static void unknown_names_lead_nowhere(void **state)
{
	struct registry *reg = two_clusters();

	(void)state;
	assert_null(registry_proxy(reg, STR("one"), STR("worker-2")));
	assert_null(registry_proxy(reg, STR("one"), STR("")));
	assert_null(registry_proxy(reg, STR("one"), STR("hdfs")));
	assert_null(registry_proxy(reg, STR("one"), STR("shs")));
	assert_null(registry_proxy(reg, STR("two"), STR("app-1")));
	assert_null(registry_proxy(reg, STR("three"), STR("master")));
	assert_null(registry_ui(reg, STR("two"), STR("hdfs")));
	assert_null(registry_ui(reg, STR("one"), STR("master")));
	assert_null(registry_cluster(reg, STR("o")));
	assert_null(registry_authority(reg, STR("one"), STR("10.0.0.1:8082")));
	assert_null(registry_app(reg, STR("one"), STR("app-1")));
	registry_free(reg);
}

static void an_address_leads_to_who_lives_there_now(void **state)
{
	struct registry *reg = two_clusters();

	(void)state;
	assert_string_equal(path_of(registry_authority(reg, STR("one"), STR("10.0.0.1:8081"))),
		"/base/one/proxy/worker-1");
	registry_free(reg);
}

static void an_address_leads_to_this_cluster_first(void **state)
{
	struct registry *reg = two_clusters();

	(void)state;
	assert_string_equal(path_of(registry_authority(reg, STR("two"), STR("10.0.0.1:8081"))),
		"/base/two/proxy/worker-1");
	assert_string_equal(path_of(registry_authority(reg, STR("two"), STR("10.0.0.1:4040"))),
		"/base/one/proxy/app-1");
	registry_free(reg);
}

static void a_worker_cannot_take_the_name_or_address_of_another(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	const struct mount *master = add(b, UI_MASTER, MOUNT_UP, "c", "master", "m:8080");
	struct registry *reg;

	(void)state;
	registry_builder_alias(b, master, "10.0.0.1:8080");
	add(b, UI_DRIVER, MOUNT_UP, "c", "app-1", "h:4040");
	add(b, UI_WORKER, MOUNT_UP, "c", "app-1", "m:8080");
	add(b, UI_WORKER, MOUNT_UP, "c", "worker-1", "10.0.0.1:8080");
	registry_builder_cluster(b, &(struct cluster_info){.name = "c"});
	reg = registry_builder_finish(b);
	assert_int_equal(registry_proxy(reg, STR("c"), STR("app-1"))->kind, UI_DRIVER);
	assert_int_equal(registry_authority(reg, STR("c"), STR("m:8080"))->kind, UI_MASTER);
	assert_int_equal(registry_authority(reg, STR("c"), STR("10.0.0.1:8080"))->kind, UI_MASTER);
	registry_free(reg);
}

static void mounts_through_a_master_do_not_take_its_address(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	struct registry *reg;

	(void)state;
	registry_builder_mount(b, &(struct mount){.kind = UI_DRIVER,
					  .cluster = "c",
					  .id = "app-1",
					  .authority = "m:8080",
					  .prefix = "/proxy/app-1"});
	add(b, UI_MASTER, MOUNT_UNVERIFIED, "c", "master", "m:8080");
	registry_builder_cluster(b, &(struct cluster_info){.name = "c"});
	reg = registry_builder_finish(b);
	assert_int_equal(registry_authority(reg, STR("c"), STR("m:8080"))->kind, UI_MASTER);
	registry_free(reg);
}

static void application_is_found_by_its_other_name_where_none_has_it_as_its_first(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {
		{.id = "spark-1", .name = "etl-daily", .other_name = "ETL daily", .started_ms = 3},
		{.id = "spark-2", .name = "report", .other_name = "etl-weekly", .started_ms = 2},
		{.id = "spark-3", .name = "etl-weekly", .started_ms = 1}};
	registry_builder_cluster(
		b, &(struct cluster_info){.name = "k", .apps = apps, .apps_count = 3});
	struct registry *reg = registry_builder_finish(b);

	(void)state;
	assert_string_equal(registry_app(reg, STR("k"), STR("ETL daily"))->id, "spark-1");
	assert_string_equal(registry_app(reg, STR("k"), STR("etl-daily"))->id, "spark-1");
	assert_string_equal(registry_app(reg, STR("k"), STR("etl-weekly"))->id, "spark-3");
	assert_null(registry_app(reg, STR("k"), STR("")));
	registry_free(reg);
}

static void each_of_few_or_many_clusters_is_found_by_its_whole_name(void **state)
{
	char name[16];

	(void)state;
	for (int count = 1; count <= 9; count++) {
		struct registry_builder *b = registry_builder_new("");
		for (int i = 0; i < count; i++) {
			snprintf(name, sizeof name, "c%d", i);
			add(b, UI_MASTER, MOUNT_UP, name, "master", "m:8080");
			registry_builder_cluster(b, &(struct cluster_info){.name = name});
		}
		struct registry *reg = registry_builder_finish(b);
		for (int i = 0; i < count; i++) {
			snprintf(name, sizeof name, "c%d", i);
			assert_string_equal(registry_cluster(reg, str_of(name))->name, name);
			assert_string_equal(
				registry_proxy(reg, str_of(name), STR("master"))->cluster, name);
		}
		assert_null(registry_cluster(reg, STR("c")));
		assert_null(registry_cluster(reg, STR("c00")));
		assert_null(registry_cluster(reg, STR("c9")));
		registry_free(reg);
	}
}

static void a_cluster_that_did_not_change_is_shared_and_outlives_its_first_snapshot(void **state)
{
	struct registry_builder *b = registry_builder_new("/base");
	struct registry_part *two;
	struct registry *reg;
	const struct cluster_info *info;

	(void)state;
	add(b, UI_WORKER, MOUNT_UP, "one", "worker-1", "10.0.0.1:8081");
	registry_builder_cluster(b, &(struct cluster_info){.name = "one"});
	add(b, UI_WORKER, MOUNT_GONE, "two", "worker-2", "10.0.0.1:8081");
	add(b, UI_DRIVER, MOUNT_UP, "two", "app-2", "10.0.0.1:4040");
	two = registry_part_ref(registry_builder_cluster(b, &(struct cluster_info){.name = "two"}));
	reg = registry_builder_finish(b);
	info = registry_cluster(reg, STR("two"));
	registry_free(reg);

	b = registry_builder_new("/base");
	add(b, UI_WORKER, MOUNT_REFUSED, "one", "worker-1", "10.0.0.1:8081");
	registry_builder_cluster(b, &(struct cluster_info){.name = "one"});
	registry_builder_keep(b, two);
	registry_part_unref(two);
	reg = registry_builder_finish(b);
	assert_ptr_equal(registry_cluster(reg, STR("two")), info);
	assert_string_equal(path_of(registry_proxy(reg, STR("two"), STR("worker-2"))),
		"/base/two/proxy/worker-2");
	/* Precedence is that of now. */
	assert_string_equal(path_of(registry_authority(reg, STR("three"), STR("10.0.0.1:8081"))),
		"/base/one/proxy/worker-1");
	assert_string_equal(path_of(registry_authority(reg, STR("one"), STR("10.0.0.1:4040"))),
		"/base/two/proxy/app-2");
	assert_ptr_equal(
		registry_label(reg, str_of(registry_proxy(reg, STR("two"), STR("app-2"))->label)),
		registry_proxy(reg, STR("two"), STR("app-2")));
	registry_free(reg);
}

static struct registry *with_apps(void)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {
		{.id = "app-1", .name = "etl", .started_ms = 100},
		{.id = "app-2", .name = "etl", .started_ms = 50, .running = true},
		{.id = "app-3", .name = "etl", .started_ms = 300},
		{.id = "app-4", .name = "old", .started_ms = 10},
		{.id = "app-5", .name = "old", .started_ms = 20},
		{.id = "app-6", .name = "app-4", .started_ms = 400},
	};

	registry_builder_cluster(b,
		&(struct cluster_info){.name = "c", .apps = apps, .apps_count = ARRAY_LEN(apps)});
	return registry_builder_finish(b);
}

static void applications_are_running_first_then_newest_first(void **state)
{
	static const char *const order[] = {"app-2", "app-6", "app-3", "app-1", "app-5", "app-4"};
	struct registry *reg = with_apps();
	const struct cluster_info *c = registry_cluster_at(reg, 0);

	(void)state;
	assert_int_equal(c->apps_count, ARRAY_LEN(order));
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		assert_string_equal(c->apps[i].id, order[i]);
	registry_free(reg);
}

static void a_name_leads_to_its_running_else_newest_application(void **state)
{
	struct registry *reg = with_apps();

	(void)state;
	assert_string_equal(registry_app(reg, STR("c"), STR("etl"))->id, "app-2");
	assert_string_equal(registry_app(reg, STR("c"), STR("old"))->id, "app-5");
	assert_string_equal(registry_app(reg, STR("c"), STR("app-1"))->id, "app-1");
	/* An id is never shadowed by a name that looks like it. */
	assert_string_equal(registry_app(reg, STR("c"), STR("app-4"))->id, "app-4");
	assert_null(registry_app(reg, STR("c"), STR("nobody")));
	registry_free(reg);
}

/* A list asks for one after the other: in the order of the rows, in any other, and for some that
 * are not there. */
static void a_list_finds_each_application_in_whatever_order_it_asks(void **state)
{
	static const char *const asked[] = {"app-2", "app-6", "app-9", "app-1", "app-3", "app-3",
		"app-5", "app-", "app-44", "app-4", "app-2", "app-4", "app-6"};
	struct registry *reg = with_apps();
	const struct cluster_info *c = registry_cluster_at(reg, 0);
	size_t row = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct str id = str_of(asked[i]);
		registry_app_soon(c, id, row);
		assert_ptr_equal(registry_app_next(c, id, &row), registry_app_near(c, id));
		assert_true(row <= c->apps_count);
	}
	assert_int_equal(row, 2);
	registry_free(reg);
}

/* The first is meant, and not the one whose turn it would be. */
static void of_two_applications_of_one_id_a_list_finds_the_first_as_a_page_does(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {{.id = "app-1", .name = "of ann", .started_ms = 9},
		{.id = "app-2", .name = "of bob", .started_ms = 8},
		{.id = "app-1", .name = "of cid", .started_ms = 7}};
	size_t row = 2;

	(void)state;
	registry_builder_cluster(b,
		&(struct cluster_info){.name = "c", .apps = apps, .apps_count = ARRAY_LEN(apps)});
	struct registry *reg = registry_builder_finish(b);
	const struct cluster_info *c = registry_cluster_at(reg, 0);
	assert_string_equal(registry_app_next(c, STR("app-1"), &row)->name, "of ann");
	assert_int_equal(row, 1);
	registry_free(reg);
}

static struct registry *big(size_t workers, size_t apps)
{
	struct registry_builder *b = registry_builder_new("/base");
	struct app_info *rows = mem_alloc(apps, sizeof *rows);
	char(*ids)[32] = mem_alloc(apps, sizeof *ids), id[32], authority[32];
	struct registry *reg;

	for (size_t i = 0; i < apps; i++) {
		snprintf(ids[i], sizeof ids[i], "app-2026-%zu", i);
		rows[i] = (struct app_info){.id = ids[i], .name = ids[i], .started_ms = (int64_t)i};
	}
	for (size_t i = 0; i < workers; i++) {
		snprintf(id, sizeof id, "worker-2026-%zu", i);
		snprintf(authority, sizeof authority, "10.0.%zu.%zu:8081", i / 256, i % 256);
		add(b, UI_WORKER, MOUNT_UP, "c", id, authority);
	}
	registry_builder_cluster(
		b, &(struct cluster_info){.name = "c", .apps = rows, .apps_count = apps});
	reg = registry_builder_finish(b);
	free(rows);
	free(ids);
	return reg;
}

static void ten_thousand_workers_and_twenty_thousand_applications_are_found(void **state)
{
	struct registry *reg = big(10000, 20000);
	char text[32];

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		snprintf(text, sizeof text, "10.0.%zu.%zu:8081", i / 256, i % 256);
		assert_non_null(registry_authority(reg, STR("c"), str_of(text)));
		snprintf(text, sizeof text, "worker-2026-%zu", i);
		assert_non_null(registry_proxy(reg, STR("c"), str_of(text)));
	}
	for (size_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "app-2026-%zu", i);
		assert_string_equal(registry_app(reg, STR("c"), str_of(text))->id, text);
	}
	registry_free(reg);
}

static void lists_of_applications_are_copied_once_for_all_that_share_them(void **state)
{
	enum { APPS = 1000 };
	struct access_lists own = {"alice", "", "bob", "", "", "root"},
			    other = {"", "", "", "", "", ""};
	struct registry_builder *b = registry_builder_new("");
	struct app_info *apps = mem_alloc(APPS, sizeof *apps);
	struct registry *reg;
	char ids[APPS][16];

	(void)state;
	for (int i = 0; i < APPS; i++) {
		snprintf(ids[i], sizeof ids[i], "app-%d", i);
		apps[i] = (struct app_info){.id = ids[i],
			.user = "alice",
			.lists = i % 3 == 2 ? NULL
				 : i % 3    ? &other
					    : &own};
	}
	registry_builder_cluster(
		b, &(struct cluster_info){.name = "c", .apps = apps, .apps_count = APPS});
	reg = registry_builder_finish(b);
	free(apps);
	own.view = "changed";
	assert_string_equal(registry_app(reg, STR("c"), STR("app-0"))->lists->view, "alice");
	assert_string_equal(registry_app(reg, STR("c"), STR("app-0"))->lists->admin_groups, "root");
	assert_ptr_equal(registry_app(reg, STR("c"), STR("app-0"))->lists,
		registry_app(reg, STR("c"), STR("app-999"))->lists);
	assert_string_equal(registry_app(reg, STR("c"), STR("app-1"))->lists->view, "");
	assert_null(registry_app(reg, STR("c"), STR("app-2"))->lists);
	assert_string_equal(registry_app(reg, STR("c"), STR("app-2"))->user, "alice");
	registry_free(reg);
}

static void siphash_is_the_published_function(void **state)
{
	unsigned char key[16], text[15];

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	memcpy(text, key, sizeof text);
	assert_true(siphash(key, text, sizeof text) == 0xa129ca6149be45e5u);
	assert_true(siphash(key, text, 0) == 0x726fdb47dd0e0e31u);
	assert_true(siphash(key, text, 8) == 0x93f5f5799a932462u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_have_the_paths_of_the_url_space),
		cmocka_unit_test(s108_found_cluster_draws_no_link_of_another_clusters_page),
		cmocka_unit_test(unknown_names_lead_nowhere),
		cmocka_unit_test(an_address_leads_to_who_lives_there_now),
		cmocka_unit_test(an_address_leads_to_this_cluster_first),
		cmocka_unit_test(a_worker_cannot_take_the_name_or_address_of_another),
		cmocka_unit_test(mounts_through_a_master_do_not_take_its_address),
		cmocka_unit_test(
			a_cluster_that_did_not_change_is_shared_and_outlives_its_first_snapshot),
		cmocka_unit_test(applications_are_running_first_then_newest_first),
		cmocka_unit_test(a_name_leads_to_its_running_else_newest_application),
		cmocka_unit_test(
			application_is_found_by_its_other_name_where_none_has_it_as_its_first),
		cmocka_unit_test(a_list_finds_each_application_in_whatever_order_it_asks),
		cmocka_unit_test(
			of_two_applications_of_one_id_a_list_finds_the_first_as_a_page_does),
		cmocka_unit_test(each_of_few_or_many_clusters_is_found_by_its_whole_name),
		cmocka_unit_test(ten_thousand_workers_and_twenty_thousand_applications_are_found),
		cmocka_unit_test(lists_of_applications_are_copied_once_for_all_that_share_them),
		cmocka_unit_test(siphash_is_the_published_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Before an application is killed and after, and who is offered it. */
#include "proxy/registry/registry_builder.h"
#include "tests/support/page_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static struct identity bob = {
	.subject = (char[]){"bob"}, .name = (char[]){"Bob"}, .role = ROLE_USER};

static const struct app_info evil = {
	.id = "app-1", .name = page_world_hostile, .user = page_world_hostile, .state = "RUNNING"};
static const struct cluster_info cluster = {.name = "prod", .path = "/prod"};

static void every_page_about_a_kill_is_whole_and_without_inline_script_or_style(void **state)
{
	struct page_kill about = {&cluster, &evil, NULL};

	(void)state;
	page_kill_question(&probe_page, &as_alice, &about);
	check_sample("kill-question");
	sbuf_reset(&probe_page);
	about.problem = "Too long.";
	page_kill_question(&probe_page, &as_alice, &about);
	check_sample("kill-question-again");
	for (int end = KILLED; end <= KILL_UNCERTAIN; end++) {
		char name[32];
		snprintf(name, sizeof name, "kill-%d", end);
		sbuf_reset(&probe_page);
		page_kill_told(&probe_page, &as_alice, &about, (enum page_killed)end);
		check_sample(name);
		assert_has("app-1");
		assert_has("href=\"/prod/\"");
	}
}

static void the_question_asks_for_a_reason_and_sends_it_to_itself(void **state)
{
	struct page_kill about = {&cluster, &evil, NULL};

	(void)state;
	page_kill_question(&probe_page, &as_alice, &about);
	assert_has("<form class=\"sign-in\" method=\"post\" action=\"/prod/apps/app-1/kill\">");
	assert_has("name=\"reason\" maxlength=\"200\"");
	assert_has("&lt;script&gt;");
	assert_has_not("role=\"alert\"");
}

static void render_for(const struct identity *who)
{
	struct page_view view = as_alice;

	view.who = who;
	sbuf_reset(&probe_page);
	page_home(&probe_page, &view, probe_world, NULL, (struct str){NULL, 0});
}

static void who_may_kill_finds_it_beside_what_runs(void **state)
{
	(void)state;
	probe_world = page_world_small("");
	render_for(as_alice.who);
	assert_int_equal(page_times("/kill\">Kill<"), 1);
	assert_has("href=\"/local/apps/app-20260131120000-0001/kill\">Kill<");
	render_for(&bob);
	assert_has_not("/kill");
}

static void what_spark_cannot_end_has_no_button(void **state)
{
	struct registry_builder *b = registry_builder_new("");
	struct app_info apps[] = {{.id = "spark-1",
					  .name = "pod",
					  .state = "RUNNING",
					  .running = true,
					  .namespace = "etl"},
		{.id = "a b", .name = "odd", .state = "RUNNING", .running = true},
		{.id = "app-3", .name = "over", .state = "FINISHED"}};

	(void)state;
	registry_builder_cluster(
		b, &(struct cluster_info){
			   .name = "k", .has_masters = true, .apps = apps, .apps_count = 3});
	probe_world = registry_builder_finish(b);
	render_for(as_alice.who);
	assert_has("spark-1");
	assert_has_not("/kill");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(every_page_about_a_kill_is_whole_and_without_inline_script_or_style),
		PAGE_TEST(the_question_asks_for_a_reason_and_sends_it_to_itself),
		PAGE_TEST(who_may_kill_finds_it_beside_what_runs),
		PAGE_TEST(what_spark_cannot_end_has_no_button),
	};

	return cmocka_run_group_tests_name("page_kill", tests, NULL, NULL);
}

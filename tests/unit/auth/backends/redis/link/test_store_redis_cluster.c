/* What a cluster's nodes say about each other, and commands as they are sent to one. */
#include "auth/backends/redis/link/store_redis_cluster.h"

#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct redis_address from = {.host = "10.0.0.9", .name = "node.example", .port = 7000};

static redisReply *parse(const char *text)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

static void redirects_name_a_host_and_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		bool is_ask;
	} rows[] = {
		{"-MOVED 6701 127.0.0.1:6381\r\n", "127.0.0.1", 6381, false},
		{"-ASK 6701 127.0.0.1:6381\r\n", "127.0.0.1", 6381, true},
		{"-MOVED 6701 ::1:6381\r\n", "::1", 6381, false},
		{"-MOVED 6701 redis-2.example:6381\r\n", "redis-2.example", 6381, false},
		{"-MOVED 6701 :6381\r\n", "10.0.0.9", 6381, false},
		{"-MOVED 6701 ?:6381\r\n", "10.0.0.9", 6381, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct redis_redirect redirect;
		redisReply *reply = parse(rows[i].text);

		assert_true(redis_redirect_read(reply, &from, &redirect));
		assert_string_equal(redirect.to.host, rows[i].host);
		assert_int_equal(redirect.to.port, rows[i].port);
		assert_int_equal(redirect.is_ask, rows[i].is_ask);
		freeReplyObject(reply);
	}
}

static void what_cannot_be_followed_is_no_redirect(void **state)
{
	static const char *const rows[] = {
		"-MOVED\r\n",
		"-MOVED 6701\r\n",
		"-MOVED 6701 \r\n",
		"-MOVED 6701 host\r\n",
		"-MOVED 6701 host:0\r\n",
		"-MOVED 6701 host:65536\r\n",
		"-MOVED 6701 host:x\r\n",
		"-MOVED 6701 host:6381 \r\n",
		"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
		"+MOVED 6701 host:6381\r\n",
		":1\r\n",
	};
	struct redis_redirect redirect;
	char host[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		redisReply *reply = parse(rows[i]);
		assert_false(redis_redirect_read(reply, &from, &redirect));
		freeReplyObject(reply);
	}
	snprintf(host, sizeof host, "-MOVED 1 %0*d:1\r\n", REDIS_HOST, 0);
	redisReply *reply = parse(host);
	assert_false(redis_redirect_read(reply, &from, &redirect));
	freeReplyObject(reply);
	assert_false(redis_redirect_read(NULL, &from, &redirect));
}

#define NODE(host, port) "*3\r\n$8\r\n" host "\r\n:" port "\r\n$2\r\nid\r\n"

static void nodes_are_learned_once_each_and_what_is_none_is_passed_over(void **state)
{
	struct redis_cluster cluster = {.count = 0};
	redisReply *reply = parse("*4\r\n"
				  "*4\r\n:0\r\n:99\r\n" NODE("10.0.0.1", "1")
					  NODE("10.0.0.2", "2") "*4\r\n:100\r\n:16383\r\n" NODE(
						  "10.0.0.2", "2") "*3\r\n$-1\r\n:3\r\n$2\r\nid\r\n"
								   "*3\r\n:1\r\n:2\r\n:3\r\n"
								   "$1\r\nx\r\n");
	redisReply *refusal = parse("-NOPERM no\r\n");

	(void)state;
	redis_cluster_learn(&cluster, reply, &from);
	assert_int_equal(cluster.count, 3);
	assert_string_equal(cluster.nodes[0].host, "10.0.0.1");
	assert_string_equal(cluster.nodes[1].host, "10.0.0.2");
	assert_string_equal(cluster.nodes[2].host, "10.0.0.9"); /* it does not know its own name */
	redis_cluster_learn(&cluster, refusal, &from);
	redis_cluster_learn(&cluster, NULL, &from);
	assert_int_equal(cluster.count, 3);
	freeReplyObject(reply);
	freeReplyObject(refusal);
}

static void node_that_was_named_is_tried_first_then_all_in_turn(void **state)
{
	struct redis_endpoint endpoint = {.host = (char[]){"seed"}, .port = 9};
	const struct redis_servers servers = {.endpoints = &endpoint, .endpoints_count = 1};
	struct redis_cluster cluster = {.count = 1,
		.nodes[0] = {.host = "a", .port = 1},
		.moved = {.host = "m", .port = 2}};
	const char *const order[] = {"m", "a", "seed", "a", "seed"};
	struct redis_address to;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		redis_cluster_next(&cluster, &servers, &to);
		assert_string_equal(to.host, order[i]);
	}
}

/* --- commands --- */

static void assert_written(const struct redis_cmd *cmd, bool is_cluster, const char *want)
{
	struct sbuf out;

	sbuf_init(&out, 4096);
	redis_cmd_write(cmd, is_cluster, &out);
	assert_string_equal(out.at, want);
	sbuf_clear(&out);
}

static void key_of_a_cluster_has_a_hash_tag(void **state)
{
	struct redis_cmd cmd;

	(void)state;
	redis_cmd_init(&cmd, "HGET");
	redis_cmd_key(&cmd, "meta");
	redis_cmd_text(&cmd, "sparkgate:x");
	assert_written(
		&cmd, false, "*3\r\n$4\r\nHGET\r\n$14\r\nsparkgate:meta\r\n$11\r\nsparkgate:x\r\n");
	assert_written(&cmd, true,
		"*3\r\n$4\r\nHGET\r\n$16\r\n{sparkgate}:meta\r\n$11\r\nsparkgate:x\r\n");
	redis_cmd_init(&cmd, "PING");
	assert_written(&cmd, true, "*1\r\n$4\r\nPING\r\n");
}

static void s210_script_of_a_cluster_names_a_key_that_never_is(void **state)
{
	struct redis_cmd cmd;

	(void)state;
	redis_script_init();
	redis_cmd_script(&cmd, REDIS_LINK_ADD);
	redis_cmd_key(&cmd, "link");
	redis_cmd_number(&cmd, 1);
	cmd.argv[1] = "sha";
	cmd.lens[1] = 3;
	assert_written(&cmd, false,
		"*5\r\n$7\r\nEVALSHA\r\n$3\r\nsha\r\n$1\r\n1\r\n$14\r\nsparkgate:link\r\n$"
		"1\r\n1\r\n");
	assert_written(&cmd, true,
		"*6\r\n$7\r\nEVALSHA\r\n$3\r\nsha\r\n$1\r\n2\r\n$16\r\n{sparkgate}:link\r\n"
		"$17\r\n{sparkgate}:never\r\n$1\r\n1\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects_name_a_host_and_a_port),
		cmocka_unit_test(what_cannot_be_followed_is_no_redirect),
		cmocka_unit_test(nodes_are_learned_once_each_and_what_is_none_is_passed_over),
		cmocka_unit_test(node_that_was_named_is_tried_first_then_all_in_turn),
		cmocka_unit_test(key_of_a_cluster_has_a_hash_tag),
		cmocka_unit_test(s210_script_of_a_cluster_names_a_key_that_never_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

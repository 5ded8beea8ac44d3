/* Host, origin, client address and the fields that pass upstream: S5, S7, S8, S9, S25, T2, T45. */
#include "proxy/guard/client_address.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/do_as.h"
#include "proxy/relay/relay_headers.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define REQUEST(...)                                                                               \
	(struct front_request)                                                                     \
	{                                                                                          \
		.method = STR("GET"), .target = STR("/local/"),                                    \
		.fields = (struct h1_field[]){__VA_ARGS__},                                        \
		.fields_count = sizeof((struct h1_field[]){__VA_ARGS__}) / sizeof(struct h1_field) \
	}
#define FIELD(name, value) h1_field_of(STR(name), STR(value))

static struct conf_listen public_at(const char *host, bool tls, uint16_t port)
{
	struct conf_listen conf = {.public_url = {.tls = tls, .port = port}};

	strncpy(conf.public_url.host, host, sizeof conf.public_url.host - 1);
	return conf;
}

static enum fault check(const struct conf_listen *conf, const char *host)
{
	struct front_request req = REQUEST(h1_field_of(STR("Host"), str_of(host)));
	struct target target;
	struct str label;

	return guard_check(conf, 8480, &req, &label, &target, NULL);
}

static void s5_only_our_own_host_is_served(void **state)
{
	struct conf_listen conf = public_at("gw.example", true, 443);

	(void)state;
	assert_int_equal(check(&conf, "gw.example"), FAULT_NONE);
	assert_int_equal(check(&conf, "GW.example:443"), FAULT_NONE);
	assert_int_equal(check(&conf, "gw.example:8480"), FAULT_NONE);
	assert_int_equal(check(&conf, "a.gw.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "gw.example:1"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "u@gw.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "gw.example."), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "127.0.0.1:8480"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, ""), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "["), FAULT_BAD_HOST);
}

static void s5_on_loopback_every_loopback_name_is_ours(void **state)
{
	struct conf_listen conf = public_at("127.0.0.1", false, 8480);

	(void)state;
	assert_int_equal(check(&conf, "localhost:8480"), FAULT_NONE);
	assert_int_equal(check(&conf, "[::1]:8480"), FAULT_NONE);
	assert_int_equal(check(&conf, "localhost"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "evil.example:8480"), FAULT_BAD_HOST);
}

static void s5_hosts_of_applications_are_one_label_before_the_configured_one(void **state)
{
	struct conf_listen conf = public_at("gw.example", true, 443);
	struct front_request req = REQUEST(FIELD("Host", "App-1-x.Apps.example"));
	struct target target;
	struct str label;

	(void)state;
	assert_int_equal(check(&conf, "app-1.apps.example"), FAULT_BAD_HOST);
	conf.apps = (struct url){.tls = true, .host = "apps.example", .port = 443};
	assert_int_equal(guard_check(&conf, 8480, &req, &label, &target, NULL), FAULT_NONE);
	assert_true(str_eq(label, STR("App-1-x")));
	req = REQUEST(FIELD("Host", "gw.example"));
	assert_int_equal(guard_check(&conf, 8480, &req, &label, &target, NULL), FAULT_NONE);
	assert_null(label.at);
	assert_int_equal(check(&conf, "apps.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, ".apps.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "a.b.apps.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "a.apps.example."), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "a.apps.example:1"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "u@a.apps.example"), FAULT_BAD_HOST);
	assert_int_equal(check(&conf, "axapps.example"), FAULT_BAD_HOST);
}

static void s0_another_origin_may_lead_here_but_not_load_or_frame(void **state)
{
	static const struct {
		const char *site, *mode, *dest;
		bool is_foreign;
	} rows[] = {
		{"same-origin", "cors", "empty", false},
		{"none", "navigate", "document", false},
		{"same-site", "navigate", "document", false},
		{"cross-site", "navigate", "document", false},
		{"same-site", "navigate", "iframe", true},
		{"same-site", "no-cors", "script", true},
		{"same-site", "cors", "empty", true},
		{"cross-site", "no-cors", "document", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct front_request req =
			REQUEST(h1_field_of(STR("Sec-Fetch-Site"), str_of(rows[i].site)),
				h1_field_of(STR("Sec-Fetch-Mode"), str_of(rows[i].mode)),
				h1_field_of(STR("Sec-Fetch-Dest"), str_of(rows[i].dest)));
		assert_int_equal(guard_is_foreign(&req), rows[i].is_foreign);
	}
}

/* A form that is sent is a navigation, too. */
static void s45_only_get_and_head_lead_here(void **state)
{
	static const struct {
		const char *method;
		bool is_foreign, is_safe;
	} rows[] = {{"GET", false, true}, {"HEAD", false, true}, {"OPTIONS", true, true},
		{"POST", true, false}, {"PUT", true, false}, {"DELETE", true, false},
		{"PATCH", true, false}, {"get", true, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct front_request req = REQUEST(FIELD("Sec-Fetch-Site", "same-site"),
			FIELD("Sec-Fetch-Mode", "navigate"), FIELD("Sec-Fetch-Dest", "document"));
		req.method = str_of(rows[i].method);
		assert_int_equal(guard_is_foreign(&req), rows[i].is_foreign);
		assert_int_equal(guard_is_safe(&req), rows[i].is_safe);
	}
}

static void s45_a_page_that_asks_for_no_referer_is_still_ours(void **state)
{
	const char *own = "https://gw.example";
	struct front_request form =
		REQUEST(FIELD("Origin", "null"), FIELD("Sec-Fetch-Site", "same-origin"));
	struct front_request frame =
		REQUEST(FIELD("Origin", "null"), FIELD("Sec-Fetch-Site", "cross-site"));
	struct front_request old = REQUEST(FIELD("Origin", "null"));
	struct front_request lie =
		REQUEST(FIELD("Origin", "null"), FIELD("Referer", "https://gw.example/"));

	(void)state;
	assert_int_equal(guard_origin_of(&form, own), ORIGIN_SAME);
	assert_int_equal(guard_origin_of(&frame, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&old, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&lie, own), ORIGIN_OTHER);
}

static void s5_no_host_and_two_hosts_are_refused(void **state)
{
	struct conf_listen conf = public_at("127.0.0.1", false, 8480);
	struct front_request none = REQUEST(FIELD("X", "y"));
	struct front_request two =
		REQUEST(FIELD("Host", "127.0.0.1:8480"), FIELD("host", "127.0.0.1:8480"));
	struct target target;
	struct str label;

	(void)state;
	assert_int_equal(guard_check(&conf, 8480, &none, &label, &target, NULL), FAULT_BAD_HOST);
	assert_int_equal(guard_check(&conf, 8480, &two, &label, &target, NULL), FAULT_BAD_HOST);
}

static void a_kill_must_come_from_a_page_of_this_origin(void **state)
{
	const char *own = "https://gw.example";
	struct front_request same = REQUEST(FIELD("Sec-Fetch-Site", "same-origin"));
	struct front_request cross = REQUEST(FIELD("Sec-Fetch-Site", "cross-site"));
	struct front_request typed = REQUEST(FIELD("Sec-Fetch-Site", "none"));
	struct front_request lie = REQUEST(
		FIELD("Sec-Fetch-Site", "same-origin"), FIELD("Origin", "https://evil.example"));
	struct front_request origin = REQUEST(FIELD("Origin", "https://gw.example"));
	struct front_request referer = REQUEST(FIELD("Referer", "https://gw.example/local/"));
	struct front_request prefix = REQUEST(FIELD("Referer", "https://gw.example.evil/"));
	struct front_request silent = REQUEST(FIELD("Accept", "*/*"));

	(void)state;
	assert_int_equal(guard_origin_of(&same, own), ORIGIN_SAME);
	assert_int_equal(guard_origin_of(&cross, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&typed, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&lie, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&origin, own), ORIGIN_SAME);
	assert_int_equal(guard_origin_of(&referer, own), ORIGIN_SAME);
	assert_int_equal(guard_origin_of(&prefix, own), ORIGIN_OTHER);
	assert_int_equal(guard_origin_of(&silent, own), ORIGIN_UNKNOWN);
}

static void s8_forwarded_addresses_are_believed_from_trusted_peers_only(void **state)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	struct cidr trusted;
	struct conf conf = {.trusted_proxies = &trusted};
	struct front_request req =
		REQUEST(FIELD("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.1.2.3"));
	char out[46];

	(void)state;
	assert_int_equal(cidr_parse(STR("10.0.0.0/8"), &trusted, NULL), 0);
	inet_pton(AF_INET, "10.9.9.9", &peer.sin_addr);
	req.peer = (struct sockaddr *)&peer;
	memcpy(req.peer_text, "10.9.9.9", 9);
	client_address_of(&conf, &req, out);
	assert_string_equal(out, "10.9.9.9");
	conf.trusted_proxies_count = 1;
	client_address_of(&conf, &req, out);
	assert_string_equal(out, "203.0.113.9");
	inet_pton(AF_INET, "192.0.2.1", &peer.sin_addr);
	memcpy(req.peer_text, "192.0.2.1", 10);
	client_address_of(&conf, &req, out);
	assert_string_equal(out, "192.0.2.1");
}

static char *head_with(const struct front_request *req, struct str token)
{
	static const struct mount mount = {
		.path = "/local/proxy/app-1", .authority = "10.0.0.1:4040", .prefix = ""};
	struct sbuf out;

	sbuf_init(&out, 64 * 1024);
	relay_headers_to_upstream(&out, req, &mount,
		&(struct relay_headers_ask){
			.rest = STR("/jobs/"), .query = STR("id=1"), .token = token});
	return sbuf_take(&out);
}

static char *head_for(const struct front_request *req)
{
	return head_with(req, (struct str){NULL, 0});
}

static void the_head_for_the_upstream_names_the_mount(void **state)
{
	struct front_request req = REQUEST(FIELD("Host", "gw"), FIELD("Accept", "text/html"));
	char *head = head_for(&req);

	(void)state;
	assert_string_equal(head,
		"GET /jobs/?id=1 HTTP/1.1\r\nHost: 10.0.0.1:4040\r\nX-Forwarded-Context: "
		"/local/proxy/app-1\r\nAccept: text/html\r\nAccept-Encoding: identity\r\n\r\n");
	free(head);
}

static void s7_identity_and_forwarding_fields_never_pass(void **state)
{
	struct front_request req = REQUEST(FIELD("X-Forwarded-Context", "');alert(1);//"),
		FIELD("X-Forwarded-User", "root"), FIELD("x_forwarded_user", "root"),
		FIELD("X_Forwarded-User", "root"), FIELD("X-Auth-Request-Email", "a@b"),
		FIELD("X-Real-IP", "1.2.3.4"), FIELD("Forwarded", "for=x"),
		FIELD("X-Original-URL", "/x"), FIELD("X-Spark-User", "x"),
		FIELD("Authorization", "Bearer secret"), FIELD("Remote-User", "root"),
		FIELD("X-HTTP-Method-Override", "POST"), FIELD("Proxy-Authorization", "x"),
		FIELD("TE", "trailers"), FIELD("Upgrade", "h2c"),
		FIELD("Connection", "close, x-mine"), FIELD("X-Mine", "dropped"));
	char *head = head_for(&req);

	(void)state;
	assert_string_equal(head,
		"GET /jobs/?id=1 HTTP/1.1\r\nHost: 10.0.0.1:4040\r\nX-Forwarded-Context: "
		"/local/proxy/app-1\r\nAccept-Encoding: identity\r\n\r\n");
	free(head);
}

static void t57_our_token_takes_the_place_of_a_clients(void **state)
{
	struct front_request req = REQUEST(FIELD("authorization", "Bearer theirs"),
		FIELD("AUTHORIZATION", "Basic dGhlaXJz"), FIELD("Accept", "*/*"));
	char *head = head_with(&req, STR("ours"));

	(void)state;
	assert_string_equal(head,
		"GET /jobs/?id=1 HTTP/1.1\r\nHost: 10.0.0.1:4040\r\nX-Forwarded-Context: "
		"/local/proxy/app-1\r\nAccept: */*\r\nAuthorization: Bearer ours\r\n"
		"Accept-Encoding: identity\r\n\r\n");
	free(head);
}

static void s25_our_cookies_never_reach_an_upstream(void **state)
{
	struct front_request req =
		REQUEST(FIELD("Cookie", "spark-ui-a=1; sparkgate=secret; spark-ui-b=2"),
			FIELD("Cookie", "__Host-sparkgate=secret;spark-ui-c=3"));
	char *head = head_for(&req);

	(void)state;
	assert_non_null(strstr(head, "Cookie: a=1; b=2; c=3\r\n"));
	assert_null(strstr(head, "secret"));
	free(head);
}

static void t45_do_as_is_stripped_in_every_spelling(void **state)
{
	static const char *const with[] = {"doAs=root", "id=1&doAs=root", "doas=x&id=1", "%64oAs=x",
		"do%41s", "DOAS=1&doAs=2", "do%2541s=x", "%252564oAs=x", "do%%34%31s=x",
		"%25%36%34oas", "%u0064oAs=x", "do%U0041s", "%25u0064oAs=x", "%u0025%36%34oas",
		"do%u0025u0041s", "doA%C5%BF=x", "do%u0041%u017f", "id=1;doAs=root",
		"do%u0041s=root;id=1"};
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 200);
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		assert_true(do_as_strip(str_of(with[i]), &out));
		assert_true(sbuf_str(&out).len == 0 || str_eq(sbuf_str(&out), STR("id=1")));
	}
	assert_false(do_as_strip(STR("id=1&x=doAs&doAsX=1"), &out));
	assert_false(do_as_strip(STR("id=1&a=%252564oAs&%25=1&do%25s=%41"), &out));
	assert_true(str_eq(sbuf_str(&out), STR("id=1&a=%252564oAs&%25=1&do%25s=%41")));
	assert_false(do_as_strip(STR("%u00=1&%u006=2;do%u2041s=3&%u=4&doA%C5%BE"), &out));
	assert_true(do_as_strip(STR("a=1;doAs=x;b=2&;c&doAs"), &out));
	assert_true(str_eq(sbuf_str(&out), STR("a=1;b=2&;c")));
	sbuf_clear(&out);
}

/* --- who is sent a page --- */

#define HTML_ACCEPT FIELD("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")

static void s23_only_a_navigation_is_sent_to_sign_in(void **state)
{
	const struct {
		const char *what;
		struct front_request req;
		bool wanted;
	} rows[] = {
		{"a browser", REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "navigate")), true},
		{"an old browser", REQUEST(HTML_ACCEPT), true},
		{"curl", REQUEST(FIELD("Accept", "*/*")), false},
		{"no Accept", REQUEST(FIELD("Sec-Fetch-Mode", "navigate")), false},
		{"an API client", REQUEST(FIELD("Accept", "application/json")), false},
		{"fetch()", REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "cors")), false},
		{"XMLHttpRequest", REQUEST(HTML_ACCEPT, FIELD("sec-fetch-mode", "same-origin")),
			false},
		{"a script element", REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "no-cors")),
			false},
		{"a WebSocket", REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "websocket")), false},
		{"two modes",
			REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "navigate"),
				FIELD("Sec-Fetch-Mode", "cors")),
			false},
		{"jQuery in an old browser",
			REQUEST(HTML_ACCEPT, FIELD("X-Requested-With", "XMLHttpRequest")), false},
		{"a bearer client", REQUEST(HTML_ACCEPT, FIELD("Authorization", "Bearer x")),
			false},
		{"two Accept fields", REQUEST(HTML_ACCEPT, HTML_ACCEPT), false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (guard_is_navigation(&rows[i].req) != rows[i].wanted ||
			guard_wants_page(&rows[i].req) != rows[i].wanted)
			fail_msg("%s", rows[i].what);
	}
}

static void a_form_gets_a_page_and_is_no_navigation(void **state)
{
	struct front_request req = REQUEST(HTML_ACCEPT, FIELD("Sec-Fetch-Mode", "navigate"));

	(void)state;
	req.method = STR("HEAD");
	assert_true(guard_is_navigation(&req));
	req.method = STR("POST");
	assert_true(guard_wants_page(&req));
	assert_false(guard_is_navigation(&req));
}

static void s89_what_a_browser_asks_ahead_of_its_person_is_known(void **state)
{
	static const struct {
		const char *name, *value;
		bool is_ahead;
	} rows[] = {
		{"Sec-Purpose", "prefetch", true},
		{"sec-purpose", "prefetch;prerender", true},
		{"Sec-Purpose", "prefetch;anonymous-client-ip", true},
		{"Purpose", "prefetch", true},
		{"Purpose", "Prefetch", true},
		{"X-Purpose", "preview", true},
		{"X-Moz", "prefetch", true},
		{"X-Moz", "a, prefetch", true},
		{"Sec-Purpose", "", false},
		{"Purpose", "pre", false},
		{"X-Other", "prefetch", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct front_request req =
			REQUEST(h1_field_of(str_of(rows[i].name), str_of(rows[i].value)));
		if (guard_is_ahead(&req) != rows[i].is_ahead)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
	}
}

static void s89_what_a_page_loads_is_no_click(void **state)
{
	static const struct {
		const char *mode, *dest;
		bool is_loaded;
	} rows[] = {
		{"navigate", "document", false},
		{"navigate", "iframe", true},
		{"no-cors", "image", true},
		{"cors", "empty", true},
		{"same-origin", "document", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct front_request req =
			REQUEST(h1_field_of(STR("Sec-Fetch-Mode"), str_of(rows[i].mode)),
				h1_field_of(STR("Sec-Fetch-Dest"), str_of(rows[i].dest)));
		assert_int_equal(guard_is_loaded(&req), rows[i].is_loaded);
	}
	struct front_request twice = REQUEST(FIELD("Sec-Fetch-Dest", "document"),
		FIELD("Sec-Fetch-Dest", "document"), FIELD("Sec-Fetch-Mode", "navigate"));
	struct front_request silent = REQUEST(FIELD("Accept", "*/*"));
	assert_true(guard_is_loaded(&twice));
	assert_false(guard_is_loaded(&silent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s89_what_a_browser_asks_ahead_of_its_person_is_known),
		cmocka_unit_test(s89_what_a_page_loads_is_no_click),
		cmocka_unit_test(s5_only_our_own_host_is_served),
		cmocka_unit_test(s5_on_loopback_every_loopback_name_is_ours),
		cmocka_unit_test(s5_hosts_of_applications_are_one_label_before_the_configured_one),
		cmocka_unit_test(s0_another_origin_may_lead_here_but_not_load_or_frame),
		cmocka_unit_test(s45_only_get_and_head_lead_here),
		cmocka_unit_test(s45_a_page_that_asks_for_no_referer_is_still_ours),
		cmocka_unit_test(s5_no_host_and_two_hosts_are_refused),
		cmocka_unit_test(a_kill_must_come_from_a_page_of_this_origin),
		cmocka_unit_test(s23_only_a_navigation_is_sent_to_sign_in),
		cmocka_unit_test(a_form_gets_a_page_and_is_no_navigation),
		cmocka_unit_test(s8_forwarded_addresses_are_believed_from_trusted_peers_only),
		cmocka_unit_test(the_head_for_the_upstream_names_the_mount),
		cmocka_unit_test(s7_identity_and_forwarding_fields_never_pass),
		cmocka_unit_test(t57_our_token_takes_the_place_of_a_clients),
		cmocka_unit_test(s25_our_cookies_never_reach_an_upstream),
		cmocka_unit_test(t45_do_as_is_stripped_in_every_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

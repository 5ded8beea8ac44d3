/* The header fields that mean something, by name: S0, S7. */
#include "proxy/http/h1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void name_is_known_in_any_case(void **state)
{
	static const char *const names[] = {
		"transfer-encoding", "Transfer-Encoding", "TRANSFER-ENCODING", "tRANSFER-eNCODING"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(field_kind_of(str_of(names[i])).id, FIELD_TRANSFER_ENCODING);
}

static void each_field_asked_for_has_its_name(void **state)
{
	(void)state;
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct str name = str_of(field_name((enum field)id));
		assert_true(name.len > 0);
		assert_int_equal(field_kind_of(name).id, id);
	}
}

static void name_that_is_only_like_one_is_another(void **state)
{
	static const char *const names[] = {"", "-", "@ost", "[ost", "hos", "hostx", "hos\x54\x01",
		"content_length", "Content-Lengt", "\xe8ost", "x", "x-forwarde", "X-Request-I",
		"set-cookie3", "accept-rangesx", "{", "`"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct field_kind kind = field_kind_of(str_of(names[i]));
		if (kind.id != FIELD_OTHER || kind.rules != 0)
			fail_msg("%s is %d with %d", names[i], kind.id, kind.rules);
	}
}

/* Each rule with all its names: nothing is lost when a name gets a row of its own. */
static void s7_s0_each_rule_has_its_names(void **state)
{
	static const struct {
		unsigned rule;
		const char *names;
	} table[] = {
		{FIELD_IS_HOP,
			"connection,keep-alive,te,trailer,transfer-encoding,upgrade,"
			"proxy-authorization,proxy-connection,content-length,http2-settings"},
		{FIELD_NOT_UPSTREAM,
			"host,authorization,cookie,accept-encoding,expect,forwarded,x-forwarded-"
			"for,"
			"x-forwarded-host,x-forwarded-method,x-forwarded-proto,x-forwarded-uri,"
			"x-forwarded-user,x-forwarded-,x-real-ip,x-original-method,x-original-url,"
			"x-original-uri,x-auth-request-user,x-spark-user,x-remote-user,remote-user,"
			"x-authenticated-user,x-client-ip,x-cluster-client-ip,true-client-ip,"
			"traceparent,tracestate,baggage,x-b3-traceid,x-request-id,x-http-method,"
			"x-http-method-override,x-method-override"},
		{FIELD_NOT_CLIENT,
			"service-worker-allowed,clear-site-data,access-control-allow-origin,"
			"strict-transport-security,public-key-pins,public-key-pins-report-only,"
			"alt-svc,nel,report-to,reporting-endpoints,x-auth-request-user,"
			"x-accel-redirect,x-sendfile,set-cookie2,origin-agent-cluster,"
			"cdn-cache-control,cloudflare-cdn-cache-control,edge-control,"
			"surrogate-control"},
		{FIELD_NOT_REWRITTEN, "etag,last-modified,accept-ranges,content-md5,digest,"
				      "content-digest,repr-digest"},
		{FIELD_NOT_KEPT, "age,cache-control,date,etag,expires,last-modified,pragma,"
				 "accept-ranges,server-timing,vary,warning"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct str rest = str_of(table[i].names), name;
		while (str_next(&rest, ',', &name)) {
			if ((field_kind_of(name).rules & table[i].rule) == 0)
				fail_msg("%.*s lacks %u", (int)name.len, name.at, table[i].rule);
		}
	}
}

/* What Grafana, Airflow, Superset, JupyterHub, NiFi, Trino, Kubernetes' dashboards, OpenSearch and
 * the proxies that they are usually behind take for who asks. */
static const char *const identities[] = {"X-WEBAUTH-USER", "X-WEBAUTH-GROUPS", "Remote-User",
	"REMOTE-USER", "Remote-Groups", "Remote-Email", "X-Remote-User", "X-Remote-Group",
	"X-Auth-Request-Access-Token", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
	"X-Goog-Authenticated-User-Email", "X-Goog-Iap-Jwt-Assertion", "X-Amzn-Oidc-Identity",
	"X-Amzn-Oidc-Data", "Cf-Access-Authenticated-User-Email", "Cf-Access-Jwt-Assertion",
	"X-Authentik-Username", "X-Pomerium-Claim-Email", "X-User", "X-Username", "X-User-Id",
	"X-Ms-Client-Principal-Name", "Oidc-Claim-Sub", "X-Trino-User", "Impersonate-User",
	"Kubeflow-Userid", "X-ProxiedEntitiesChain", "X-Proxy-User", "X-Proxy-Roles", "Sm-User",
	"Iv-User", "Shib-Session-Id", "Ssl-Client-S-Dn", "Client-Cert", "Tailscale-User-Login",
	"X-Consumer-Username", "X-Rewrite-Url"};

static void s70_no_client_says_who_it_is_in_any_spelling(void **state)
{
	static const char marks[] = "_.!#$%&'*+^`|~";
	char name[FIELD_NAME];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
		struct str written = str_of(identities[i]);
		assert_true(field_kind_of(written).rules & FIELD_NOT_UPSTREAM);
		assert_false(field_is_disguised(written));
		for (size_t m = 0; m < sizeof marks - 1 && str_find_byte(written, '-') != -1; m++) {
			assert_true(str_copy(written, name, sizeof name));
			*strrchr(name, '-') = marks[m]; /* the others stay: they are mixed */
			assert_true(field_is_disguised(str_of(name)));
			assert_false(field_is_plain_name(str_of(name)));
			assert_true(field_reads_as(str_of(name), written));
		}
	}
	assert_false(field_is_disguised(STR("x_custom")));
	assert_false(field_reads_as(STR("Remote-User"), STR("Remote-Users")));
}

static void field_with_no_rule_is_passed_on(void **state)
{
	static const char *const names[] = {"accept", "accept-language", "cache-control", "range",
		"if-none-match", "origin", "referer", "content-type", "user-agent",
		"x-requested-with", "sec-fetch-mode", "location", "set-cookie", "server",
		"x-xsrftoken", "x-csrf-token", "x-grafana-org-id", "x-auth-token", "sec-ch-ua",
		"x-accept"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		unsigned rules = field_kind_of(str_of(names[i])).rules & ~(unsigned)FIELD_NOT_KEPT;
		assert_int_equal(rules, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_known_in_any_case),
		cmocka_unit_test(each_field_asked_for_has_its_name),
		cmocka_unit_test(name_that_is_only_like_one_is_another),
		cmocka_unit_test(s7_s0_each_rule_has_its_names),
		cmocka_unit_test(s70_no_client_says_who_it_is_in_any_spelling),
		cmocka_unit_test(field_with_no_rule_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

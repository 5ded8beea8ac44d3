/*
 * tests/unit/proxy/request/matrix.h - callers and paths of test_matrix.c, and what a person knows
 * of them: what each caller may do with what, what each path is about, and what it does.
 */
#ifndef SPARKGATE_TESTS_UNIT_PROXY_REQUEST_MATRIX_H
#define SPARKGATE_TESTS_UNIT_PROXY_REQUEST_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

/* --- what callers may do: a letter for each action --- */

#define USER  "vledum" /* view, logs, environment, download, dump, metrics */
#define ADMIN "vledumks"
#define MINE  "vlemk" /* of analysts, with what is their own */

enum { HERS, BOBS, ETL, UNKNOWN, APPS };
static const char *const app_ids[APPS] = {"app-1", "app-2", "app-3", "app-9"};

struct facts { /* of one cluster; NULL: nothing */
	const char *whole, *lists, *apps[APPS], *hdfs, *lab;
	bool is_visible;
};

#define ALL(rights)                                                                                \
	{                                                                                          \
		rights, rights, {rights, rights, rights, rights}, rights, NULL, true               \
	}
#define ROWS(rights)                                                                               \
	{                                                                                          \
		rights, rights, {rights, rights, rights, rights}, NULL, NULL, true                 \
	}
#define OWN                                                                                        \
	{                                                                                          \
		NULL, MINE, {MINE, NULL, NULL, NULL}, NULL, NULL, true                             \
	}
#define TEAM                                                                                       \
	{                                                                                          \
		NULL, "vlumk", {NULL, NULL, "vlumk", NULL}, NULL, NULL, true                       \
	}
#define HIDDEN                                                                                     \
	{                                                                                          \
		NULL                                                                               \
	}

static const struct caller {
	const char *roles, *scope; /* NULL: nobody; no scope */
	const char *anywhere;
	struct facts at[2]; /* prod, other */
} callers[] = {
	{NULL, NULL, NULL, {HIDDEN, HIDDEN}},
	{"stranger", NULL, NULL, {HIDDEN, HIDDEN}},
	{"everyone", NULL, USER, {ALL(USER), ALL(USER)}},
	{"platform", NULL, ADMIN, {ALL(ADMIN), ALL(ADMIN)}},
	{"everyone science", NULL, USER,
		{{USER, USER, {USER, USER, USER, USER}, USER, USER, true},
			{USER, USER, {USER, USER, USER, USER}, USER, USER, true}}},
	{"analysts", NULL, MINE, {OWN, OWN}},
	{"team-etl", NULL, "vlumk", {TEAM, HIDDEN}},
	{"on-call", NULL, "vlumk", {ROWS("vlumk"), HIDDEN}},
	{"auditors", NULL, "vm", {ROWS("vm"), ROWS("vm")}},
	{"notebook", NULL, "vm",
		{{NULL, NULL, {NULL, NULL, NULL, NULL}, NULL, "vm", true}, HIDDEN}},
	{"old", NULL, USER,
		{{NULL, NULL, {NULL, NULL, USER, NULL}, NULL, NULL, true},
			{NULL, NULL, {NULL, NULL, USER, NULL}, NULL, NULL, true}}},
	{"logs-only", NULL, "l", {ROWS("l"), ROWS("l")}},
	{"analysts auditors", NULL, MINE,
		{{"vm", MINE, {MINE, "vm", "vm", "vm"}, NULL, NULL, true},
			{"vm", MINE, {MINE, "vm", "vm", "vm"}, NULL, NULL, true}}},
	{"analysts on-call", NULL, "vlumke",
		{{"vlumk", "vlumke", {"vlumke", "vlumk", "vlumk", "vlumk"}, NULL, NULL, true},
			OWN}},
	{"analysts team-etl", NULL, "vlumke",
		{{NULL, "vlumke", {MINE, NULL, "vlumk", NULL}, NULL, NULL, true}, OWN}},
	{"everyone analysts", NULL, USER "k",
		{{USER, USER "k", {USER "k", USER, USER, USER}, USER, NULL, true},
			{USER, USER "k", {USER "k", USER, USER, USER}, USER, NULL, true}}},
	{"everyone", "cluster:prod", USER, {ALL(USER), HIDDEN}},
	{"platform", "app:app-1", ADMIN,
		{{NULL, NULL, {ADMIN, NULL, NULL, NULL}, NULL, NULL, true},
			{NULL, NULL, {ADMIN, NULL, NULL, NULL}, NULL, NULL, true}}},
	{"everyone", "view", "vm", {ALL("vm"), ALL("vm")}},
	{"platform", "kill logs", "kl", {ALL("kl"), ALL("kl")}},
	{"everyone", "namespace:etl", USER,
		{{NULL, NULL, {NULL, NULL, USER, NULL}, NULL, NULL, true},
			{NULL, NULL, {NULL, NULL, USER, NULL}, NULL, NULL, true}}},
	{"analysts", "view", "vm",
		{{NULL, "vm", {"vm", NULL, NULL, NULL}, NULL, NULL, true},
			{NULL, "vm", {"vm", NULL, NULL, NULL}, NULL, NULL, true}}},
	{"analysts", "app:app-2", MINE,
		{{NULL, NULL, {NULL, NULL, NULL, NULL}, NULL, NULL, true},
			{NULL, NULL, {NULL, NULL, NULL, NULL}, NULL, NULL, true}}},
	{"analysts", "cluster:other", MINE, {HIDDEN, OWN}},
	{"everyone", "kill", "",
		{{NULL, NULL, {NULL, NULL, NULL, NULL}, NULL, NULL, true},
			{NULL, NULL, {NULL, NULL, NULL, NULL}, NULL, NULL, true}}},
	{"on-call", "app:app-1 kill", "k",
		{{NULL, NULL, {"k", NULL, NULL, NULL}, NULL, NULL, true}, HIDDEN}},
};

static const char configuration[] =
	"server: {public_url: 'http://gw.example/', insecure_http: true}\n"
	"clusters:\n"
	"  - {name: prod, uis: [{name: hdfs, url: 'http://h:9870'},"
	" {name: lab, url: 'http://l:8888', roles: [science]}]}\n"
	"  - {name: other, uis: [{name: hdfs, url: 'http://h:9870'},"
	" {name: lab, url: 'http://l:8888', roles: [science]}]}\n"
	"auth:\n"
	"  roles:\n"
	"    claim: groups\n"
	"    admin: [platform]\n"
	"    user: [everyone]\n"
	"    limited: [{role: old, namespaces: [etl]}]\n"
	"    custom:\n"
	"      - {role: analysts, applications: [own], rights: [view, logs, environment,"
	" 'kill:own']}\n"
	"      - {role: team-etl, clusters: [prod], namespaces: [etl], applications: ['etl-*',"
	" own, acl], rights: [view, logs, dump, kill]}\n"
	"      - {role: on-call, clusters: [prod], rights: [view, logs, dump, kill]}\n"
	"      - {role: auditors, rights: [view, audit]}\n"
	"      - {role: notebook, clusters: [prod], uis: [lab]}\n"
	"      - {role: logs-only, rights: [logs]}\n";

/* --- what paths are about: %C is a cluster, %A an application --- */

enum about {
	NOTHING,
	HOME,	      /* of everybody */
	CLUSTER,      /* a page of ours */
	APP,	      /* %A */
	DRIVER,	      /* %A, of which a UI is known */
	APP_NOBODYS,  /* one that the registry does not know */
	APP_ON_LISTS, /* %A, for who has lists */
	LIST,	      /* filtered */
	FILES,	      /* of a history server */
	FILES_ON_LISTS,
	FORM, /* ends %A */
	FORM_BROKEN,
	WHOLE,
	HDFS,
	LAB,
};

static const struct path {
	const char *method, *text;
	enum about about;
	char does; /* a letter; '!': what nobody may */
} paths[] = {
	{"GET", "/", HOME, 'v'},
	{"GET", "/nothing/", NOTHING, 'v'},
	{"GET", "/%C", CLUSTER, 'v'},
	{"GET", "/%C/", CLUSTER, 'v'},
	{"GET", "/%C/nothing/", NOTHING, 'v'},
	{"GET", "/%C/proxy/nobody/", NOTHING, 'v'},
	{"GET", "/%C/apps/%A", CLUSTER, 'v'},
	{"GET", "/%C/apps/%A/kill", APP, 'v'},
	{"POST", "/%C/apps/%A/kill", APP, 'k'},

	{"GET", "/%C/proxy/%A", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/jobs/", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/SQL/execution/?id=1", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/static/spark.js", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/api/v1/applications", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/api/v1/applications/%A/allexecutors", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/api/v1/applications/%A/environment", DRIVER, 'e'},
	{"GET", "/%C/proxy/%A/api/v1/applications/%A/1/logs", DRIVER, 'd'},
	{"GET", "/%C/proxy/%A/api/v1/applications/%A/executors/1/threads", DRIVER, 'u'},
	{"GET", "/%C/proxy/%A/environment/", DRIVER, 'e'},
	{"GET", "/%C/proxy/%A/executors/threadDump/?executorId=1", DRIVER, 'u'},
	{"GET", "/%C/proxy/%A/executors/heapHistogram/?executorId=1", DRIVER, 'u'},
	{"GET", "/%C/proxy/%A/stages/taskThreadDump/?taskId=1", DRIVER, 'u'},
	{"GET", "/%C/proxy/%A/logPage/?self&logType=out", DRIVER, 'l'},
	{"GET", "/%C/proxy/%A/log?self", DRIVER, 'l'},
	{"GET", "/%C/proxy/%A/logs/", DRIVER, 'l'},
	{"GET", "/%C/proxy/%A/metrics/json", DRIVER, 'm'},
	{"GET", "/%C/proxy/%A/metrics/executors/prometheus", DRIVER, 'm'},
	{"GET", "/%C/proxy/%A/jobs/job/kill/?id=1", DRIVER, 'k'},
	{"POST", "/%C/proxy/%A/jobs/job/kill/?id=1", DRIVER, 'k'},
	{"POST", "/%C/proxy/%A/stages/stage/kill/?id=1", DRIVER, 'k'},
	{"GET", "/%C/proxy/%A/jobs/hold/", DRIVER, 'k'},
	{"HEAD", "/%C/proxy/%A/jobs/hold", DRIVER, 'k'},
	{"GET", "/%C/proxy/%A/jobs/resume/?id=1", DRIVER, 'k'},
	{"POST", "/%C/proxy/%A/jobs/resume/", DRIVER, 'k'},
	{"GET", "/%C/proxy/%A/app/hold/", DRIVER, 'k'},
	{"POST", "/%C/proxy/%A/app/resume", DRIVER, 'k'},
	{"GET", "/%C/proxy/%A/whatever/", DRIVER, 'k'},
	{"HEAD", "/%C/proxy/%A/jobs/whatever", DRIVER, 'k'},
	{"GET", "/%C/proxy/%A/jobs/whatever/json", DRIVER, 'k'},
	{"HEAD", "/%C/proxy/%A/jobs/", DRIVER, 'v'},
	{"GET", "/%C/proxy/%A/jobs/json", DRIVER, 'v'},
	{"OPTIONS", "/%C/proxy/%A/jobs/", DRIVER, 'k'},
	{"POST", "/%C/proxy/%A/whatever/", DRIVER, 'k'},
	{"PUT", "/%C/proxy/%A/whatever/", DRIVER, '!'},
	{"POST", "/%C/proxy/%A/workers/kill/", DRIVER, '!'},
	{"GET", "/%C/proxy/driver-1/logPage/?driverId=driver-1&logType=stdout", APP_NOBODYS, 'l'},

	{"GET", "/%C/shs", LIST, 'v'},
	{"GET", "/%C/shs/", LIST, 'v'},
	{"POST", "/%C/shs/", LIST, 'k'},
	{"GET", "/%C/shs/api/v1/applications", LIST, 'v'},
	{"GET", "/%C/shs/api/v1/applications?limit=2&status=completed", LIST, 'v'},
	{"GET", "/%C/shs/api/v1/applications/", WHOLE, 'v'},
	{"GET", "/%C/shs/api/v1/version", FILES, 'v'},
	{"GET", "/%C/shs/static/historypage.js", FILES, 'v'},
	{"GET", "/%C/shs/history/%A/jobs/", APP, 'v'},
	{"GET", "/%C/shs/history/%A/1/environment/", APP, 'e'},
	{"GET", "/%C/shs/history/%A/1/executors/threadDump/?executorId=1", APP, 'u'},
	{"GET", "/%C/shs/history/%A/jobs/job/kill/?id=1", APP, 'k'},
	{"GET", "/%C/shs/history/%A;v=1/jobs/", WHOLE, 'v'},
	{"GET", "/%C/shs/api/v1/applications/%A", APP, 'v'},
	{"GET", "/%C/shs/api/v1/applications/%A/logs", APP, 'd'},
	{"GET", "/%C/shs/api/v1/applications/%A/1/executors/1/threads", APP, 'u'},
	{"GET", "/%C/shs/history/", WHOLE, 'v'},
	{"GET", "/%C/shs/logPage/?self&logType=out", WHOLE, 'l'},
	{"GET", "/%C/shs/metrics/json", WHOLE, 'm'},
	{"GET", "/%C/shs/whatever", WHOLE, 'k'},
	{"GET", "/%C/shs/history/%A/1/whatever/", APP, 'k'},

	{"GET", "/%C/proxy/master", LIST, 'v'},
	{"GET", "/%C/proxy/master/", LIST, 'v'},
	{"POST", "/%C/proxy/master/", LIST, 'k'},
	{"GET", "/%C/proxy/master/json", LIST, 'v'},
	{"GET", "/%C/proxy/master/json/", LIST, 'v'},
	{"GET", "/%C/proxy/master/json/activeapps", WHOLE, 'v'},
	{"GET", "/%C/proxy/master/json/clusterutilization", WHOLE, 'v'},
	{"GET", "/%C/proxy/master/static/webui.css", FILES_ON_LISTS, 'v'},
	{"GET", "/%C/proxy/master/app?appId=%A", APP_ON_LISTS, 'v'},
	{"GET", "/%C/proxy/master/app/?appId=%A", APP_ON_LISTS, 'v'},
	{"GET", "/%C/proxy/master/app/", WHOLE, 'v'},
	{"GET", "/%C/proxy/master/app/?appId=app-1&appId=%A", WHOLE, 'v'},
	{"GET", "/%C/proxy/master/app/?appId=app-1&app%49d=%A", WHOLE, 'v'},
	{"POST", "/%C/proxy/master/app/kill/?id=%A&terminate=true", FORM, 'k'},
	{"POST", "/%C/proxy/master/app/kill?id=%A&terminate=true", FORM, 'k'},
	{"GET", "/%C/proxy/master/app/kill/?id=%A&terminate=true", FORM, 'k'},
	{"POST", "/%C/proxy/master/app/hold/?id=%A", FORM, 'k'},
	{"GET", "/%C/proxy/master/app/hold?id=%A", FORM, 'k'},
	{"POST", "/%C/proxy/master/app/resume/?id=%A", FORM, 'k'},
	{"GET", "/%C/proxy/master/app/resume?id=%A", FORM, 'k'},
	{"POST", "/%C/proxy/master/app/kill/", FORM_BROKEN, 'k'},
	{"POST", "/%C/proxy/master/app/kill/?id=%A&id=app-1", FORM_BROKEN, 'k'},
	{"POST", "/%C/proxy/master/app/kill/?i%64=app-2&id=%A", FORM_BROKEN, 'k'},
	{"POST", "/%C/proxy/master/driver/kill/?id=driver-1&terminate=true", WHOLE, 'k'},
	{"POST", "/%C/proxy/master/workers/kill/?host=w", WHOLE, '!'},
	{"POST", "/%C/proxy/master/v1/submissions/create", WHOLE, 's'},
	{"GET", "/%C/proxy/master/environment/", WHOLE, 'e'},
	{"GET", "/%C/proxy/master/logPage/?self&logType=out", WHOLE, 'l'},
	{"GET", "/%C/proxy/master/log?self&logType=out", WHOLE, 'l'},
	{"GET", "/%C/proxy/master/metrics/master/json", WHOLE, 'm'},
	{"GET", "/%C/proxy/master/metrics/applications/json", WHOLE, 'm'},
	{"GET", "/%C/proxy/master/whatever", WHOLE, 'k'},
	{"GET", "/%C/proxy/master/proxy/%A/jobs/hold/", APP_ON_LISTS, 'k'},
	{"GET", "/%C/proxy/master/proxy/%A/whatever/", APP_ON_LISTS, 'k'},
	{"GET", "/%C/proxy/master/proxy/%A/jobs/", APP_ON_LISTS, 'v'},
	{"GET", "/%C/proxy/master/proxy/%A/environment/", APP_ON_LISTS, 'e'},
	{"POST", "/%C/proxy/master/proxy/%A/jobs/job/kill/?id=1", APP_ON_LISTS, 'k'},
	{"GET", "/%C/proxy/master/proxy/worker-1/", WHOLE, 'v'},
	{"GET", "/%C/proxy/master/proxy/worker-1/logPage/?appId=%A&executorId=0&logType=stdout",
		APP_ON_LISTS, 'l'},

	{"GET", "/%C/proxy/worker-1", LIST, 'v'},
	{"GET", "/%C/proxy/worker-1/", LIST, 'v'},
	{"GET", "/%C/proxy/worker-1/json", LIST, 'v'},
	{"GET", "/%C/proxy/worker-1/json/", LIST, 'v'},
	{"GET", "/%C/proxy/worker-1/static/webui.css", FILES_ON_LISTS, 'v'},
	{"GET", "/%C/proxy/worker-1/logPage?appId=%A&executorId=0&logType=stdout", APP_ON_LISTS,
		'l'},
	{"GET", "/%C/proxy/worker-1/logPage/?appId=%A&executorId=0&logType=stdout", APP_ON_LISTS,
		'l'},
	{"GET", "/%C/proxy/worker-1/log?appId=%A&executorId=0&logType=stdout&offset=0&byteLength=9",
		APP_ON_LISTS, 'l'},
	{"GET", "/%C/proxy/worker-1/log/?appId=%A&executorId=0&logType=stdout", APP_ON_LISTS, 'l'},
	{"GET", "/%C/proxy/worker-1/logPage/?appId=%A&executorId=../app-2/0&logType=stdout", WHOLE,
		'l'},
	{"GET", "/%C/proxy/worker-1/logPage/?appId=%A&driverId=driver-1&logType=stdout", WHOLE,
		'l'},
	{"GET", "/%C/proxy/worker-1/logPage/?driverId=driver-1&logType=stdout", WHOLE, 'l'},
	{"GET", "/%C/proxy/worker-1/logPage/?self&logType=out", WHOLE, 'l'},
	{"GET", "/%C/proxy/worker-1/metrics/json", WHOLE, 'm'},
	{"GET", "/%C/proxy/worker-1/whatever", WHOLE, 'k'},

	{"GET", "/%C/ui/hdfs/", HDFS, 'v'},
	{"POST", "/%C/ui/hdfs/whatever", HDFS, 'v'},
	{"GET", "/%C/ui/hdfs/jobs/job/kill/?id=1", HDFS, 'k'},
	{"GET", "/%C/ui/lab", LAB, 'v'},
	{"GET", "/%C/ui/lab/tree", LAB, 'v'},
};

#endif

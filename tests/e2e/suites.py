"""Which suite each test of this folder belongs to: tests/run.py runs suites side by side, each in a process of its own.

A test is in exactly one suite. What its parameters and fixtures need decides first, then its file; a file that is not
named here is in `gateway`. `pytest --suite NAME` runs one suite, `pytest` all tests.
"""

# suite: its files. "real" needs one cluster of Spark, which all its tests share.
FILES = {
    "real": ["audit", "browser", "clients", "content", "rights", "second_visit", "session_ends", "way_back"],
    "clusters": ["discovery", "jws_filter", "log_sources", "permalinks_spark"],
    "provider": ["conformance", "custom_roles", "many_tabs", "oidc_provider", "python_providers", "several_providers", "sign_in_pages", "whoami"],
    "sessions": ["session_faults", "sessions"],
    "tokens": ["api_schema", "command_line", "device", "python_client", "revocation", "sessions_and_audit", "token_api", "token_life", "token_matrix", "tokens_page"],
    "people": ["app_origins", "history_word", "hostile_ui", "kill", "permalinks", "signin", "spark_ways", "static_files", "unseen", "websockets", "writes"],
    "roles": ["analyst", "kill_spark"],
    "launch": ["artifacts", "artifacts_faults", "client_artifacts", "client_launches", "gelf_spark", "launch_pages", "launch_spark", "launch_upload", "launches"],
    "kubernetes": ["kubernetes", "kubernetes_claims", "launch_operator", "pod_lives", "pod_logs_executors", "pod_logs_kept", "pod_logs_rights", "pod_logs_shown", "pod_owners", "pod_uis", "resources", "spark_clusters"],
    "gateway": ["abuse", "admin_tls", "compat_table", "doctor", "front_tls", "gelf", "handover", "http2", "http2_abuse", "kept_sockets", "memory", "operations", "page_files", "pages", "process", "service", "uploads", "upstream_tls"],
    "thrift": ["thrift_server"],
    "spark-3.5": ["decoding"],
    "spark-modes": ["crawl"],
    "spark-3.1": ["log_text"],
    "spark-4.2": ["load_more"],
    "keycloak": ["keycloak", "keycloak_page", "spring"],
    "ingresses": ["cookie_comma", "ext_auth", "ingress_outage", "ingress_rule", "lost_access", "production"],
    "other-uis": ["identity_header", "other_uis", "yarn"],
    "prometheus": ["monitoring"],
    "h2spec": ["h2spec"],
    "docker": ["docker"],
    "many-tokens": ["many_tokens"],
    "bursts": ["bursts"],
}
ALONE = ("bursts", "many-tokens")  # they compare times: their files decide, and nothing runs beside them
BY_NEED = ("keycloak", "spark-3.5", "prometheus", "real")  # these take tests out of other files, too
SUITE_OF_FILE = {f"test_{name}.py": suite for suite, names in FILES.items() for name in names}


def spark_of(item):
    """The version of Spark that a test is given, or None."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else []
    return next((value for value in params if value in ("4.3", "3.5")), None)


def may_be_in(file, suites):
    """Whether a file has to be looked into for these suites."""
    return SUITE_OF_FILE.get(file, "gateway") in suites or any(suite in BY_NEED for suite in suites)


def suite_of(item):
    if SUITE_OF_FILE.get(item.path.name) in ALONE:
        return SUITE_OF_FILE[item.path.name]
    if "keycloak" in item.fixturenames:
        return "keycloak"
    if spark_of(item) == "3.5":
        return "spark-3.5"
    if "scraper" in item.fixturenames:  # a real Prometheus
        return "prometheus"
    if "info" in item.fixturenames:
        return "real"
    return SUITE_OF_FILE.get(item.path.name, "gateway")

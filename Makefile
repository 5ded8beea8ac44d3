# `make help` lists the targets. Whatever is built is compiled on all processors; -j1 says otherwise. PORTABLE=1: no SIMD, plain malloc.
BUILD   ?= build
CC      ?= cc
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
WARN    := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
           -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough
HARDEN  ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARD  ?= -pie -Wl,-z,relro,-z,now
PKGS    := libevent_core libevent_extra libevent_openssl libevent_pthreads openssl jansson libjwt hiredis \
           libcurl libnghttp2 yaml-0.1 sqlite3 zlib libzstd
CPPFLAGS := -I. -D_DEFAULT_SOURCE $(if $(PORTABLE),-DPORTABLE) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -lm
SOURCES := $(filter-out proxy/process/main.c,$(sort $(shell find base conf auth proxy -name '*.c')))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/support/replay.c,$(wildcard tests/support/*.c)))
UNIT    := $(patsubst %.c,$(BUILD)/%,$(sort $(shell find tests/unit -name 'test_*.c')))
INTEG   := $(patsubst %.c,$(BUILD)/%,$(sort $(shell find tests/integration -name 'test_*.c')))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH   := $(BUILD)/tests/bench/link $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*_bench.c))
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread
TREE    := $(shell find base conf auth proxy tests -name '*.[ch]')
# `make clean all` is one after the other; a make that runs below another has that one's number of jobs.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

all: $(BUILD)/sparkgate ## the gateway: build/sparkgate (V=1 shows the commands)

$(BUILD)/sparkgate: $(BUILD)/proxy/process/main.o $(BUILD)/libsparkgate.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) -o $@ $^ $(LIBS)

$(BUILD)/libsparkgate.a: $(patsubst %.c,$(BUILD)/%.o,$(SOURCES))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c | packages
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(WERROR) $(HARDEN) $(SAN) -MMD -MP -c -o $@ $<

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/support/replay.o $(BUILD)/libsparkgate.a
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) $(shell sed -n 's/^ \* link: //p' tests/fuzz/$*.c) -o $@ $^ $(LIBS)

$(BUILD)/tests/fuzz/diff_dump: $(BUILD)/tests/fuzz/diff_dump.o $(BUILD)/libsparkgate.a
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(BUILD)/libsparkgate.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/proxy/pages/page_static.o: $(wildcard proxy/pages/static/*)

# The Python client, as the gateway serves it: the same bytes from the same files.
WHEEL   := $(BUILD)/client.whl
$(WHEEL): $(addprefix clients/python/,wheel.py README.md sparkgate_client/py.typed) $(wildcard clients/python/sparkgate_client/*.py) base/version.h LICENSE
	$(call say,WHEEL,$@)
	$(Q)mkdir -p $(@D) && python3 clients/python/wheel.py $@
$(BUILD)/proxy/endpoints/client_wheel.o: $(WHEEL)
$(BUILD)/proxy/endpoints/client_wheel.o: CPPFLAGS += -DCLIENT_WHEEL='"$(WHEEL)"'

packages:
	@sh tests/support/packages.sh $(PKGS)
programs: $(UNIT) $(INTEG) $(FUZZ) $(BUILD)/sparkgate
help: ## this list
	@sed -n 's/^\([a-z0-9_. -]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '  %-22s %s\n' "$$target" "$$text"; done

# --- tests ---

check: ## what every commit passes, in a minute: build, units, house rules, format, fuzz corpora
	@sh tests/support/install.sh check
	@python3 tests/run.py check $(SUITES)
test: ## installs what the tests need and runs them, a few minutes: also real Spark 4.3, Redis, sign-in, Chromium
	@sh tests/support/install.sh test
	@python3 tests/run.py test $(SUITES)
test-rest: ## what `make test` leaves: sanitizers, clang, Spark 3.5, Keycloak, Docker, Kubernetes, ingresses, other UIs
	@sh tests/support/install.sh test-all
	@python3 tests/run.py rest $(SUITES)
test-all: ## all tests there are (SUITES="asan e2e-docker": only these)
	@sh tests/support/install.sh test-all
	@python3 tests/run.py all $(SUITES)
unit: $(UNIT) ## tests of single modules
	@sh tests/support/run.sh unit $^
integration: $(INTEG) $(BUILD)/sparkgate ## tests on sockets and threads, against fakes
	@sh tests/support/run.sh integration $(INTEG)
fuzz-replay: $(FUZZ) ## every fuzz target over its corpus
	@sh tests/support/replay.sh $^
meta: ## house rules: order of folders, lengths, banned functions, documented keywords
	@sh tests/meta/run.sh
format: ## clang-format of all C files
	@clang-format -i $(TREE)
format-check: ## which C files clang-format would change
	@clang-format --dry-run -Werror $(TREE)
e2e: all ## end to end: ARGS="-k crawl", ARGS="--suite tokens"
	@build/venv/bin/python -m pytest -q tests/e2e $(ARGS)
# What Redis's tests have to do with: sessions, tokens, revocation, failures. Valkey 9's Python package has no TLS.
STORES  := $(filter $(BUILD)/tests/integration/auth/backends/test_store_redis%,$(INTEG))
STORE_E2E := $(addprefix tests/e2e/auth/,session/test_sessions.py session/test_session_faults.py token/test_revocation.py token/test_token_life.py)
TLS_E2E := tests/e2e/auth/session/test_sessions.py::test_sessions_are_shared_by_tls_with_a_clients_certificate_an_acl_user_and_a_servers_name
valkey-short: $(STORES) ## the store on Valkey 8 (Debian 13's) and 9 in place of Redis
	@sh tests/support/install.sh test
	@program=$$(sh tests/support/valkey_install.sh 8 build/valkey-8) && REDIS_SERVER=$$program sh tests/support/run.sh valkey-8 $^
	@program=$$(sh tests/support/valkey_install.sh 9 build/valkey-9) && REDIS_SERVER=$$program sh tests/support/run.sh valkey-9 $(filter-out %_tls,$^)
valkey: valkey-short all ## the same, and sessions, tokens, revocation, failures end to end: ARGS="-k fail_over"
	@for v in 8 9; do program=$$(sh tests/support/valkey_install.sh $$v build/valkey-$$v) && REDIS_SERVER=$$program \
		build/venv/bin/python -m pytest -q $(STORE_E2E) $(ARGS) $$([ $$v = 8 ] || echo --deselect $(TLS_E2E)) || exit 1; done
recipes: all ## other UIs as docs/other-uis.md says to start them: ARGS="-k trino"; minutes, and gigabytes, the first time
	@sh tests/support/install.sh test
	@python3 tests/support/recipes_install.py
	@build/venv/bin/python -m pytest -q tests/e2e/proxy/registry/recipe_checks.py tests/e2e/clients/airflow_checks.py $(ARGS)
k8s: all ## the manifests and the gateway against a real Kubernetes API server: ARGS="-k rbac"
	@build/venv/bin/python -m pytest -q tests/k8s --ignore-glob '*/test_chart*.py' $(ARGS)
chart: all ## the Helm chart with Helm 3 and 4 and the same API server: ARGS="-k helm-3"; not in CI, since it builds both
	@build/venv/bin/python -m pytest -q tests/k8s/test_chart.py tests/k8s/test_chart_release.py $(ARGS)
kube-apiserver: ## the tests' Kubernetes, built once into the user's cache folder (a quarter of an hour)
	@python3 tests/support/kube_install.py
operators: all ## a real Spark operator on a whole Kubernetes without containers: ARGS="-k suspended"; not in CI, half an hour the first time
	@sh tests/support/install.sh operators
	@build/venv/bin/python -m pytest -v -s tests/operators $(ARGS)
asan tsan: ## units and integration under sanitizers, in a tree of their own: SUITES="unit fuzz-replay"
	@$(MAKE) --no-print-directory BUILD=build/$@ SAN="$(SAN_$@)" HARDEN=-fPIE CFLAGS="-O1 -g" $(or $(SUITES),unit integration)
clang: ## the gateway as clang compiles it
	@$(MAKE) --no-print-directory CC=clang BUILD=build/clang build/clang/sparkgate
coverage: ## lines that units, integration and fuzz corpora run, by folder
	@$(MAKE) --no-print-directory BUILD=build/coverage SAN=--coverage HARDEN=-fPIE CFLAGS="-O0 -g" \
		$(or $(SUITES),unit integration fuzz-replay)
	@python3 tests/support/coverage.py build/coverage
fuzz: ## libFuzzer: SECONDS=600 each (60), JOBS=2 at a time, ONLY=reader
	@sh tests/fuzz/run.sh $(or $(SECONDS),60)
differential: $(BUILD)/tests/fuzz/diff_dump ## our readers of HTTP beside others': SECONDS=15 in all, SEED=1
	@build/venv/bin/python tests/fuzz/differential.py --dump $< --seconds $(or $(SECONDS),15) --seed $(or $(SEED),1)
soak: ## faults at random while everybody works, as root: MINUTES=30 SEED=1 ARGS=--verbose
	@sh tests/support/install.sh soak
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python tests/soak/soak.py --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED)) $(ARGS)

# --- what it looks like, and what it costs ---

compat: ## every Spark from 2.4 to 4.3 in every mode, and their table, for hours: ONLY="3.2.1/plain 4.*" AGAIN=1 JAVA_8=/path/to/jre
	@sh tests/support/install.sh test
	@$(MAKE) --no-print-directory all
	@WAIT_TIMES=$(or $(WAIT_TIMES),5) $(if $(JAVA_8),JAVA_8="$(JAVA_8)") build/venv/bin/python tests/compat/compat.py --table tests/compat/README.md \
		$(if $(ONLY),--only "$(ONLY)") $(if $(AGAIN),--again)

demo: ## a real Spark cluster and the gateway before it; prints the URL and a sign-in link; SPARK=3.5
	@sh tests/support/install.sh demo
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python tests/support/demo.py $(if $(SPARK),--spark $(SPARK))
bench: ## CPU, latency and memory beside nginx, HAProxy, Apache, Envoy: ROUNDS=1 SECONDS_EACH=1 LOADS="page script"
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/bench.py
bench-pair: ## this build beside another's, interleaved: BEFORE=../old/build/sparkgate
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/pair.py
bench-lists: ## a list of 50,000 applications cut to one person's, beside nginx gzip: ROUNDS=5
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/lists.py
bench-roles: ## an application's page for its owner by a custom role, beside role user: ROUNDS=15
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/roles.py
bench-faults: ## what others notice of a client that misbehaves
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/faults.py
bench-upload: ## long uploads, beside nginx: GIB=1 ROUNDS=3
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/upload.py
bench-visits: ## pages of Spark in Chromium over lines as people have them, direct and through: PAGES=stage LINKS="50/20" SCHEMES=https ROUNDS=5
	@sh tests/support/install.sh test
	@$(MAKE) --no-print-directory all $(BUILD)/tests/bench/link
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/visits.py
bench-artifacts: all ## an artifact of 1 GiB into a real S3 server, beside curl: MIB=1024 ROUNDS=5 LISTENER=admin
	@python3 tests/bench/artifacts.py

# --- the rest ---

compile_commands.json: ## how each file is compiled, for editors and clang tools
	@sh tests/support/compile_commands.sh "$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(HARDEN)" $(filter %.c,$(TREE)) >$@
install: all ## into PREFIX (/usr/local), below DESTDIR
	install -D -m 755 $(BUILD)/sparkgate $(DESTDIR)$(PREFIX)/bin/sparkgate
	install -D -m 644 man/sparkgate.8 $(DESTDIR)$(PREFIX)/share/man/man8/sparkgate.8
	install -D -m 644 man/sparkgate.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/sparkgate.yaml.5
	install -D -m 644 $(WHEEL) $(DESTDIR)$(PREFIX)/share/sparkgate/client/$$(python3 clients/python/wheel.py --name)
	install -D -m 644 conf/sparkgate.example.yaml $(DESTDIR)/etc/sparkgate/sparkgate.example.yaml
# A build of their own: without debug information, and without this folder's name.
PACKAGE := $(BUILD)/package
package-build:
	@sh tests/support/install.sh deb
	@$(MAKE) --no-print-directory BUILD=$(PACKAGE) CFLAGS="-O2 -ffile-prefix-map=$(CURDIR)=." all
deb: package-build ## a Debian package: build/package/sparkgate_….deb, the same bytes from the same sources (REVISION=1)
	@python3 conf/packages/package.py deb $(PACKAGE)
rpm: package-build ## an RPM package of what this machine's libraries are: build/package/sparkgate-….rpm
	@sh tests/support/install.sh rpm
	@python3 conf/packages/package.py rpm $(PACKAGE)
image: package-build ## the image without a Docker engine: build/package/sparkgate-…-image.tar, an OCI layout that `docker load` takes, and its SBOM
	@python3 conf/packages/image.py tar $(PACKAGE)
packages-test: ## packages and image installed, upgraded, removed and purged on clean machines, as root: ARGS="-k purge"
	@sh tests/support/install.sh packages
	@build/venv/bin/python -m pytest -q tests/packages $(ARGS)
distros: ## build, tests, package and demo on clean roots of Debian 12, Debian 13 and Ubuntu 24.04, as root: ARGS="debian-13 --only build unit"
	@sh tests/support/install.sh distros
	@python3 tests/support/distros.py $(ARGS)
clean: ## removes build/, with all that was installed there
	rm -rf $(BUILD)

.PHONY: all packages programs help check test test-rest test-all unit integration fuzz-replay meta format format-check e2e k8s chart recipes valkey valkey-short \
	kube-apiserver operators asan tsan clang coverage fuzz differential soak compat demo bench bench-pair bench-faults bench-lists bench-roles \
	bench-upload bench-artifacts bench-visits compile_commands.json install package-build deb rpm image packages-test distros clean
.SECONDARY:
-include $(shell find $(BUILD)/base $(BUILD)/conf $(BUILD)/auth $(BUILD)/proxy $(BUILD)/tests -name '*.d' 2>/dev/null)

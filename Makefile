# sparkgate: make, make test, make demo, make asan, make bench, make install; PORTABLE=1: no SIMD, plain malloc
BUILD   ?= build
CC      ?= cc
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
WARN    := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
           -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough
HARDEN  ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARD  ?= -pie -Wl,-z,relro,-z,now
PKGS    := libevent_core libevent_extra libevent_openssl libevent_pthreads openssl jansson libjwt hiredis \
           libcurl yaml-0.1 sqlite3 zlib
ifneq ($(shell pkg-config --exists hiredis_ssl 2>/dev/null && echo yes),)
PKGS    += hiredis_ssl
TLS     := -DHAVE_HIREDIS_SSL
endif
CPPFLAGS := -I. -D_DEFAULT_SOURCE $(if $(PORTABLE),-DPORTABLE) $(TLS) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -lm
SOURCES := $(filter-out proxy/process/main.c,$(sort $(shell find base conf auth proxy -name '*.c')))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/support/replay.c,$(wildcard tests/support/*.c)))
UNIT    := $(patsubst %.c,$(BUILD)/%,$(sort $(shell find tests/unit -name 'test_*.c')))
INTEG   := $(patsubst %.c,$(BUILD)/%,$(sort $(shell find tests/integration -name 'test_*.c')))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*_bench.c))
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

all: $(BUILD)/sparkgate

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

packages:
	@sh tests/support/packages.sh $(PKGS)
unit: $(UNIT)
	@sh tests/support/run.sh unit $^
integration: $(INTEG) $(BUILD)/sparkgate
	@sh tests/support/run.sh integration $(INTEG)
fuzz-replay: $(FUZZ)
	@sh tests/support/replay.sh $^
meta:
	@sh tests/meta/run.sh
asan tsan: # separate trees, never mixed objects; 'make asan SUITES="unit integration fuzz-replay"'
	@$(MAKE) --no-print-directory BUILD=build/$@ SAN="$(SAN_$@)" HARDEN=-fPIE CFLAGS="-O1 -g" $(or $(SUITES),unit integration)
fuzz: # libFuzzer, SECONDS each (60); JOBS=2: two at a time; ONLY=reader: that one
	@sh tests/fuzz/run.sh $(or $(SECONDS),60)
differential: $(BUILD)/tests/fuzz/diff_dump # our readers of HTTP beside others': SECONDS in all (15), SEED (1)
	@build/venv/bin/python tests/fuzz/differential.py --dump $< --seconds $(or $(SECONDS),15) --seed $(or $(SEED),1)
test:
	@sh tests/support/install.sh test
	@bash tests/run.sh
demo:
	@sh tests/support/install.sh demo
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python tests/support/demo.py $(if $(SPARK),--spark $(SPARK))
bench: # 'make bench ROUNDS=1 SECONDS_EACH=1 LOADS="page script"'
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/bench.py
bench-pair: # this build against another's, interleaved: 'make bench-pair BEFORE=../old/build/sparkgate'
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/pair.py
bench-faults: # what others notice of who misbehaves
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/faults.py
bench-upload: # long uploads, beside nginx: 'make bench-upload GIB=1 ROUNDS=3'
	@sh tests/support/install.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@BUILD=$(BUILD) build/venv/bin/python tests/bench/upload.py
soak: # faults at random while everybody works; 'make soak MINUTES=30 SEED=1 ARGS=--verbose', as root, outside CI
	@sh tests/support/install.sh soak
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python tests/soak/soak.py --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED)) $(ARGS)
e2e: all
	@build/venv/bin/python -m pytest -q tests/e2e $(ARGS)
kube-apiserver: # the tests' Kubernetes, built once into the user's cache folder (a quarter of an hour)
	@python3 tests/support/kube_install.py
k8s: all
	@build/venv/bin/python -m pytest -q tests/k8s $(ARGS)
install: all
	install -D -m 755 $(BUILD)/sparkgate $(DESTDIR)$(PREFIX)/bin/sparkgate
	install -D -m 644 conf/sparkgate.example.yaml $(DESTDIR)/etc/sparkgate/sparkgate.example.yaml
clean:
	rm -rf $(BUILD)

.PHONY: all packages unit integration fuzz-replay meta asan tsan fuzz differential test demo bench bench-pair bench-upload bench-faults soak e2e kube-apiserver k8s install clean
.SECONDARY:
-include $(shell find $(BUILD)/base $(BUILD)/conf $(BUILD)/auth $(BUILD)/proxy $(BUILD)/tests -name '*.d' 2>/dev/null)

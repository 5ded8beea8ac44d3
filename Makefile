# sparkgate: make, make test, make demo, make asan, make bench, make install
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
CPPFLAGS := -I. -D_DEFAULT_SOURCE $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -lm
LIBSRC  := $(filter-out proxy/main.c,$(wildcard base/*.c conf/*.c auth/*.c proxy/*.c))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
UNIT    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
INTEG   := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

all: $(BUILD)/sparkgate

$(BUILD)/sparkgate: $(BUILD)/proxy/main.o $(BUILD)/libsparkgate.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) -o $@ $^ $(LIBS)

$(BUILD)/libsparkgate.a: $(patsubst %.c,$(BUILD)/%.o,$(LIBSRC))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c | packages
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(WERROR) $(HARDEN) $(SAN) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(BUILD)/libsparkgate.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDHARD) -o $@ $^ -lcmocka $(LIBS)

.PHONY: all packages unit integration
.SECONDARY:
packages:
	@sh tests/support/packages.sh $(PKGS)

unit: $(UNIT)
	@sh tests/support/run.sh unit $^
integration: $(INTEG) $(BUILD)/sparkgate
	@sh tests/support/run.sh integration $(INTEG)

-include $(shell find $(BUILD)/base $(BUILD)/conf $(BUILD)/auth $(BUILD)/proxy $(BUILD)/tests -name '*.d' 2>/dev/null)

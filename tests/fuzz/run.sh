#!/bin/sh
# Builds every fuzz target with libFuzzer, ASan and UBSan, runs each for $1 seconds, and ends in a table of what that covered.
# ONLY=name: that one. JOBS=2: two at a time, each at nice 19. TIMEOUT=60: seconds for an input, where others have the machine. What is found new stays in build/fuzz/corpus.
set -e
seconds=$1
logs=build/fuzz/logs
flags="-std=c11 -g -O1 -I. -D_DEFAULT_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"
packages="libevent_core libevent_extra libevent_openssl libevent_pthreads openssl jansson libjwt hiredis libcurl libnghttp2 yaml-0.1 sqlite3 zlib libzstd"

build() { # name
	source=tests/fuzz/fuzz_$1.c
	# shellcheck disable=SC2046,SC2086
	clang $flags $(sed -n 's/^ \* link: //p' "$source") -o "build/fuzz/fuzz_$1" "$source" build/fuzz/libsparkgate.a \
		$(pkg-config --cflags --libs $packages) -lpthread -lm
}

run() { # name: its own output goes to a log; the verdict is the exit code
	mkdir -p "build/fuzz/corpus/$1"
	find "tests/fuzz/corpus/$1" "build/fuzz/corpus/$1" -type f | wc -l >"$logs/$1.before"
	nice -n 19 "build/fuzz/fuzz_$1" -max_total_time="$seconds" -max_len=65536 -timeout="${TIMEOUT:-10}" -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$1-" "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1" >"$logs/$1.log" 2>&1 &&
		echo "  fuzzed $1 for $seconds s" || { echo "  fuzzed $1: FAILED"; tail -40 "$logs/$1.log"; exit 1; }
}

number() { # key, the line it stands in: "cov: 12"
	printf '%s\n' "$2" | sed -n "s/.*$1: *\([0-9]*\).*/\1/p"
}

row() { # name: coverage and features at the start and the end, inputs, runs
	first=$(grep -m1 'INITED' "$logs/$1.log" || true)
	last=$(grep -E '^#[0-9]+.* cov: ' "$logs/$1.log" | tail -1)
	files=$(find "tests/fuzz/corpus/$1" "build/fuzz/corpus/$1" -type f | wc -l)
	printf '%-14s %7s %7s %8s %8s %7s %7s %10s %6s\n' "$1" "$(number cov "$first")" "$(number cov "$last")" \
		"$(number ft "$first")" "$(number ft "$last")" "$(cat "$logs/$1.before")" "$files" \
		"$(number 'stat::number_of_executed_units' "$(grep number_of_executed "$logs/$1.log")")" \
		"$(number 'stat::peak_rss_mb' "$(grep peak_rss "$logs/$1.log")")"
}

names=${ONLY:-$(for source in tests/fuzz/fuzz_*.c; do basename "$source" .c | sed s/fuzz_//; done)}
if [ "${2:-}" = one ]; then run "$ONLY"; exit; fi
mkdir -p "$logs"
make --no-print-directory BUILD=build/fuzz CC=clang HARDEN=-fPIE CFLAGS="-O1 -g" \
	SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" build/fuzz/libsparkgate.a
for name in $names; do build "$name"; done
code=0
printf '%s\n' "$names" | tr ' ' '\n' | xargs -P "${JOBS:-1}" -I{} env ONLY={} sh "$0" "$seconds" one || code=1
printf '\n%-14s %7s %7s %8s %8s %7s %7s %10s %6s\n' target cov 'cov to' ft 'ft to' inputs 'now' runs 'MB'
for name in $names; do row "$name"; done
exit $code

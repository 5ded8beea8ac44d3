#!/bin/sh
# Builds every fuzz target with libFuzzer, ASan and UBSan, and runs each for $1 seconds.
set -e
seconds=$1
flags="-std=c11 -g -O1 -I. -D_DEFAULT_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"
packages="libevent_core libevent_pthreads openssl jansson libjwt hiredis libcurl yaml-0.1 sqlite3 zlib"
mkdir -p build/fuzz
make --no-print-directory BUILD=build/fuzz CC=clang HARDEN=-fPIE CFLAGS="-O1 -g" \
	SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" build/fuzz/libsparkgate.a
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c); name=${name#fuzz_}
	[ -z "$ONLY" ] || [ "$ONLY" = "$name" ] || continue
	# shellcheck disable=SC2046,SC2086
	clang $flags -o "build/fuzz/fuzz_$name" "$source" build/fuzz/libsparkgate.a $(pkg-config --cflags --libs $packages) -lpthread -lm
	mkdir -p "build/fuzz/corpus/$name"
	echo "fuzzing $name for $seconds s"
	"build/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -print_final_stats=0 \
		-artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" 2>&1 | tail -3
done

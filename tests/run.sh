#!/usr/bin/env bash
# `make test`: every suite in turn, then one line that adds them up. In CI nothing may be skipped.
set -u
cd "$(dirname "$0")/.."
mkdir -p build/logs
passed=0 failed=0 skipped=0
jobs=$(nproc)

# Adds up a suite's closing counts ("N passed, N failed, N skipped" in any order, pytest's too); a suite
# that ends badly without having counted a failure counts as one.
add() { # name, exit code, log
	local line n_passed n_failed n_skipped
	line=$(grep -E '[0-9]+ (passed|failed|error)' "$3" | tail -1)
	n_passed=$(grep -oE '[0-9]+ passed' <<<"$line" | grep -oE '[0-9]+' || echo 0)
	n_failed=$(grep -oE '[0-9]+ (failed|errors?)' <<<"$line" | grep -oE '[0-9]+' | paste -sd+ | bc || echo 0)
	n_skipped=$(grep -oE '[0-9]+ skipped' <<<"$line" | grep -oE '[0-9]+' || echo 0)
	[ "$2" -ne 0 ] && [ "${n_failed:-0}" -eq 0 ] && n_failed=1
	passed=$((passed + n_passed)) failed=$((failed + ${n_failed:-0})) skipped=$((skipped + n_skipped))
}

suite() { # name, command...
	local name=$1 began=$SECONDS code
	shift
	echo "== $name"
	"$@" 2>&1 | tee "build/logs/$name.log"
	code=${PIPESTATUS[0]}
	echo "== $name: $((SECONDS - began)) s"
	add "$name" "$code" "build/logs/$name.log"
}

build_with() { # compiler: a tree of its own, warnings are errors
	make --no-print-directory -j"$jobs" CC="$1" WERROR=-Werror BUILD="$2" "$2/sparkgate" >"build/logs/build-$1.log" 2>&1 ||
		{ tail -40 "build/logs/build-$1.log"; echo "0 passed, 1 failed"; return 1; }
	echo "build-$1: 1 passed, 0 failed, 0 skipped"
}

suite build-gcc build_with gcc build
[ -n "${CI:-}" ] && suite build-clang build_with clang build/clang
suite unit make --no-print-directory -j"$jobs" WERROR=-Werror unit
suite integration make --no-print-directory -j"$jobs" WERROR=-Werror integration
suite fuzz make --no-print-directory -j"$jobs" WERROR=-Werror fuzz-replay
suite meta make --no-print-directory meta
suite asan make --no-print-directory -j"$jobs" asan SUITES="unit integration fuzz-replay"
[ -n "${CI:-}" ] && suite tsan make --no-print-directory -j"$jobs" tsan SUITES="unit integration"
suite e2e build/venv/bin/python -m pytest -q tests/e2e

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && { [ -z "${CI:-}" ] || [ "$skipped" -eq 0 ]; }

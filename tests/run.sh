#!/usr/bin/env bash
# `make test`: every suite in turn, then one line that adds them up. In CI nothing may be skipped.
set -u
cd "$(dirname "$0")/.."
mkdir -p build/logs
passed=0 failed=0 skipped=0
jobs=$(nproc)

# Adds up what a suite counted: its lines "name: N passed, N failed, N skipped", or pytest's last line. A
# suite that ends badly without having counted a failure counts as one.
count() { # word, lines
	grep -oE "[0-9]+ $1" <<<"$2" | awk '{ n += $1 } END { print n + 0 }'
}
add() { # exit code, log
	local lines n_failed
	lines=$(grep -E '^[a-z0-9-]+: [0-9]+ passed, ' "$2" || grep -E '[0-9]+ (passed|failed|error)' "$2" | tail -1)
	n_failed=$(count '(failed|error)' "$lines")
	[ "$1" -ne 0 ] && [ "$n_failed" -eq 0 ] && n_failed=1
	passed=$((passed + $(count passed "$lines"))) failed=$((failed + n_failed)) skipped=$((skipped + $(count skipped "$lines")))
}

suite() { # name, command...
	local name=$1 began=$SECONDS code
	shift
	echo "== $name"
	"$@" 2>&1 | tee "build/logs/$name.log"
	code=${PIPESTATUS[0]}
	echo "== $name: $((SECONDS - began)) s"
	add "$code" "build/logs/$name.log"
}

build_with() { # compiler: a tree of its own, warnings are errors
	make --no-print-directory -j"$jobs" CC="$1" WERROR=-Werror BUILD="$2" "$2/sparkgate" >"build/logs/build-$1.log" 2>&1 ||
		{ tail -40 "build/logs/build-$1.log"; return 1; }
	echo "build-$1: 1 passed, 0 failed, 0 skipped"
}

# Kubernetes' API server takes a quarter of an hour to build where there is none yet; nobody else gets less time for it.
python3 tests/support/kube_install.py --when-idle >build/logs/kube-apiserver.log 2>&1 &
kubernetes=$!
trap 'kill "$kubernetes" 2>/dev/null' EXIT

suite build-gcc build_with gcc build
[ -n "${CI:-}" ] && suite build-clang build_with clang build/clang
suite unit make --no-print-directory -j"$jobs" WERROR=-Werror unit
suite integration make --no-print-directory -j"$jobs" WERROR=-Werror integration
suite fuzz make --no-print-directory -j"$jobs" WERROR=-Werror fuzz-replay
suite differential make --no-print-directory -j"$jobs" WERROR=-Werror differential
suite meta make --no-print-directory meta
suite asan make --no-print-directory -j"$jobs" asan SUITES="unit integration fuzz-replay"
[ -n "${CI:-}" ] && suite tsan make --no-print-directory -j"$jobs" tsan SUITES="unit integration"
suite e2e build/venv/bin/python -m pytest -q tests/e2e
wait "$kubernetes" || tail -40 build/logs/kube-apiserver.log
trap - EXIT
suite k8s build/venv/bin/python -m pytest -q tests/k8s

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && { [ -z "${CI:-}" ] || [ "$skipped" -eq 0 ]; }

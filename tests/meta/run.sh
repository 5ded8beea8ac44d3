#!/bin/sh
# Checks of the source itself: each script of this folder that begins with check_ is one, and prints what is wrong.
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0 bad=
for check in tests/meta/check_*.py; do
	name=$(basename "$check" .py)
	if out=$(python3 "$check" 2>&1); then
		passed=$((passed + 1)) verdict=ok
	else
		failed=$((failed + 1)) verdict=FAILED bad="$bad $name"
	fi
	printf '  %-11s %-40s %s\n' meta "${name#check_}" "$verdict"
	[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/      /'
done
for name in $bad; do echo "FAILED meta:${name#check_}"; done
echo "meta: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]

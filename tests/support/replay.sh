#!/bin/sh
# Replays each fuzz target's corpus; a target without one fails.
passed=0 failed=0
for program in "$@"; do
	name=$(basename "$program"); name=${name#fuzz_}
	if out=$("$program" "tests/fuzz/corpus/$name" 2>&1); then
		passed=$((passed + 1))
		printf '  %-11s %-40s %s\n' fuzz "$name" "$out"
	else
		failed=$((failed + 1))
		printf '  %-11s %-40s FAILED\n%s\n' fuzz "$name" "$out"
	fi
done
echo "fuzz: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]

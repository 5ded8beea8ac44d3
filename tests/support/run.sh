#!/bin/sh
# Runs each test program of a suite and ends with one line of counts. A program that fails shows what it said; one that
# ends without naming a test (a crash, a time-out) is named itself.
suite=$1; shift
passed=0 failed=0 skipped=0
for program in "$@"; do
	out=$("$program" 2>&1); code=$?
	ok=$(printf '%s\n' "$out" | grep -c '^\[       OK \]')
	left=$(printf '%s\n' "$out" | grep -c '^\[  SKIPPED \] [a-z]' ); left=$((left / 2)) # each is said twice
	bad=$(printf '%s\n' "$out" | grep '^\[  FAILED  \] [a-z]' | sort -u | grep -c .)
	if [ $code -ne 0 ]; then
		printf '%s\n' "$out" | grep -v '^\[ RUN\|^\[       OK'
		[ "$bad" -eq 0 ] && bad=1 && echo "FAILED $(basename "$program"):code-$code"
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
	printf '  %-11s %-40s %3d passed %3d failed\n' "$suite" "$(basename "$program")" "$ok" "$bad"
done
echo "$suite: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]

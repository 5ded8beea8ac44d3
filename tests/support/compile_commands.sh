#!/bin/sh
# A compilation database on standard output: compile_commands.sh COMPILER-WITH-FLAGS FILE...
command=$1 separator=
shift
printf '['
for file in "$@"; do
	printf '%s\n  {"directory": "%s", "file": "%s", "command": "%s -c %s"}' "$separator" "$PWD" "$file" "$command" "$file"
	separator=,
done
printf '\n]\n'

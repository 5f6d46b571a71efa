#!/bin/bash
# What it takes to load an image of 320 MB in six layers and to unpack it, beside others:
#
#	sudo bench/load.sh [RUNS]
#
# The image is a busybox and the Go that is installed here, many small files and some large,
# as an archive that all of them take. Each run begins with nothing; the tools take turns. Others
# are measured if they are on PATH: skopeo with umoci, and dockerd, which gets a network namespace
# and roots of its own, and is stopped again.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/bin:$PATH

runs=${1:-5}
# ext4 goes out of its way to give no inode to a new file that was another's a short time ago: whoever comes after
# somebody who has cleaned up would pay for that. It is 35 seconds (RECENTCY_MIN and _DIRTY in fs/ext4/ialloc.c).
recent=40
work=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-XXXXXX")
export DRYDOCK_ROOT=$work/state
trap 'stop_docker; rm -rf "$work"' EXIT

has() { command -v "$1" >/dev/null; }

make_archive() {
	go=$(go env GOROOT)
	testvm rootfs "$work/root"
	tar -C "$work/root" -cf "$work/0.tar" .
	tar -C "$go" -cf "$work/1.tar" --transform 's,^,a/,' src/cmd
	tar -C "$go" -cf "$work/2.tar" --transform 's,^,b/,' --exclude src/cmd src test
	tar -C "$go" -cf "$work/3.tar" --transform 's,^,c/,' pkg
	tar -C "$go" -cf "$work/4.tar" --transform 's,^,d/,' bin api lib doc
	tar -C "$go" -cf "$work/5.tar" --transform 's,^,e/,' pkg bin
	umoci init --layout "$work/oci"
	umoci new --image "$work/oci:go"
	for layer in 0 1 2 3 4 5; do
		umoci raw add-layer --image "$work/oci:go" "$work/$layer.tar"
	done
	tar -C "$work/oci" -c . | drydock-transfer load -q
	drydock-transfer save -o "$work/go.tar" go
	du -cm "$work"/?.tar | awk 'END { print $1 " MB in 6 layers" }'
	rm -r "$work/oci" "$work"/?.tar "$DRYDOCK_ROOT"
}

start_docker() {
	has dockerd && has docker || return 0
	ip netns add bench-docker
	export DOCKER_HOST=unix://$work/docker.sock
	nsenter --net=/run/netns/bench-docker dockerd -H "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/exec" \
		--pidfile "$work/docker.pid" >"$work/docker.log" 2>&1 &
	for _ in $(seq 300); do
		docker version >/dev/null 2>&1 && return
		sleep 0.1
	done
	tail -n 5 "$work/docker.log"
	exit 1
}

stop_docker() {
	[ -e "$work/docker.pid" ] || return 0
	kill "$(cat "$work/docker.pid")"
	wait || true
	ip netns delete bench-docker
}

load_drydock() { drydock-transfer load -q -i "$work/go.tar" && stage4 run --rm go true; }
clean_drydock() { rm -rf "$DRYDOCK_ROOT"; }

load_umoci() { skopeo copy -q "oci-archive:$work/go.tar" "oci:$work/oci:go" && umoci unpack --image "$work/oci:go" "$work/bundle"; }
clean_umoci() { rm -rf "$work/oci" "$work/bundle"; }

load_docker() { docker load -q -i "$work/go.tar"; }
clean_docker() { docker image rm -f "$(docker images -q)" >/dev/null; }

# measure TOOL: a line for the table: seconds and megabytes at most
measure() {
	/usr/bin/time -o "$work/time" -f '%e %M' bash -c "set -e; $(declare -f "load_$1"); work=$work; load_$1" >/dev/null
	awk -v tool="$1" '{ print tool, $1, $2 / 1024 }' "$work/time" >>"$work/results"
	"clean_$1"
	sleep "$recent"
}

make_archive
start_docker
tools=drydock
has skopeo && has umoci && tools="$tools umoci"
[ -e "$work/docker.pid" ] && tools="$tools docker"
for _ in $(seq "$runs"); do
	for tool in $tools; do
		measure "$tool"
	done
done
echo "| | seconds (median of $runs) | as a ratio | peak memory, MB |"
echo "|---|---|---|---|"
for tool in $tools; do
	grep "^$tool " "$work/results" | sort -n -k 2 |
		awk '{ t[NR] = $2; if ($3 > peak) peak = $3 } END { print $1, t[int((NR + 1) / 2)], peak }'
done | awk 'NR == 1 { ours = $2 } { printf "| %s | %.2f | %.1f | %d |\n", $1, $2, $2 / ours, $3 }'

#!/bin/bash
# What it takes to load an image of 320 MB in six layers and to unpack it, beside others:
#
#	sudo bench/load.sh [RUNS]
#
# The image is a busybox and the Go that is installed here, many small files and some large,
# as an archive that all of them take. Each run begins with nothing, the archive in the page cache;
# the tools take turns. Others are measured if they are on PATH: skopeo with umoci, and dockerd, which
# gets a network namespace and roots of its own, and is stopped again.
#
# Seconds depend on what else the machine does, and so do ratios a little; seconds of a processor,
# a daemon's among them, hardly. Memory is that of the largest process, but not the daemon's.
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
		--pidfile "$work/docker.pid" --storage-driver overlay2 --bridge none --iptables=false >"$work/docker.log" 2>&1 &
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

# daemon_seconds: what dockerd and what it has started have taken of a processor: proc_pid_stat(5)
daemon_seconds() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15 + $16 + $17) / hz }' "/proc/$(cat "$work/docker.pid")/stat"; }

# measure TOOL: a line of results: seconds, those of a processor, megabytes at most
measure() {
	before=0 after=0
	cat "$work/go.tar" >/dev/null
	if [ "$1" = docker ]; then before=$(daemon_seconds); fi
	/usr/bin/time -o "$work/time" -f '%e %U %S %M' bash -c "set -e; $(declare -f "load_$1"); work=$work; load_$1" >/dev/null
	if [ "$1" = docker ]; then after=$(daemon_seconds); fi
	awk -v tool="$1" -v daemon="$before $after" '{ split(daemon, d); print tool, $1, $2 + $3 + d[2] - d[1], $4 / 1024 }' "$work/time" >>"$work/results"
}

make_archive
start_docker
tools=drydock
has skopeo && has umoci && tools="$tools umoci"
[ -e "$work/docker.pid" ] && tools="$tools docker"
echo "load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
for _ in $(seq "$runs"); do
	sleep "$recent"
	for tool in $tools; do
		measure "$tool"
	done
	for tool in $tools; do
		"clean_$tool"
	done
done
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
# median TOOL COLUMN
median() { awk -v tool="$1" -v column="$2" '$1 == tool { print $column }' "$work/results" | sort -n | sed -n "$(((runs + 1) / 2))p"; }
echo "| | seconds (median of $runs) | as a ratio | seconds of a processor | peak memory, MB |"
echo "|---|---|---|---|---|"
for tool in $tools; do
	peak=$(awk -v tool="$tool" '$1 == tool && $4 > peak { peak = $4 } END { print peak }' "$work/results")
	echo "$tool $(median "$tool" 2) $(median "$tool" 3) $peak"
done | awk 'NR == 1 { ours = $2 } { printf "| %s | %.2f | %.1f | %.1f | %d |\n", $1, $2, $2 / ours, $3, $4 }'

#!/bin/bash
# What a second container on the same root directory costs, beside a copy of that root:
#
#	make vm CMD='bench/second-container.sh [MEGABYTES]'
#
# It needs cgroup v2 with the memory controller, as the VM has. The root is busybox and
# one file of so many megabytes (500), which each container reads from end to end.
set -euo pipefail

size=${1:-500}
work=$(mktemp -d /var/lib/drydock/bench-XXXXXX)
export DRYDOCK_ROOT=$work/state
trap 'stage3 ps -q | xargs -r stage3 rm -f >/dev/null; wait; rm -rf "$work"' EXIT
cp -a "$ROOTFS" "$work/root"
head -c "${size}M" /dev/urandom >"$work/root/big"
sync
echo 3 >/proc/sys/vm/drop_caches

seconds() { # COMMAND…: how long it takes
	local TIMEFORMAT=%R
	{ time "$@" >/dev/null; } 2>&1
}

kibibytes() { # FILE: a number of bytes in it
	echo "$(($(cat "$1") / 1024)) KiB"
}

for n in first second; do
	stage3 run --keep --name "$n" "$work/root" sh -c 'cat /big >/dev/null; echo read; exec sleep 1000' >"$work/$n" &
	until grep -q read "$work/$n"; do sleep 0.1; done
	id=$(stage3 ps -a --no-trunc -q | head -n 1)
	echo "$n container: disk $(du -sk "$DRYDOCK_ROOT/containers/$id" | cut -f 1) KiB," \
		"memory $(kibibytes "/sys/fs/cgroup/drydock/$id/memory.current")"
done
echo "to run true in another: $(seconds stage3 run "$work/root" true) s"
echo "to copy the root instead: $(seconds cp -a "$work/root" "$work/copy") s, disk $(du -sk "$work/copy" | cut -f 1) KiB"

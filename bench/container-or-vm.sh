#!/bin/sh
# Measures what a container and a VM cost on this machine, one beside the other:
#
#   sudo bench/container-or-vm.sh ROOTFS
#
# Time: from the command to the end of `true` inside, the median of several runs.
# Memory: the proportional set size (PSS) of every process that is there for it while
# `sleep` runs inside. Prints rows for the table in the chapter of stage 1.
set -eu
cd "$(dirname "$0")/.."
root=${1:?which root directory? container-or-vm.sh ROOTFS}
PATH=$PWD/bin:$PATH

# median N COMMAND…: milliseconds
median() {
	runs=$1
	shift
	for _ in $(seq "$runs"); do
		begin=$(date +%s%N)
		"$@" </dev/null >/dev/null
		echo $((($(date +%s%N) - begin) / 100000))
	done | sort -n | awk '{ t[NR] = $1 } END { printf "%.1f", t[int((NR + 1) / 2)] / 10 }'
}

# family PID: it and all its descendants
family() {
	echo "$1"
	for child in $(pgrep -P "$1"); do family "$child"; done
}

# pss PID: MiB of the whole family
pss() {
	for pid in $(family "$1"); do cat "/proc/$pid/smaps_rollup"; done |
		awk '/^Pss:/ { sum += $2 } END { printf "%.1f", sum / 1024 }'
}

# settle PID NAME: wait until a process NAME is in the family
settle() {
	until for p in $(family "$1"); do cat "/proc/$p/comm"; done 2>/dev/null | grep -qx "$2"; do :; done
}

container_ms=$(median 21 stage1 run "$root" true)
vm_ms=$(median 5 testvm run -- true)

stage1 run "$root" sleep 1000 &
settle $! sleep
container_mib=$(pss $!)
kill -KILL $!

# The VM says on its standard output that it has got as far as the command.
work=$(mktemp -d)
mkfifo "$work/out"
testvm run -- 'echo ready; exec sleep 1000' >"$work/out" &
head -n 1 "$work/out" >/dev/null
vm_mib=$(pss $!)
kill -TERM $!
rm -r "$work"

echo "| | a container (stage1 run) | a VM (make vm) |"
echo "|---|---|---|"
echo "| until \`true\` has run | $container_ms ms | $vm_ms ms |"
echo "| memory while \`sleep\` runs | $container_mib MiB | $vm_mib MiB |"

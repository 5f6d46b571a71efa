#!/bin/bash
# record.sh asks a real Docker all of the cases, and writes docker.json.
#
#	record.sh FOLDER [SECTION]
#
# FOLDER has docker, dockerd, docker-proxy, containerd, runc; go and nft are on the PATH, and a busybox root is in
# build/busybox or $ROOTFS. It runs as root, starts a dockerd in a network namespace of its own, and leaves nothing.
# With a section, the answers to the others stay as they are; so do those to the sections marked [vm] on a machine
# without the cgroup controllers. $TEST is the compiled test where there is no go: go test -c ./final/compare.
set -euo pipefail

folder=$(realpath "$1")
cd "$(dirname "$0")/.."
PATH=$folder:$PATH
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private testdata/record.sh "$folder" "${@:2}"
fi
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock

# A host with a way out, which leads nowhere.
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip link add outside type bridge
ip address add 10.9.9.1/24 dev outside
ip link set outside up
ip route add default dev outside
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then # hybrid hierarchies, which runc 1.5 does not know
	umount -l /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
fi
mkdir -p /run/netns
mount -t tmpfs none /run/netns
echo nameserver 10.9.9.1 >"$dir/resolv.conf"
touch /etc/resolv.conf # which the VM has not
mount --bind "$dir/resolv.conf" /etc/resolv.conf

started=
cleanup() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
	grep -o "$dir/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
# Images as Docker kept them before containerd did: an id is the digest of the image's config.
start() {
	dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" --firewall-backend nftables \
		--feature containerd-snapshotter=false --storage-driver overlay2 >"$dir/log" 2>&1 &
	started=$!
	until docker version >/dev/null 2>&1; do
		kill -0 "$started" 2>/dev/null || return
		sleep 1
	done
}
# It waits 15 seconds for containerd, which in the VM is not enough at first.
start || start || start || { tail -20 "$dir/log" >&2; exit 1; }
run=TestRootCompare/${2:+^$2\$}
if [ -n "${TEST:-}" ]; then
	"$TEST" -test.run "$run" -record testdata/docker.json
else
	go test . -count=1 -timeout 60m -run "$run" -record testdata/docker.json
fi

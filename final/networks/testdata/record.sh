#!/bin/bash
# record.sh asks a real Docker what it makes of networks, and prints it.
#
#	record.sh FOLDER [CASES] >docker.json
#
# FOLDER has docker, dockerd, docker-proxy, containerd, runc; a static busybox, jq and nft are on the PATH. It runs as
# root, in a network namespace of its own, and leaves nothing.
#
# The cases are the lines of the file cases; its head says how they are written. What comes out is one JSON object a
# line, in the order of the cases; the first says which versions made it, and when.
#
#	words    the command line after docker
#	exit     docker's exit status
#	stdout   what it wrote. Ids, times, MAC addresses and random names are replaced by ID, TIME, MAC and NAME
#	stderr   the same
set -euo pipefail

folder=$1
cases=${2:-$(dirname "$0")/cases}
PATH=$folder:$PATH
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private "$0" "$folder" "$cases"
fi
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config LC_ALL=C TZ=UTC

# A host with a way out, and with one to a subnet of somebody else's.
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip link add outside type bridge
ip address add 10.9.9.1/24 dev outside
ip address add 192.0.2.1/24 dev outside
ip link set outside up
ip route add default dev outside
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then # hybrid hierarchies, which runc 1.5 does not know
	umount -l /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
fi
mkdir -p /run/netns
mount -t tmpfs none /run/netns
echo nameserver 10.9.9.1 >"$dir/resolv.conf"
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
dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" \
	--firewall-backend nftables >"$dir/log" 2>&1 &
started=$!
for _ in $(seq 60); do
	docker version >/dev/null 2>&1 && break
	sleep 1
done
grep -q "API listen" "$dir/log" || { tail -20 "$dir/log" >&2; exit 1; }
docker version -f '{{json .}}' | jq -c --arg at "$(date -u +%FT%TZ)" '{made: {
	client: .Client.Version, server: .Server.Version, api: .Server.ApiVersion, at: $at}}'

mkdir -p "$dir/rootfs/bin"
cp "$(command -v busybox)" "$dir/rootfs/bin/"
for name in sleep cat ip true; do ln -s busybox "$dir/rootfs/bin/$name"; done
tar -C "$dir/rootfs" -c . | docker import -c 'EXPOSE 80 53/udp' -c 'CMD ["sleep","10000"]' - box >/dev/null

run_case() { # WORD…
	local exit=0
	timeout 60 docker "$@" >"$dir/stdout" 2>"$dir/stderr" </dev/null || exit=$?
	jq -cn --argjson exit $exit --rawfile stdout "$dir/stdout" --rawfile stderr "$dir/stderr" '
		def hide: gsub("\\b[0-9a-f]{64}\\b"; "ID") | gsub("\\b(?<br>br-|)[0-9a-f]{12}\\b"; "\(.br)ID")
			| gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z| \\+0000 UTC)"; "TIME")
			| gsub("\\b(?!02:00)([0-9a-f]{2}:){5}[0-9a-f]{2}\\b"; "MAC")
			| gsub("endpoint [a-z]+_[a-z0-9]+ "; "endpoint NAME ") | gsub("\"[^\"]*/exec/netns"; "\"/run/docker/netns");
		{words: $ARGS.positional, exit: $exit, stdout: ($stdout | hide), stderr: ($stderr | hide)}' --args -- "$@"
}
while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	eval "set -- $line"
	run_case "$@"
done <"$cases"

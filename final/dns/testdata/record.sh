#!/bin/bash
# Asks the name server of a real Docker, inside a container, and prints what it answers: final/dns is
# compared with that.
#
#   record.sh FOLDER > recorded
#
# FOLDER has docker, dockerd, containerd, runc; a static busybox, dig, dnsmasq and nft are on the
# PATH. It runs as root, in a network namespace of its own, and leaves nothing. The answers here are those
# of dockerd 2.0.0-beta.24 (29).
set -euo pipefail

folder=$1
PATH=$folder:$PATH
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private "$0" "$folder"
fi
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config

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

started=()
cleanup() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "${started[@]}" 2>/dev/null || true
	wait "${started[@]}" 2>/dev/null || true
	grep -o "$dir/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

# The world outside: a name server that knows three names, and answers all others with NXDOMAIN.
{
	echo no-resolv
	echo no-hosts
	echo listen-address=10.9.9.1
	echo bind-interfaces
	echo pid-file
	echo user=root
	echo local=/#/
	echo host-record=there.example,192.0.2.1
	echo mx-host=there.example,mail.there.example,10
	echo txt-record=single,outside
} >"$dir/dnsmasq.conf"
dnsmasq --keep-in-foreground --conf-file="$dir/dnsmasq.conf" 2>"$dir/dnsmasq.log" &
started+=($!)
dnsmasq=$!
mkdir -p /run/netns # some kernels' hosts lack it
mount -t tmpfs none /run/netns
echo "nameserver 10.9.9.1" >"$dir/resolv.conf"
mount --bind "$dir/resolv.conf" /etc/resolv.conf
dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" \
	--firewall-backend nftables --ip6tables=false >"$dir/log" 2>&1 &
started+=($!)
for _ in $(seq 60); do
	docker version >/dev/null 2>&1 && break
	sleep 1
done
docker version --format '# dockerd {{.Server.Version}}' || { tail -20 "$dir/log"; exit 1; }

mkdir -p "$dir/rootfs/bin"
cp "$(command -v busybox)" "$dir/rootfs/bin/sleep"
cp "$(command -v busybox)" "$dir/rootfs/bin/cat"
tar -C "$dir/rootfs" -c . | docker import - box >/dev/null
docker network create --subnet 172.30.0.0/24 mynet >/dev/null
docker network create --subnet 172.31.0.0/24 --ipv6 --subnet fd00:31::/64 both >/dev/null
docker network create --subnet 172.29.0.0/24 --internal inner >/dev/null

run() { docker run -d "$@" box sleep 10000 >/dev/null; }
run --network mynet --name Web --network-alias www --network-alias dotted.alias --hostname other
run --network mynet --name asker
run --network both --name six
docker network connect --alias second both Web
run --network inner --name hidden
run --network mynet --name twin1 --network-alias twin
run --network mynet --name twin2 --network-alias twin
run --network mynet --name gone
docker stop -t 0 gone >/dev/null
run --network mynet --name ndots --dns-option ndots:2
run --network mynet --name own --dns 10.9.9.7 --dns 10.9.9.1 --dns-search example --dns-option timeout:1

web=$(docker inspect -f '{{slice .Id 0 12}}' Web)
# ask CONTAINER WHAT… asks from inside the container: the status, the flags, and the answers.
ask() {
	local pid
	pid=$(docker inspect -f '{{.State.Pid}}' "$1")
	echo "== $1: ${*:2}" | sed "s/$web/WEBID/"
	nsenter -t "$pid" -n dig +tries=1 +timeout=15 +noedns +noall +comments +answer @127.0.0.11 "${@:2}" |
		awk '/status:/ { status = gensub(/.*status: ([A-Z]*).*/, "\\1", 1) }
			/flags:/ { print status, gensub(/.*flags: ([a-z ]*).*/, "\\1", 1); fflush() }
			!/^;/ && NF { $1 = $1; print | "sort" }' | sed "s/$web/WEBID/"
}
for q in Web web WEB. www twin other "$web" web.mynet web.both www.mynet dotted.alias second six gone asker nosuch nosuch.mynet \
	there.example "there.example MX" nowhere.example "web MX" "web AAAA" "web TXT" "www.mynet MX" "six AAAA" \
	"-x 172.30.0.2" "-x 172.30.0.3" "-x 172.31.0.3" "-x 192.0.2.1" "-x fd00:31::2" "web +tcp" "there.example +tcp" localhost; do
	# shellcheck disable=SC2086
	ask asker $q
done
for q in web second six "six AAAA" "-x 172.31.0.2" www "-x fd00:31::2" web.mynet web.both; do
	# shellcheck disable=SC2086
	ask six $q
done
for q in hidden there.example nosuch; do ask hidden $q; done
for q in there.example nosuch single "single TXT" web.mynet; do
	# shellcheck disable=SC2086
	ask ndots $q
done
ask own there.example
kill "$dnsmasq"
echo "=== the one outside is down"
for q in web there.example nosuch "web MX"; do
	# shellcheck disable=SC2086
	ask asker $q
done

# resolv HOST-FILE FLAG… runs a container where the host has this resolv.conf, and prints its own.
resolv() {
	printf '%b' "$1" >"$dir/resolv.conf"
	printf '== %s | %s\n' "${*:2}" "$1"
	{ docker run --rm "${@:2}" box cat /etc/resolv.conf 2>&1 || true; } |
		sed '/^$/d; /^Usage/d; /^Run /d; /^# Generated/d; /^# This file/d; /^# has been/d; s/^docker: //'
}
echo "=== resolv.conf"
simple='nameserver 10.9.9.1\n'
for network in bridge mynet; do
	resolv "$simple" --network $network
	resolv '# a note\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.example lan\n' --network $network
	resolv 'nameserver 127.0.0.1\nnameserver 10.9.9.1\nnameserver ::1\nnameserver fe80::1%%eth0\nnameserver 2001:db8::1\ndomain lan\noptions ndots:3 rotate\nsortlist 10.0.0.0/8\n' --network $network
	resolv '' --network $network
	resolv "$simple" --network $network --dns 192.0.2.7 --dns 2001:db8::2
	resolv "$simple" --network $network --dns 127.0.0.1
	resolv 'nameserver 10.9.9.1\nsearch corp.example\noptions edns0\n' --network $network --dns-search .
	resolv 'nameserver 10.9.9.1\nsearch corp.example\noptions edns0\n' --network $network --dns-search a.example --dns-search b.example
	resolv 'nameserver 10.9.9.1\nsearch corp.example\noptions edns0\n' --network $network --dns-option rotate --dns-option ndots:2
	resolv "$simple" --network $network --dns-opt rotate
	resolv "$simple" --network $network --dns 300.1.1.1
	resolv "$simple" --network $network --dns-search 'a b'
	resolv "$simple" --network $network --dns-search '-x'
	resolv "$simple" --network $network --dns-option ''
	resolv "$simple" --network $network --dns-option ndots:x
	resolv "$simple" --network $network --dns-option ndots:x --dns-option ndots:2
	resolv "$simple" --network $network --dns-option ndots:3 --dns-option ndots:x
	resolv "$simple" --network $network --dns-option ndots:0 --dns-option ndots:2
	resolv 'nameserver bogus\nnameserver 10.9.9.1\nfoo\noptions\nsearch\n;x y\nnameserver\n' --network $network
	resolv "$simple" --network $network --dns ::ffff:192.0.2.7
	resolv "$simple" --network $network --dns fe80::1%eth0
	resolv "$simple" --network $network --dns-search 1.2.3
	resolv "$simple" --network $network --dns-search "$(printf 'abcdefgh.%.0s' $(seq 28))ab"
	resolv "$simple" --network $network --dns-search "$(printf 'abcdefgh.%.0s' $(seq 28))abc"
done
resolv "$simple" --network none
resolv "$simple" --network none --dns 192.0.2.7
resolv "$simple" --network host
resolv "$simple" --network host --dns 192.0.2.7

#!/bin/bash
# Asks a real Docker what it makes of links, and prints it:
#
#	record.sh FOLDER >recorded.txt
#
# FOLDER has docker, dockerd, docker-proxy, containerd and runc, or what is not there is on the PATH, as busybox is. It runs as
# root, in a network namespace of its own, and leaves nothing. What is asked is in the file cases.
#
# Of each case there is a line "== CASE"; then what a recipient has in /etc/hosts, where ID stands for a random host name; in its environment,
# sorted, without the variables that every container has; and what was answered: "said STATUS MESSAGE", after "but REASON" where stage7's
# answer is another.
set -euo pipefail

folder=$1
PATH=$folder:$PATH
here=$(dirname "$(realpath "$0")")
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private "$0" "$folder"
fi
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config LC_ALL=C

ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then # hybrid hierarchies, which runc 1.5 does not know
	umount -l /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
fi
mkdir -p /run/netns
mount -t tmpfs none /run/netns

started=
cleanup() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
	grep -o "$dir/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS=1 dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
	-H "$DOCKER_HOST" >"$dir/log" 2>&1 &
started=$!
for _ in $(seq 60); do
	docker version >/dev/null 2>&1 && break
	sleep 1
done
grep -q "API listen" "$dir/log" || { tail -20 "$dir/log" >&2; exit 1; }
docker version -f '# dockerd {{.Server.Version}} with API {{.Server.APIVersion}}, docker {{.Client.Version}}'

mkdir -p "$dir/rootfs/bin"
cp "$(command -v busybox)" "$dir/rootfs/bin/"
for name in sh sleep cat env sort true; do ln -s busybox "$dir/rootfs/bin/$name"; done
tar -C "$dir/rootfs" -c . | docker import - plain >/dev/null
tar -C "$dir/rootfs" -c . | docker import -c 'EXPOSE 5432' -c 'EXPOSE 6379/udp' -c 'ENV COLOUR=blue' - telling >/dev/null

case_() { echo "== $1"; }
but() { echo "but $1"; }

runs() { # NAME FLAG… IMAGE
	docker run -d --name "$@" sleep 1000 2>/dev/null >/dev/null
}

recipient() { # FLAG…
	docker run --rm --name web "$@" plain cat /etc/hosts /proc/self/environ 2>/dev/null | shown
}

hosts() { # NAME
	shown <"$(docker inspect -f "{{.HostsPath}}" "$1")"
}

# shown has lines of hosts, the last one at the end, and variables behind them. The others are sorted, as Docker has them in any order.
shown() {
	tr '\0' '\n' | sed -E 's/\b[0-9a-f]{12}\b/ID/g' >"$dir/shown"
	grep -P '^\S+\t' "$dir/shown" | sed '$d' | sort
	grep -P '^\S+\t' "$dir/shown" | tail -n 1
	grep -vP '^\S+\t|^(PATH|HOME|HOSTNAME)=' "$dir/shown" | sort || true
}

ask() { # COMMAND…
	local status=0
	docker "$@" >"$dir/said" 2>&1 </dev/null || status=$?
	[ $status != 0 ] || : >"$dir/said" # a name
	echo "said $status $(grep -v ^WARNING "$dir/said" | sed -n 's/^docker: //; s/^Error response from daemon: //; 1p' | sed -E 's/\b[0-9a-f]{64}\b/ID/')"
}

again() { ask start "$1"; }
kill_() { docker kill "$1" >/dev/null; docker wait "$1" >/dev/null; }
clean() { docker ps -aq | xargs -r docker rm -f >/dev/null; }

# shellcheck source=/dev/null # lines of the functions above
. "$here/cases"

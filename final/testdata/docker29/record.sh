#!/bin/bash
# record.sh asks a real Docker what its output looks like, and writes it down beside itself: what final's
# inspect, info, events, stats and system df print is to have this shape, and its commands these flags.
#
#	record.sh FOLDER
#
# FOLDER has docker, dockerd, docker-proxy, containerd, runc; a static busybox, jq, curl, script and nft are on the PATH.
# It runs as root, in a network namespace of its own, and leaves nothing. Limits are in what it writes only where the
# host has cgroup v2 with its controllers.
#
#	version.json info.json            docker version, docker info
#	containers.json                   docker inspect, by what the container is: plain or rich (every
#	                                  kind of flag), created, running, paused, exited or not startable
#	image.json volume.json network.json
#	ls.json                           the json format of each list: a line of each
#	df.txt stats.txt                  docker system df, also -v; docker stats, of a running and an exited one
#	events.json events.txt            a whole life of containers, images, volumes and networks
#	flags                             of each command: how it is used, its other names, its flags
#
# Only the temporary folder is replaced, by Docker's usual ones.
# shellcheck disable=SC2016 # jq's variables are not the shell's
set -euo pipefail

folder=$1
here=$(dirname "$(realpath "$0")")
PATH=$folder:$PATH
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private "$0" "$folder"
fi
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config LC_ALL=C TZ=UTC COLUMNS=200

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

limits=()
if grep -q memory /sys/fs/cgroup/cgroup.controllers; then
	limits=(--memory 64m --memory-swap 128m --memory-reservation 32m --cpus 0.5 --pids-limit 100 --cpu-shares 512 --cpuset-cpus 0)
fi

started=
cleanup() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
	grep -o "$dir/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" --firewall-backend nftables \
	--feature containerd-snapshotter=false --storage-driver overlay2 >"$dir/log" 2>&1 &
started=$!
for _ in $(seq 60); do
	docker version >/dev/null 2>&1 && break
	sleep 1
done
docker version >/dev/null || { tail -20 "$dir/log" >&2; exit 1; }

# quietly CMD… may fail, and what it prints is not of interest.
quietly() { "$@" >/dev/null 2>&1 </dev/null || true; }
# await CMD… waits until it prints something.
await() {
	for _ in $(seq 100); do
		if [ -n "$("$@" 2>/dev/null)" ]; then return; fi
		sleep 0.1
	done
	echo "in vain: $*" >&2
	exit 1
}
state() { docker inspect -f "{{if eq .State.Status \"$2\"}}yes{{end}}" "$1"; }
healthy() { docker inspect -f '{{if eq .State.Health.Status "healthy"}}yes{{end}}' "$1"; }
usual() { sed "s,$dir/data,/var/lib/docker,g; s,$dir/exec,/run/docker,g; s,$dir/docker.sock,/run/docker.sock,g; s,$dir,/srv,g"; }

mkdir -p "$dir/root/bin" "$dir/host"
cp "$(command -v busybox)" "$dir/root/bin/"
for name in sh sleep cat true ls touch; do ln -s busybox "$dir/root/bin/$name"; done
tar -C "$dir/root" -c . | docker import -m base -c 'ENV PATH=/bin' -c 'CMD ["sh"]' - busybox >/dev/null
echo content >"$dir/host/file"

# ---- flags ----

docker_flags() { # WORD…: how it is used, its other names, its flags, without examples and lists of commands
	echo "== docker $*"
	docker "$@" --help | awk '
		/^Usage:/ { print; next }
		/^Aliases:/ { getline; sub(/^ +/, ""); print "Aliases: " $0; next }
		/^(Global )?Options:/ { on = 1; next }
		/^[A-Z]/ { on = 0 }
		on && NF { print }'
}
{
	docker_flags
	for c in run create start stop restart kill pause unpause rm ps logs attach exec wait inspect top stats port diff cp rename update commit \
		export pull push images history tag rmi save load import login logout info version events; do docker_flags $c; done
	for c in ls inspect prune; do docker_flags container $c; docker_flags image $c; done
	for c in create ls inspect rm prune; do docker_flags volume $c; docker_flags network $c; done
	docker_flags network connect
	docker_flags network disconnect
	for c in df prune info events; do docker_flags system $c; done
} | sed "s,$dir/config,/root/.docker,g" >"$here/flags"

# ---- inspect ----

inspect() { # KEY CONTAINER: the next line of containers.json
	docker inspect "$2" | jq --arg key "$1" '{($key): .[0]}'
}
docker volume create --label kind=named --opt type=tmpfs --opt device=tmpfs data >/dev/null
docker network create --subnet 172.30.0.0/24 --label kind=own own >/dev/null
docker create --name plain busybox sleep 1000 >/dev/null
{
	inspect plain-created plain
	docker start plain >/dev/null
	inspect plain-running plain
	docker pause plain >/dev/null
	inspect plain-paused plain
	docker unpause plain >/dev/null
	docker kill plain >/dev/null
	await state plain exited
	inspect plain-exited plain
	quietly docker run --name wrong --network none busybox no-such
	inspect not-startable wrong
	if [ "${#limits[@]}" != 0 ]; then
		quietly docker run --name hungry --network none --memory 16m --memory-swap 16m busybox busybox dd if=/dev/zero of=/dev/null bs=64M
		inspect out-of-memory hungry
	fi
	docker run -d --name other busybox sleep 1000 >/dev/null
	docker run -dit --name rich --hostname host --domainname example --label a=b -e X=1 -w /tmp -u 1000:1000 --group-add 5 \
		-v data:/data:ro -v "$dir/host:/host" -v /anonymous --mount type=tmpfs,target=/t1,tmpfs-size=1m,tmpfs-mode=700 --tmpfs /t2:size=2m \
		--mount "type=bind,source=$dir/host,target=/host2,readonly" --volumes-from other \
		-p 8080:80 -p 127.0.0.1:9000:90/udp -p 70 --expose 99 --link other:alias \
		"${limits[@]}" \
		--restart on-failure:3 --stop-signal INT --stop-timeout 5 --init --read-only --device /dev/null:/dev/x:r --shm-size 32m \
		--sysctl net.ipv4.ip_forward=1 --ulimit nofile=1000:2000 --oom-score-adj 10 --log-opt max-size=1m --log-opt max-file=2 \
		--health-cmd 'echo well' --health-interval 1s --health-retries 2 --health-timeout 5s --health-start-period 1s \
		--cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges --add-host there:192.0.2.7 \
		--dns 192.0.2.9 --dns-search example --dns-option ndots:2 --entrypoint sleep --ipc shareable --cgroupns private \
		busybox 1000 >/dev/null
	await healthy rich
	inspect rich-running rich
	docker run -d --name member --network own --ip 172.30.0.7 --network-alias nick busybox sleep 1000 >/dev/null
	docker network connect bridge member
	inspect on-two-networks member
} | jq -s add | usual >"$here/containers.json"
{
	docker commit -m 'what changed' -a 'Ann <ann@example.com>' -c 'EXPOSE 80 53/udp' -c 'VOLUME /data /more' -c 'USER 1000:5' -c 'LABEL kind=app' \
		-c 'ENTRYPOINT ["sleep"]' -c 'CMD ["1000"]' -c 'STOPSIGNAL INT' -c 'WORKDIR /tmp' -c 'HEALTHCHECK --interval=5s CMD true' \
		-c 'ONBUILD RUN true' plain app:1 >/dev/null
	docker inspect app:1 | usual >"$here/image.json"
	docker volume create other >/dev/null
	docker volume inspect data other | usual >"$here/volume.json"
	docker network inspect own bridge host none | usual >"$here/network.json"
	docker info --format json | jq . | usual >"$here/info.json"
	docker version --format json | jq . >"$here/version.json"
}
for list in 'ps -a --no-trunc' 'ps -as -f name=rich' images 'history app:1' 'volume ls' 'network ls' 'system df'; do
	# shellcheck disable=SC2086 # these are words
	docker $list --format json | sed -n 1p | jq -c --arg command "docker $list" '{$command, line: .}'
done | usual >"$here/ls.json"
{
	for words in 'system df' 'system df -v' 'system df --format json' 'system df -v --format json'; do
		echo "== docker $words"
		# shellcheck disable=SC2086
		docker $words
	done
} | usual >"$here/df.txt"
{
	for words in 'stats --no-stream other rich' 'stats --no-stream plain' 'stats --no-stream --no-trunc other' \
		'stats --no-stream --format json other' 'stats -a --no-stream --format {{.Name}}' 'stats --no-stream none'; do
		echo "== docker $words"
		# shellcheck disable=SC2086
		docker $words 2>&1 | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' || true
	done
} >"$here/stats.txt"
docker ps -aq | xargs docker rm -fv >/dev/null
docker volume rm data other >/dev/null
docker network rm own >/dev/null

# ---- events ----

sleep 1
since=$(date +%s)
docker volume create vol >/dev/null
docker network create net >/dev/null
docker run -d --name well --network none --health-cmd true --health-interval 1s busybox sleep 1000 >/dev/null
await healthy well
docker rm -f well >/dev/null
docker create --name life --label kind=life -v vol:/v busybox sleep 1000 >/dev/null
docker start life >/dev/null
docker exec life true
docker exec -d life sleep 1000
quietly docker exec life no-such
docker top life >/dev/null
docker pause life >/dev/null
docker unpause life >/dev/null
docker rename life later
docker update --restart no later >/dev/null
docker network connect net later
docker network disconnect net later
curl -s --unix-socket "$dir/docker.sock" -X POST 'http://docker/containers/later/resize?h=10&w=20'
docker cp "$dir/host/file" later:/v/ >/dev/null
docker cp later:/v/file "$dir/" >/dev/null
docker export later >/dev/null
docker commit later e:1 >/dev/null
docker tag e:1 e:2
docker save e:1 e:2 >"$dir/e.tar"
docker rmi e:1 e:2 >/dev/null
docker load -i "$dir/e.tar" >/dev/null
quietly docker pull --quiet localhost:1/e
docker rmi -f e:1 e:2 >/dev/null
docker kill -s USR1 later >/dev/null
docker restart -t 0 later >/dev/null
docker stop -t 0 later >/dev/null
quietly docker start -a "$(docker create --name failing --network none busybox sh -c 'exit 3')"
if [ "${#limits[@]}" != 0 ]; then
	quietly docker run --name hungry --network none --memory 16m --memory-swap 16m busybox busybox dd if=/dev/zero of=/dev/null bs=64M
fi
docker run --rm --network none busybox true
docker run --rm -v /anonymous --network host busybox true
quietly docker run --name wrong --network none busybox no-such
docker run -d --restart on-failure:1 --name again --network none busybox sh -c 'exit 4' >/dev/null
await state again exited
timeout 20 script -qec 'docker run -it --name typed --network none busybox cat' /dev/null < <(sleep 4; printf '\20\21'; sleep 1) >/dev/null || true
docker rm -f typed >/dev/null
docker rm later >/dev/null
docker container prune -f >/dev/null
docker volume rm vol >/dev/null
docker volume create other >/dev/null
docker volume prune -af >/dev/null
docker network rm net >/dev/null
docker network prune -f >/dev/null
docker tag busybox extra
docker rmi extra >/dev/null
docker image prune -af >/dev/null
until=$(($(date +%s) + 1))
docker events --since "$since" --until "$until" | usual >"$here/events.txt"
docker events --since "$since" --until "$until" --format json | usual >"$here/events.json"

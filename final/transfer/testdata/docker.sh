#!/bin/bash
# Takes images between a real Docker and drydock-transfer, both ways, through archives and through
# a registry, and compares what has to stay the same: the image's id and the diff ids.
#
#   docker.sh FOLDER [DOCKERD-FLAG…]
#
# FOLDER has docker, dockerd, containerd, runc; drydock-transfer, stage4, docker-registry, jq and a
# static busybox are on the PATH. It runs as root, in a network namespace of its own, and leaves
# nothing.
# Run with:
#
#   docker.sh FOLDER                                      dockerd 2.0.0-beta.24 (29), containerd 2.3.5, runc 1.5.2
#   docker.sh FOLDER --feature containerd-snapshotter=false    the same, with the older image store
#   docker.sh FOLDER --storage-driver vfs                 dockerd 20.10.24 of Debian 12
set -euo pipefail

folder=$1
shift
PATH=$folder:$PATH
dir=$(mktemp -d)
export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config DRYDOCK_ROOT=$dir/drydock

if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -n -m --propagation private "$0" "$folder" "$@"
fi
ip link set lo up
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then # hybrid hierarchies, which runc 1.5 does not know
	umount -l /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
fi

started=()
cleanup() {
	kill "${started[@]}" 2>/dev/null || true
	wait "${started[@]}" 2>/dev/null || true
	grep -o "$dir/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "$DOCKER_HOST" \
	--bridge=none --iptables=false --ip6tables=false "$@" >"$dir/log" 2>&1 &
started+=($!)
cat >"$dir/registry.yml" <<EOF
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: 127.0.0.1:5000}
EOF
docker-registry serve "$dir/registry.yml" >"$dir/registry.log" 2>&1 &
started+=($!)
for _ in $(seq 60); do
	docker version >/dev/null 2>&1 && break
	sleep 1
done
docker version --format '{{.Server.Version}}' || { tail -20 "$dir/log"; exit 1; }

# An image of three layers, of which one deletes a file and one is the same as another.
mkdir -p "$dir/rootfs/bin" "$dir/rootfs/etc"
cp "$(command -v busybox)" "$dir/rootfs/bin/busybox"
ln -s busybox "$dir/rootfs/bin/sh"
echo secret >"$dir/rootfs/etc/passwd"
tar -C "$dir/rootfs" -c . | docker import - base >/dev/null
docker create --name one base sh -c '' >/dev/null
echo new >"$dir/new"
docker cp "$dir/new" one:/new
docker commit -c 'CMD ["/bin/busybox","cat","/new"]' one localhost:5000/a/box:1 >/dev/null
docker run --network none --name two localhost:5000/a/box:1 /bin/busybox rm /etc/passwd
docker commit -c 'CMD ["/bin/busybox","cat","/new"]' two localhost:5000/a/box:2 >/dev/null

# docker_has IMAGE, drydock_has IMAGE: the diff ids.
docker_has() { docker inspect --format '{{json .RootFS.Layers}}' "$1"; }
drydock_has() {
	local blobs=$DRYDOCK_ROOT/images/blobs/sha256 manifest
	manifest=$(jq -r --arg name "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name).digest' "$DRYDOCK_ROOT/images/index.json")
	jq -r .config.digest "$blobs/${manifest#sha256:}" >"$dir/id"
	jq -c .rootfs.diff_ids "$blobs/$(cut -d : -f 2 "$dir/id")"
}
# same WHAT A B
same() {
	[ "$2" = "$3" ] || { echo "$1: $2 is not $3"; exit 1; }
	echo "ok: $1"
}
# id FILE: of the config that docker save has written.
id() { tar -xOf "$1" manifest.json | jq -r '.[0].Config' | sed 's|.*/||; s|\.json$||; s|^|sha256:|'; }

docker save -o "$dir/theirs.tar" localhost:5000/a/box:2 localhost:5000/a/box:1
drydock-transfer load -i "$dir/theirs.tar"
same "docker save, drydock load: diff ids" "$(docker_has localhost:5000/a/box:2)" "$(drydock_has localhost:5000/a/box:2)"
docker save -o "$dir/one.tar" localhost:5000/a/box:2
same "docker save, drydock load: id" "$(id "$dir/one.tar")" "$(cat "$dir/id")"

drydock-transfer save -o "$dir/ours.tar" localhost:5000/a/box:2
layers=$(docker_has localhost:5000/a/box:2)
docker rm -f one two >/dev/null
docker rmi -f localhost:5000/a/box:1 localhost:5000/a/box:2 base >/dev/null
docker load -i "$dir/ours.tar"
same "drydock save, docker load: diff ids" "$layers" "$(docker_has localhost:5000/a/box:2)"
same "drydock save, docker load, docker run" new "$(docker run --rm --network none localhost:5000/a/box:2)"
docker save -o "$dir/again.tar" localhost:5000/a/box:2
same "drydock save, docker load, docker save: id" "$(cat "$dir/id")" "$(id "$dir/again.tar")"

docker push -q localhost:5000/a/box:2
rm -r "$DRYDOCK_ROOT"
drydock-transfer pull -q localhost:5000/a/box:2
same "docker push, drydock pull: diff ids" "$layers" "$(drydock_has localhost:5000/a/box:2)"
same "docker push, drydock pull: id" "$(id "$dir/again.tar")" "$(cat "$dir/id")"
docker rmi -f localhost:5000/a/box:2 >/dev/null
rm -r "$dir/registry"
drydock-transfer push -q localhost:5000/a/box:2
docker pull -q localhost:5000/a/box:2
same "drydock push, docker pull: diff ids" "$layers" "$(docker_has localhost:5000/a/box:2)"
same "drydock push, docker pull, docker run" new "$(docker run --rm --network none localhost:5000/a/box:2)"

stage4 run --name three localhost:5000/a/box:2 /bin/busybox sh -c 'echo newer >/new'
stage4 commit three localhost:5000/a/box:3
drydock-transfer save -o "$dir/three.tar" localhost:5000/a/box:3
docker load -i "$dir/three.tar"
same "stage4 commit, drydock save, docker load: diff ids" "$(drydock_has localhost:5000/a/box:3)" "$(docker_has localhost:5000/a/box:3)"
same "stage4 commit, drydock save, docker load, docker run" newer "$(docker run --rm --network none localhost:5000/a/box:3)"

# An OCI archive alone is something for Docker's newer image store.
if docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter; then
	stage4 commit three box:4
	stage4 save "$dir/four.tar" box:4
	docker load -i "$dir/four.tar"
	same "stage4 save, docker load, docker run" newer "$(docker run --rm --network none box:4)"
fi
stage4 rm three

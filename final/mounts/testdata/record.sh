#!/bin/bash
# record.sh asks a real Docker what it makes of mounts and volumes, and writes docker.json.
#
#	./record.sh
#	./record.sh -o other.json -c mycases
#
# It needs root, jq, and a running Docker without volumes or containers, which are all removed, that
# has an image box with busybox (IMAGE=other).
#
# The cases are the lines of the file cases; its head says how they are written.
# What comes out is one JSON object a line, in the order of the cases; the first
# says which versions made it.
#
#	words    the line of the case
#	exit     docker's exit status
#	stdout   what it wrote, except for an id; of run, the lines of /proc/self/mountinfo on /x and
#	         below it: target, options, with which others it is shared, kind, the kind's options;
#	         and what stat says of /x: mode, user, group
#	stderr   the same
#	inspect  of create and image: Mounts, and of HostConfig what is about them
#
# The names of anonymous volumes, and ids, are replaced by ID; $W and Docker's folder of volumes by
# these two words: $W and $VOLUMES.
set -u
cd "$(dirname "$0")" || exit
export LC_ALL=C TZ=UTC
cases=$PWD/cases out=$PWD/docker.json
while getopts c:o: option; do
	case $option in
	c) cases=$(realpath -m "$OPTARG") ;;
	o) out=$(realpath -m "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
IMAGE=${IMAGE:-box}
W=/srv/drydock-record
VOLUMES=$(docker info -f '{{.DockerRootDir}}')/volumes
work=$(mktemp -d)
trap 'umount -R "$W"/*/sub "$W"/{shared,slave,private} 2>/dev/null; rm -rf "$W" "$work"' EXIT

mkdir -p "$W"/{dir,tree/sub,shared,slave,private} && cd "$W" || exit
echo content | tee dir/content >file
mount -t tmpfs tmpfs tree/sub
mount -t tmpfs tmpfs shared && mount --make-shared shared && mkdir shared/{sub,below} && mount -t tmpfs tmpfs shared/below
mount --bind shared slave && mount --make-slave slave
mount -t tmpfs tmpfs private && mount --make-private private && mkdir private/sub
docker create --name volumes -v /image -v /other "$IMAGE" true >/dev/null &&
	docker commit -c 'VOLUME ["/image", "/other"]' volumes volumes >/dev/null || exit

reset() {
	docker ps -aq | xargs -r docker rm -f
	docker volume ls -q | xargs -r docker volume rm
}

# What a container tells of its mounts.
# shellcheck disable=SC2016 # for a shell in there
tell='while read -r id parent device root target options rest; do
	case $target in /x | /x/*) echo "$target $options $rest";; esac
done </proc/self/mountinfo | sed "s/:[0-9]*//g; s/propagate_from//"; stat -c "%a %u:%g" /x'

inspect='{Mounts, HostConfig: (.HostConfig | {Binds, Mounts, Tmpfs, VolumeDriver})}'

run_case() { # WORD…
	local exit found=null
	case $1 in
	reset) reset ;;
	create) docker create --pull never --name case --network none "${@:2}" "$IMAGE" true ;;
	image) docker create --pull never --name case --network none "${@:2}" volumes true ;;
	run) docker run --rm --network none "${@:2}" "$IMAGE" sh -c "$tell" ;;
	docker) docker "${@:2}" ;;
	*) docker "$@" </dev/null ;;
	esac >"$work/stdout" 2>"$work/stderr"
	exit=$?
	if [ "$1" = create ] || [ "$1" = image ]; then
		found=$(docker inspect case 2>/dev/null | jq -c ".[] | $inspect")
		docker rm -v case >/dev/null 2>&1
		: >"$work/stdout"
	fi
	jq -cn --argjson exit $exit --argjson found "${found:-null}" --arg w "$W" --arg v "$VOLUMES" \
		--rawfile stdout "$work/stdout" --rawfile stderr "$work/stderr" '
		def hide: gsub("[0-9a-f]{64}"; "ID") | gsub($w; "$W") | gsub($v; "$VOLUMES");
		{words: $ARGS.positional, exit: $exit, stdout: $stdout, stderr: $stderr} + (if $found then {inspect: $found} else {} end)
			| walk(if type == "string" then hide else . end)' --args -- "$@"
}

reset >/dev/null
{
	docker version -f '{{json .}}' | jq -c --arg kernel "$(uname -r)" '{made: {
		client: .Client.Version, server: .Server.Version, api: .Server.ApiVersion, kernel: $kernel}}'
	while IFS= read -r line; do
		case $line in '' | '#'*) continue ;; esac
		eval "set -- $line"
		run_case "$@"
	done <"$cases"
} >"$out"
docker rmi volumes >/dev/null

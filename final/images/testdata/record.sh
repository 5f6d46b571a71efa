#!/bin/bash
# record.sh asks a real Docker what its image commands say, and writes docker.json.
#
#	./record.sh
#	./record.sh -o other.json -c mycases
#
# It needs a running Docker that keeps images as Docker did before containerd kept them (an
# image's id is the digest of its config; storage driver overlay2) and has none of its own:
# they are all removed. It needs root, bash, jq and a static busybox (BUSYBOX=FILE).
#
# The cases are the lines of the file cases; its head says how they are written.
# What comes out is one JSON object a line, in the order of the cases; the first
# says which versions made it, and when.
#
#	words    the command line after docker
#	exit     docker's exit status
#	stdout   what it wrote. The ids of containers are replaced by CONTAINER
#	stderr   the same
#
# shellcheck disable=SC2034 # the cases use the variables
set -u
cd "$(dirname "$0")" || exit
export LC_ALL=C TZ=UTC
cases=cases out=docker.json
while getopts c:o: option; do
	case $option in
	c) cases=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
busybox=${BUSYBOX:-$(command -v busybox)}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# docker load wants the list that it made before there was OCI's.
tar -C "$work" -xf images.tar || exit
blob() { echo "$work/blobs/sha256/${1#sha256:}"; }
list='[]'
for manifest in $(jq -r '.manifests[].digest' "$work/index.json"); do
	list=$(jq -c --argjson list "$list" --slurpfile index "$work/index.json" --arg digest "$manifest" '
		def path: "blobs/sha256/" + (.digest | ltrimstr("sha256:"));
		$list + [{Config: (.config | path), Layers: (.layers | map(path)), RepoTags: [$index[0].manifests[]
			| select(.digest == $digest).annotations["org.opencontainers.image.ref.name"] // empty]}]' "$(blob "$manifest")")
done
jq -c 'unique' <<<"$list" >"$work/manifest.json"
tar -C "$work" -cf "$work/docker.tar" manifest.json blobs

# configs are those of which an expression of jq is true.
configs() { # EXPRESSION
	local config
	for config in $(jq -r '.[].Config' "$work/manifest.json"); do
		if jq -e "$1" "$work/$config" >/dev/null; then basename "$config"; fi
	done
}
BASE=$(configs '.author == "Ann"') APP=$(configs '.config.Labels.kind == "app"') BARE=$(configs '.created == null')
NONE=$(configs '.config.Labels.kind == "none"') TWIN=$(configs '.config.Labels.twin == "292"')

reset() {
	docker ps -aq --no-trunc | xargs -r docker rm -f
	docker images -aq --no-trunc | sort -u | xargs -r docker rmi -f
	docker load -i "$work/docker.tar"
}

# container MODE NAME IMAGE
container() {
	"$@" --network none --pull never -v "$busybox:/bin/sleep:ro" --name "$name" "$image" /bin/sleep 1000
}

run_case() { # WORD…
	local exit ids
	case $1 in
	reset) reset >"$work/stdout" 2>"$work/stderr" ;;
	run | create)
		local mode=$1 name=$2 image=$3
		if [ "$mode" = run ]; then mode='run -d'; fi
		# shellcheck disable=SC2086 # run -d is two words
		container docker $mode >"$work/stdout" 2>"$work/stderr"
		;;
	rm) docker rm -f "$2" >"$work/stdout" 2>"$work/stderr" ;;
	*) docker "$@" >"$work/stdout" 2>"$work/stderr" </dev/null ;;
	esac
	exit=$?
	ids=$(docker ps -aq --no-trunc | jq -Rs 'split("\n")[:-1]')
	jq -cn --argjson exit $exit --argjson ids "$ids" --rawfile stdout "$work/stdout" --rawfile stderr "$work/stderr" '
		def hide: reduce $ids[] as $id (.; gsub($id; "CONTAINER") | gsub($id[:12]; "CONTAINER"));
		{words: $ARGS.positional, exit: $exit, stdout: ($stdout | hide), stderr: ($stderr | hide)}' --args -- "$@"
}

{
	docker version -f '{{json .}}' | jq -c --arg driver "$(docker info -f '{{.Driver}}')" --arg at "$(date -u +%FT%TZ)" '{made: {
		client: .Client.Version, server: .Server.Version, api: .Server.ApiVersion, driver: $driver, at: $at}}'
	while IFS= read -r line; do
		case $line in '' | '#'*) continue ;; esac
		eval "set -- $line"
		run_case "$@"
	done <"$cases"
} >"$out"

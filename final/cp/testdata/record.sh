#!/bin/bash
# record.sh asks a real Docker what its cp does, and writes docker.json.
#
#	./record.sh
#	./record.sh -o other.json -c mycases
#
# It needs root, jq, and a running Docker without a container case, that has an image box
# with busybox (IMAGE=other).
#
# The cases are the lines of the file cases; its head says how they are written.
# What comes out is one JSON object a line, in the order of the cases; the first
# says which versions made it.
#
#	words    the line of the case
#	exit     docker's exit status
#	stdout   what it wrote; of "-", the list of the stream, as listing.sh shows it
#	stderr   the same
#	changed  the lines of listing.sh, of the host and the container, that were not there before
#
# In all of it the host's directory is $W.
set -u
cd "$(dirname "$0")" || exit
export LC_ALL=C TZ=UTC
here=$PWD cases=$PWD/cases out=$PWD/docker.json
while getopts c:o: option; do
	case $option in
	c) cases=$(realpath -m "$OPTARG") ;;
	o) out=$(realpath -m "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
IMAGE=${IMAGE:-box}
W=/srv/drydock-record
work=$(mktemp -d)
trap 'docker rm -vf case >/dev/null 2>&1; rm -rf "$W" "$work"' EXIT

# A fresh container and a fresh directory, from a stream: that of the fixture.
mkdir "$work/c" && sh "$here/fixture.sh" "$work/c" c || exit
start() {
	docker rm -vf case >/dev/null 2>&1
	docker create --name case --network none "$IMAGE" true >/dev/null
	tar -C "$work/c" -cf - c | docker cp - case:/
	rm -rf "$W" && mkdir -p "$W" && sh "$here/fixture.sh" "$W" h
}

list() {
	rm -rf "$work/export" && mkdir "$work/export"
	docker export case | tar -C "$work/export" -xpf - c
	{
		(cd "$W" && sh "$here/listing.sh" .) | sed 's/^/host /'
		(cd "$work/export" && sh "$here/listing.sh" .) | sed 's/^/container /'
	} | sort
}

run_case() { # WORD…
	local exit verb=$1
	shift
	start
	list >"$work/before"
	cd "$W" || exit
	case $verb in
	cp) docker cp "$@" </dev/null ;;
	put) tar -C h/dir -cf - file sub | docker cp "$@" ;;
	putz) tar -C h/dir -czf - file sub | docker cp "$@" ;;
	junk) echo junk | docker cp "$@" ;;
	esac >"$work/stdout" 2>"$work/stderr"
	exit=$?
	cd "$here" || exit
	if [ "${*: -1}" = - ] && [ -s "$work/stdout" ]; then
		sh "$here/listing.sh" - <"$work/stdout" >"$work/names"
		mv "$work/names" "$work/stdout"
	fi
	list >"$work/after"
	comm -13 "$work/before" "$work/after" >"$work/changed"
	jq -cn --argjson exit $exit --arg w "$W" --rawfile changed "$work/changed" \
		--rawfile stdout "$work/stdout" --rawfile stderr "$work/stderr" '
		{words: $ARGS.positional, exit: $exit, stdout: $stdout, stderr: $stderr, changed: ($changed | split("\n")[:-1])}
			| walk(if type == "string" then gsub($w; "$W") else . end)' --args -- "$verb" "$@"
}

{
	docker version -f '{{json .}}' | jq -c --arg kernel "$(uname -r)" '{made: {
		client: .Client.Version, server: .Server.Version, api: .Server.ApiVersion, kernel: $kernel}}'
	while IFS= read -r line; do
		case $line in '' | '#'*) continue ;; esac
		eval "set -- $line"
		run_case "$@"
	done <"$cases"
} >"$out"

#!/bin/bash
# record.sh asks a real Docker what `docker diff` prints, and writes docker.json.
#
#	./record.sh ROOT
#	./record.sh -o other.json -c mycases ROOT
#
# It needs a running Docker, root, bash, jq, GNU tar, and in ROOT a root filesystem
# of busybox. A copy of that, with the folder /base that base.sh makes, becomes the
# image, by `docker import`.
#
# The cases are the lines of the file cases: a name, a tab, and a script. For each,
#
#	docker run --name diff-record --network none IMAGE sh -c SCRIPT
#	docker diff diff-record | LC_ALL=C sort -k 2
#
# Sorted, because Docker's own order differs from one call to the next. The
# container is over by then, but `docker diff` of a running one says the same.
#
# What comes out is one JSON object a line, in the order of the cases; the first
# says which versions made it.
#
#	name, script  the case
#	exit          the script's exit status: 0 where the case does not want another
#	diff          the lines of `docker diff`
#
# It removes the container of each case and the image. It does not begin where a
# container diff-record exists.
#
# shellcheck disable=SC2016 # jq's variables are not the shell's
set -u -o pipefail
root=$PWD
cd "$(dirname "$0")" || exit
export LC_ALL=C
cases=cases out=docker.json
while getopts c:o: option; do
	case $option in
	c) cases=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# != 1 ]; then
	echo 'usage: record.sh [-c cases] [-o docker.json] ROOT' >&2
	exit 2
fi
case $1 in
/*) root=$1 ;;
*) root=$root/$1 ;;
esac
name=diff-record
if docker container inspect $name >/dev/null 2>&1; then
	echo "record.sh: there is a container $name already" >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"
tar -C "$root" -c . | tar -C "$work/root" -xp || exit
./base.sh "$work/root" || exit
image=$(tar -C "$work/root" --xattrs -c . | docker import -) || exit
trap 'rm -rf "$work"; { docker rm -f $name; docker rmi "$image"; } >/dev/null 2>&1' EXIT

docker version -f '{{json .}}' >"$work/version" || exit
docker info -f '{{json .}}' >"$work/info" || exit
jq -cn --slurpfile version "$work/version" --slurpfile info "$work/info" '
	$version[0] as $v | $info[0] as $i | {made: {
		client: $v.Client.Version, server: $v.Server.Version, api: $v.Server.ApiVersion,
		components: ($v.Server.Components | map({(.Name): .Version}) | add),
		storage: $i.Driver, status: ($i.DriverStatus | map({(.[0]): .[1]}) | add),
		kernel: $i.KernelVersion, architecture: $i.Architecture}}' >"$out" || exit

while IFS=$'\t' read -r case script; do
	case $case in '' | '#'*) continue ;; esac
	timeout 120 docker run --name $name --network none "$image" sh -c "$script" \
		>"$work/output" 2>&1 </dev/null
	status=$?
	docker diff $name | sort -k 2 >"$work/diff" || exit
	jq -cnR --arg name "$case" --arg script "$script" --arg exit $status \
		'{name: $name, script: $script, exit: ($exit | tonumber), diff: [inputs]}' "$work/diff" >>"$out" || exit
	docker rm -f $name >/dev/null || exit
	echo "$case: $status $(tr '\n' ' ' <"$work/output")" >&2
done <"$cases"

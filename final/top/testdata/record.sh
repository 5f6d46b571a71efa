#!/bin/bash
# record.sh asks a real Docker what its top does, and writes docker.json.
#
#	./record.sh
#
# It needs root, jq, ps of procps, and a running Docker without a container case, that has an
# image box with busybox (IMAGE=other).
#
# What comes out is one JSON object a line; the first says which versions made it.
#
#	words    of the arguments of docker top, those after the container
#	exit     docker's exit status
#	stdout   what it wrote, with PID1 and PID2 for the container's two processes, and without the
#	         column STIME of the usual ones
#	stderr   the same
set -u
cd "$(dirname "$0")" || exit
export LC_ALL=C TZ=UTC
IMAGE=${IMAGE:-box}
work=$(mktemp -d)
trap 'docker rm -vf case >/dev/null 2>&1; rm -rf "$work"' EXIT
docker rm -vf case >/dev/null 2>&1
docker run -d --name case --network none --user 4242 "$IMAGE" busybox sh -c 'busybox sleep 1001; true' >/dev/null || exit
one=$(docker inspect -f '{{.State.Pid}}' case)
until two=$(pgrep -P "$one"); do :; done
parent=$(ps -o ppid= -p "$one" | tr -d ' ')

case_() { # WORD…
	local exit
	docker top case "$@" >"$work/stdout" 2>"$work/stderr"
	exit=$?
	jq -cn --argjson exit $exit --rawfile stdout "$work/stdout" --rawfile stderr "$work/stderr" \
		--arg one "$one" --arg two "$two" --arg parent "$parent" '
		{words: $ARGS.positional, exit: $exit, stdout: $stdout, stderr: $stderr} | walk(if type == "string" then
			gsub("\\b" + $one + "\\b"; "PID1") | gsub("\\b" + $two + "\\b"; "PID2") | gsub("\\b" + $parent + "\\b"; "PARENT")
			else . end)' --args -- "$@"
}

{
	docker version -f '{{json .}}' | jq -c --arg kernel "$(uname -r)" --arg ps "$(ps --version)" '{made: {
		client: .Client.Version, server: .Server.Version, api: .Server.ApiVersion, kernel: $kernel, ps: $ps}}'
	case_
	case_ -ef
	case_ aux
	case_ -o pid,comm
	case_ -o pid,comm,args
	case_ -e -o pid,ppid,user,comm
	case_ -eo 'pid,args'
	case_ -o comm
	case_ -o comm=PID
	case_ -o 'pid=PID,comm=PIDS'
	case_ -o 'pid=NUMBER,comm'
	case_ -o args,pid
	case_ -eLf
	case_ m -o pid,lwp,comm
	case_ --bogus
	case_ -o bogus
	case_ -Q
	case_ f -o pid,args
	case_ -efww
	case_ ''
} >docker.json

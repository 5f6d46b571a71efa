#!/bin/bash
# record.sh asks a real Docker what its resource flags do, and writes docker.json.
#
#	./record.sh
#	./record.sh -o other.json -c mycases -d /dev/sdb -j 4
#
# It needs a running Docker on a host with cgroup v2 and all controllers, root,
# bash, jq, and an image named box (IMAGE=NAME for another) that has `sleep` and
# `true`, for example
#
#	tar -C BUSYBOXROOT -c . | docker import - box
#
# The cases are the lines of the file cases; its head says how they are written.
# What comes out is one JSON object a line, in the order of the cases; the first
# says which versions made it. All values are strings, as the kernel has them.
#
#	flags    what was given to `docker run -d --network none … box sleep 1000`
#	exit     docker's exit status
#	stderr   all that it said, also when it succeeded. Only an id is replaced, by ID
#	fails    "cli": refused by the client, "create": by the daemon when the container
#	         was to be created, "start": it was created and did not start
#	files    the files of its cgroup that differ from those of a container
#	         started without flags (the first line's "baseline")
#	limits   the same for /proc/PID/limits: soft and hard limit
#	cgroup   /proc/PID/cgroup, if its folder is not the usual one
#	config   the part of `docker inspect`'s HostConfig that differs
#	update   what was given to `docker update`, once the container ran with the
#	         flags: exit and stderr are update's then, "before" is files before it
#	ended    the status of a container that did start and was over at once
#	command  another command, on containers named after their state
#
# It removes the containers it made (label record) and the cgroup parents that
# the cases named. It does not begin where containers with its names exist.
#
# shellcheck disable=SC2016,SC2086 # jq's variables are not the shell's; words are split
set -u
cd "$(dirname "$0")" || exit
export LC_ALL=C
cases=cases out=docker.json disk='' jobs=2
while getopts c:d:j:o: option; do
	case $option in
	c) cases=$OPTARG ;;
	d) disk=$OPTARG ;;
	j) jobs=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
export IMAGE=${IMAGE:-box}
root=/sys/fs/cgroup
if [ -z "$disk" ]; then # the first disk that is neither a loop nor memory
	for disk in /sys/block/*; do
		case ${disk##*/} in loop* | ram* | zram* | dm-* | sr*) ;; *) break ;; esac
	done
	disk=/dev/${disk##*/}
fi
export DISK=$disk NAME=${disk#/dev/}
names='memory.max memory.high memory.low memory.min memory.swap.max cpu.max cpu.weight
	cpu.idle cpu.max.burst cpuset.cpus cpuset.mems pids.max io.max io.weight io.bfq.weight'
work=$(mktemp -d)
ls $root >"$work/cgroups"
trap 'docker ps -aq --filter label=record | xargs -r docker rm -f >/dev/null; rm -r "$work"' EXIT

run() { # NAME FLAG…: start a container
	timeout 120 docker run -d --label record --network none --name "$@" "$IMAGE" sleep 1000
}

# snapshot NAME: what can be seen of a container, as records ended by \036 with
# fields divided by \037, because values have spaces and newlines.
snapshot() {
	local all pid state code path file line
	all=$(docker inspect -f '{{.State.Pid}} {{.State.Status}} {{.State.ExitCode}} {{json .HostConfig}}' "$1" 2>/dev/null) || return
	read -r pid state code all <<<"$all"
	record state status "$state"
	record state code "$code"
	record config all "$all"
	if [ "$pid" = 0 ] || ! [ -e "/proc/$pid" ]; then return; fi
	record state cgroup "$(cat "/proc/$pid/cgroup")"
	record state oom_score_adj "$(cat "/proc/$pid/oom_score_adj")"
	path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	for file in $names; do
		if [ -e "$root$path/$file" ]; then record files "$file" "$(cat "$root$path/$file")"; fi
	done
	while read -r line; do
		file=${line:0:25}
		set -- ${line:25}
		record limits "${file%"${file##*[! ]}"}" "$1 $2"
	done < <(sed 1d "/proc/$pid/limits")
}
record() { printf '%s\037%s\037%s\036' "$1" "$2" "$3"; }

program='
	# Numbers as strings: some are larger than those of jq are exact.
	def config: gsub("(?<=\"):(?<n>-?[0-9]+)(?=[,}])"; ":\"" + .n + "\"") | fromjson
		| del(.LogConfig, .PortBindings, .NetworkMode, .RestartPolicy, .ConsoleSize, .MaskedPaths, .ReadonlyPaths);
	def parse: split("\u001e")[:-1] | map(split("\u001f"))
		| reduce .[] as [$kind, $name, $value] ({}; .[$kind][$name] = $value)
		| if .config then .config |= (.all | config) else . end;
	def list: split("\u001f")[:-1];
	def ids: gsub("[0-9a-f]{64}"; "ID");
	def other($base): with_entries(select(.value != $base[.key]));
	def nonempty: with_entries(select(.value != {} and .value != null));
	($baseline | parse) as $base | ($before | parse) as $before | ($after | parse) as $after
'
base=

# judge FILTER ARGS…: the JSON line of a case
judge() {
	local filter=$1
	shift
	jq -cn --arg baseline "$base" "$@" "$program | $filter"
}
words() { if [ $# -gt 0 ]; then printf '%s\037' "$@"; fi; } # a list for jq

run_case() { # NUMBER FLAG…
	local name=record-$1 after status
	shift
	run "$name" "$@" >/dev/null 2>"$work/$name.err"
	status=$?
	after=$(snapshot "$name")
	judge '{flags: ($words | list), exit: ($exit | tonumber), stderr: ($stderr | ids)} + ({
		fails: (if $exit == "0" then null elif $after.state then "start"
			elif $stderr | contains("from daemon") then "create" else "cli" end),
		ended: (if $exit == "0" and $after.state.status != "running" then $after.state.code else null end),
		files: (($after.files // {}) | other($base.files)),
		oom_score_adj: $after.state.oom_score_adj,
		limits: (($after.limits // {}) | other($base.limits)),
		cgroup: (($after.state.cgroup // "") | ids | if . == "" or . == ($base.state.cgroup | ids) then null else . end),
		config: (($after.config // {}) | other($base.config))
	} | nonempty)' --arg before '' --arg after "$after" --arg exit $status \
		--arg stderr "$(cat "$work/$name.err")" --arg words "$(words "$@")" # $(…) drops the last newline
	remove "$name" "$after"
}

update_case() { # NUMBER FLAG… -- FLAG…
	local name=record-$1 before after status flags=()
	shift
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	run "$name" "${flags[@]}" >/dev/null 2>"$work/$name.err"
	before=$(snapshot "$name")
	timeout 60 docker update "$@" "$name" >/dev/null 2>"$work/$name.err"
	status=$?
	after=$(snapshot "$name")
	judge '{flags: ($flags | list), update: ($words | list), exit: ($exit | tonumber), stderr: ($stderr | ids)} + ({
		before: (($before.files // {}) | other($base.files)),
		files: (($after.files // {}) | other($base.files)),
		config: (($after.config // {}) | other($before.config))
	} | nonempty)' --arg before "$before" --arg after "$after" --arg exit $status \
		--arg flags "$(words "${flags[@]}")" \
		--arg stderr "$(cat "$work/$name.err")" --arg words "$(words "$@")"
	remove "$name" "$after"
}

command_case() { # NUMBER WORD…
	local number=$1 output status state
	shift
	state=$(docker inspect -f '{{.Name}} {{.State.Status}}' running paused exited created 2>/dev/null)
	if [ "$state" != $'/running running\n/paused paused\n/exited exited\n/created created' ]; then
		docker rm -f running paused exited created >/dev/null 2>&1
		run running >/dev/null
		run paused >/dev/null && docker pause paused >/dev/null
		docker run --label record --network none --name exited "$IMAGE" true
		docker create --label record --network none --name created "$IMAGE" true >/dev/null
	fi
	output=$(timeout 60 docker "$@" 2>"$work/err" </dev/null)
	status=$?
	judge '{command: ($words | list), exit: ($exit | tonumber), stdout: ($stdout | ids), stderr: ($stderr | ids)}' \
		--arg before '' --arg after '' --arg exit $status --arg stdout "$output" \
		--arg stderr "$(cat "$work/err")" --arg words "$(words "$@")"
}

# remove NAME SNAPSHOT: the container, and its cgroup parent if it was not there
# before.
remove() {
	local parent
	docker rm -f "$1" >/dev/null 2>&1
	parent=$(printf %s "$2" | tr '\036\037' '[\n*]' | sed -n 's/^0:://p')
	parent=${parent%/*}
	parent=${parent#/}
	if [ -n "$parent" ] && ! grep -qxF -- "${parent%%/*}" "$work/cgroups"; then
		rmdir "$root/$parent" 2>/dev/null
	fi
}

for name in baseline running paused exited created; do
	if docker container inspect $name >/dev/null 2>&1; then
		echo "record.sh: there is a container $name already" >&2
		exit 1
	fi
done
run baseline >/dev/null || exit
base=$(snapshot baseline)
docker rm -f baseline >/dev/null
docker version -f '{{json .}}' >"$work/version" || exit
docker info -f '{{json .}}' >"$work/info" || exit
judge '$version[0] as $v | $info[0] as $i | {made: {
	client: $v.Client.Version, server: $v.Server.Version, api: $v.Server.ApiVersion,
	components: ($v.Server.Components | map({(.Name): .Version}) | add),
	kernel: $i.KernelVersion, architecture: $i.Architecture, cpus: $i.NCPU, memory: $i.MemTotal,
	swap: $swap, cgroup: $i.CgroupVersion, driver: $i.CgroupDriver, warnings: ($i.Warnings // []),
	disk: $disk, number: $number, scheduler: $scheduler},
	baseline: ($base.files + {oom_score_adj: $base.state.oom_score_adj,
		"/proc/PID/cgroup": ($base.state.cgroup | ids), limits: $base.limits})}' \
	--arg before '' --arg after '' --slurpfile version "$work/version" --slurpfile info "$work/info" \
	--arg disk "$disk" --arg number "$(cat "/sys/block/$NAME/dev")" \
	--arg scheduler "$(cat "/sys/block/$NAME/queue/scheduler")" \
	--arg swap "$(sed -n 's/SwapTotal: *//p' /proc/meminfo)" >"$out" || exit

# What is ready, in order, so that little is lost if the script is ended.
flush() {
	while [ $next -le $number ] && [ -s "$work/$next.json" ]; do
		cat "$work/$next.json" >>"$out"
		next=$((next + 1))
	done
}

number=1000 next=1001
while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	number=$((number + 1))
	eval "set -- $line"
	kind=$1
	shift
	case $kind in
	run | update)
		while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
		"${kind}_case" $number "$@" >"$work/$number.json" &
		;;
	command)
		wait
		command_case $number "$@" >"$work/$number.json"
		;;
	*) echo "record.sh: $cases: $line" >&2 ;;
	esac
	echo "$number $line" >&2
	flush
done <"$cases"
wait
flush
[ $next -gt $number ] || { echo "record.sh: case $((next - 1000)) has no result" >&2 && exit 1; }

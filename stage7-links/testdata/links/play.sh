#!/bin/bash
# Asks stage7 what record.sh has asked of Docker, and prints it in the same form: play.sh, where kernel tests run.
set -uo pipefail
here=$(dirname "$(realpath "$0")")

sh "$here/image.sh" plain "$ROOTFS" '{}'
sh "$here/image.sh" telling "$ROOTFS" '{"ExposedPorts": {"5432/tcp": {}, "6379/udp": {}}, "Env": ["COLOUR=blue"]}'

case_() { echo "== $1"; }
but() { echo "but $1"; }

runs() { # NAME FLAG… IMAGE
	stage7 run --name "$@" sleep 1000 2>/dev/null &
	awaits "$1"
}

recipient() { # FLAG…
	stage7 run --rm --name web "$@" plain cat /etc/hosts /proc/self/environ 2>/dev/null | shown
}

hosts() { # NAME
	shown <"$(dirname "$(recordOf "$1")")/hosts"
}

shown() {
	tr '\0' '\n' | sed -E 's/\b[0-9a-f]{12}\b/ID/g' >shown
	grep -P '^\S+\t' shown | sed '$d' | sort
	grep -P '^\S+\t' shown | tail -n 1
	grep -vP '^\S+\t|^(PATH|HOME|HOSTNAME)=' shown | sort
}

ask() { # COMMAND…
	local status=0
	stage7 "$@" >/dev/null 2>said || status=$?
	echo "said $status $(sed 's/^stage7: //; 1q' said | sed -E 's/\b[0-9a-f]{64}\b/ID/')"
}

again() { # NAME
	stage7 start "$1" 2>said &
	local starts=$!
	if awaits "$1" $starts; then
		echo "said 0 "
	else
		wait $starts
		echo "said $? $(sed 's/^stage7: //; 1q' said)"
	fi
}

# recordOf is a container's record. -F because names are no patterns.
recordOf() { grep -lF "\"name\": \"$1\"" "$DRYDOCK_ROOT"/containers/*/record.json; }

# awaits waits until a container runs its program; it fails if the process that starts it ends first.
awaits() { # NAME [PID]
	until stage3 exec "$1" true 2>/dev/null; do
		[ $# = 1 ] || kill -0 "$2" 2>/dev/null || return 1
		pause "$1 does not run"
	done
}

kill_() { # NAME
	kill -KILL "$(jq .init.pid "$(recordOf "$1")")"
	until jq -e '.state == "exited"' "$(recordOf "$1")" >/dev/null; do pause "$1 has not ended"; done
}

# pause goes on for ever in no loop.
pause() { # REASON
	[ $SECONDS -lt 300 ] || { echo "$1" >&2 && exit 1; }
	sleep 0.05
}

clean() {
	jq -r .id "$DRYDOCK_ROOT"/containers/*/record.json 2>/dev/null | xargs -r stage7 rm -f >/dev/null
	wait
}

# shellcheck source=/dev/null # lines of the functions above
. "$here/cases"

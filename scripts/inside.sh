#!/bin/sh
# Runs a shell command as root where containers run, or a shell if none is given:
#
#   inside.sh [COMMAND]
#
# RUNNER says where. In the VM, `testvm run` prepares what the command finds: bin/
# first on PATH, a busybox root in ROOTFS. Natively, that is done here.
set -eu
cd "$(dirname "$0")/.."

if [ "$RUNNER" = vm ]; then
	sh scripts/need.sh qemu
	# shellcheck disable=SC2086 # VMFLAGS is a list of words
	if [ $# = 0 ]; then
		exec bin/testvm shell $VMFLAGS
	fi
	# shellcheck disable=SC2086
	exec bin/testvm run $VMFLAGS ${VMADD:-} -- "$1"
fi

sh scripts/need.sh native
if [ -e /etc/drydock-vagrant ]; then
	# A Linux VM made for this: nothing may be skipped. The root lies outside of
	# the synced folder, where links may not be possible.
	DRYDOCK_NO_SKIP=1
	: "${ROOTFS:=/var/tmp/drydock-busybox}"
else
	DRYDOCK_NO_SKIP=${DRYDOCK_NO_SKIP:-}
	: "${ROOTFS:=$PWD/build/busybox}"
fi

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -- "$@"
	fi
}

[ -e "$ROOTFS/bin/busybox" ] || bin/testvm rootfs "$ROOTFS"
as_root env "PATH=$PWD/bin:$PATH" "ROOTFS=$ROOTFS" "DRYDOCK_NO_SKIP=$DRYDOCK_NO_SKIP" \
	bash ${1:+-c "$1"}

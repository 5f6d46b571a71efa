#!/bin/sh
# Says where containers run when nobody chose (RUNNER=…):
#
#   native   inside the project's own Vagrant machine, which is a Linux VM already
#   vm       on Linux, and wherever QEMU is installed: a VM booted for each command
#   vagrant  anywhere else
set -eu

has() { command -v "$1" >/dev/null; }

if [ -e /etc/drydock-vagrant ]; then
	echo native
elif [ "$(uname -s)" = Linux ] || has qemu-system-x86_64 || has qemu-system-aarch64; then
	echo vm
else
	echo vagrant
fi

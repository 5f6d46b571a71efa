#!/bin/sh
# Says of everything that Drydock uses whether it is here, and what to do if not. It
# fails only if `make test` could not work at all.
set -u
cd "$(dirname "$0")/.." || exit

fatal=0
ok() { printf 'ok    %-18s%s\n' "$1" "$2"; }
note() { printf 'note  %-18s%s\n' "$1" "$2"; }
bad() {
	printf 'bad   %-18s%s\n' "$1" "$2"
	fatal=1
}
has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

# ---- for everything ----

ok system "$(uname -s) $(uname -r) on $(uname -m)"
ok runner "$RUNNER: that is where containers run (RUNNER=… chooses)"
if message=$(sh scripts/need.sh go 2>&1); then
	ok go "$(go env GOVERSION)"
else
	bad go "$message"
fi
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
if [ "$free" -ge 3000 ]; then
	ok disk "$free MiB free"
else
	bad disk "$free MiB free; building and the VM's guests need about 3000: make room"
fi

# ---- for the VM ----

virtual_machine() {
	if message=$(DRYDOCK_ONLY_LOOK=1 sh scripts/need.sh qemu 2>&1); then
		ok qemu "$("$(qemu)" --version | head -n 1)"
	else
		bad qemu "$message"
	fi
	if [ -w /dev/kvm ]; then
		ok acceleration "/dev/kvm is here: testvm tries it, and else emulates"
	elif [ "$(uname -s)" = Darwin ]; then
		ok acceleration "macOS's own (HVF)"
	else
		note acceleration "none: the VM works, some ten times slower (with /dev/kvm: add yourself to the group kvm)"
	fi
	if [ -e "$GUEST" ]; then
		ok guest "$GUEST"
	elif message=$(DRYDOCK_ONLY_LOOK=1 sh scripts/need.sh guest 2>&1); then
		note guest "not built yet: make test builds it, make guest does nothing else"
	else
		bad guest "$message"
	fi
}

qemu() {
	case $(uname -m) in
	aarch64 | arm64) echo qemu-system-aarch64 ;;
	*) echo qemu-system-x86_64 ;;
	esac
}

# ---- for this machine's own kernel ----

native() {
	if [ "$(uname -s)" != Linux ]; then
		note kernel "not Linux: make test-native is not for this machine"
		return
	fi
	if [ "$(id -u)" = 0 ]; then
		ok root "yes"
	else
		note root "no: only the VM, and stage1 run --userns; make test-native asks sudo"
	fi
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		ok cgroups "version 2: $(cat /sys/fs/cgroup/cgroup.controllers)"
	else
		note cgroups "not version 2 at /sys/fs/cgroup: boot with systemd.unified_cgroup_hierarchy=1, or use the VM"
	fi
	if unshare --user true 2>/dev/null; then
		ok 'user namespaces' "allowed"
	else
		note 'user namespaces' "forbidden: sysctl kernel.apparmor_restrict_unprivileged_userns=0 or user.max_user_namespaces=10000, or use the VM"
	fi
	if message=$(DRYDOCK_ONLY_LOOK=1 sh scripts/need.sh native 2>&1); then
		ok commands "all that make test-native runs"
	else
		note commands "$message"
	fi
}

case $RUNNER in
vm) virtual_machine ;;
vagrant)
	if has vagrant; then
		ok vagrant "$(vagrant --version)"
	else
		bad vagrant "neither QEMU nor Vagrant is here: install one of them"
	fi
	;;
esac
native
exit $fatal

#!/usr/bin/env bash
# Runs the tests in phases and counts them all at the end. $PHASES names the phases:
#
#   host       what needs no privilege, of every module (elsewhere than on Linux, of
#              the packages that are not only for Linux)
#   6.1        the kernel tests, in the VM: Debian 12's kernel
#   6.12       the stages' again, in the VM: Debian 13's kernel
#   vm         the kernel tests, in the VM: the guest that GUEST=, KERNEL= name
#   arm64      a few of stage 1's, in the VM: Debian 12's kernel on another processor
#   native     the kernel tests, as root on this very machine
#   provision  vagrant/provision.sh, in a clean Debian root
#
# Every phase writes a log to build/log. One that fails does not keep the next from
# running, but fails the whole, even if all tests that it still counted had passed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

logs=()
failed=()
names=()
processes=()

# phase NAME COMMAND…
phase() {
	local name=$1 log=build/log/$1.log
	shift
	echo "==== $name"
	"$@" 2>&1 | tee "$log" || failed+=("$name")
	logs+=("$log")
}

# beside NAME COMMAND…: a phase that runs at the same time as others. Emulation keeps one
# processor busy, and machines have two.
beside() {
	local name=$1
	shift
	"$@" >build/log/"$name".log 2>&1 &
	names+=("$name")
	processes+=($!)
}

# together waits for those phases, and shows what they printed.
together() {
	[ ${#names[@]} != 0 ] || return
	echo "==== at the same time: ${names[*]} (tail -f build/log/*.log)"
	for i in "${!names[@]}"; do
		wait "${processes[i]}" || failed+=("${names[i]}")
		echo "==== ${names[i]}"
		cat "build/log/${names[i]}.log"
		logs+=("build/log/${names[i]}.log")
	done
	names=()
	processes=()
}

host() {
	local status=0 tests='^TestKernel'
	if [ "$RUNNER" = vm ]; then
		GUEST=$(realpath "$GUEST") # tests run in their own folder
	else
		tests='^Test(Kernel|Boot)' # the VM is not for this machine
	fi
	for module in $(go list -m -f '{{.Dir}}'); do
		# shellcheck disable=SC2046 # a list of words
		(cd "$module" && go test -v -skip "$tests" $(packages)) || status=1
	done
	return $status
}

# packages: all; on a system other than Linux those that can be built for it.
packages() {
	if [ "$(uname -s)" = Linux ]; then
		echo ./...
		return
	fi
	for package in $(go list ./...); do
		if go vet "$package" 2>/dev/null; then
			echo "$package"
		else
			echo "not tested on $(uname -s), as it is only for Linux: $package" >&2
		fi
	done
}

# compile ARCHITECTURE FOLDERS: the kernel tests, in build/tests/ARCHITECTURE.
compile() {
	scripts/compile-tests.sh "$1" "$2" || failed+=("to compile the kernel tests")
}

# in_vm SUITE ARCHITECTURE MODULES [TESTS]
in_vm() {
	local guest=build/guest-$1-$2.guest bin=bin
	if [ "$2" != "$ARCH" ]; then
		bin=build/bin-$2
	fi
	make --no-print-directory -s "$guest" linux "ARCH=$2" "OUT=$bin" &&
		boots "--guest $guest --bin $bin" "$2" "${@:3}"
}

# boots VMFLAGS ARCHITECTURE MODULES [TESTS]: every module's tests have a boot of their own.
# MODULES is a pattern.
boots() {
	local module status=0
	for module in build/tests/$2/$3; do
		boot "$1" "$module" "sh scripts/kernel-tests.sh build/tests/$2 '${4:-^TestKernel}'" || status=1
	done
	return $status
}

# boot VMFLAGS FOLDER COMMAND: runs a command in the VM, which has the folder. Emulated, the
# guest's kernel itself panics now and then: that is no test's failure, and there is one
# more try. What the first one printed is not counted.
boot() {
	local output status
	output=$(mktemp)
	for try in 1 2; do
		RUNNER=vm VMFLAGS=$1 VMADD="--add $2:/drydock/$2" sh scripts/inside.sh "$3" >"$output" 2>&1
		status=$?
		if [ $status != 125 ] || [ $try = 2 ] || ! grep -q 'the VM failed: its kernel panicked' "$output"; then
			break
		fi
		echo "the VM's kernel panicked: booting again"
		sed -n '/the VM failed: its kernel panicked/,$s/^/	/p' "$output"
	done
	cat "$output"
	rm "$output"
	return $status
}

mkdir -p build/log
rm -f build/log/*.log
case " $PHASES " in *\ 6.1* | *\ vm\ * | *\ native\ *) compile "$ARCH" . ;; esac
for p in $PHASES; do
	case $p in
	6.1) beside vm-6.1 in_vm bookworm "$ARCH" '*'; continue ;;
	6.12) beside vm-6.12 in_vm trixie "$ARCH" 'stage*'; continue ;;
	esac
	together
	case $p in
	host) phase host host ;;
	vm) phase vm boots "$VMFLAGS" "$ARCH" '*' ;;
	arm64)
		compile arm64 stage1-namespaces
		phase vm-arm64 in_vm bookworm arm64 '*' '^TestKernel$/^(namespaces|exec|dev|breakout)$'
		;;
	native) RUNNER=native phase native sh scripts/inside.sh "sh scripts/kernel-tests.sh build/tests/$ARCH" ;;
	provision) phase provision vagrant/provision-test.sh ;;
	*) phase "$p" sh -c "echo 'no such phase: $p' >&2; exit 1" ;;
	esac
done
together

if [ ${#failed[@]} != 0 ]; then
	echo "failed: ${failed[*]} (see build/log)" >&2
fi
# In the VM nothing may be skipped. The line that counts them all comes last.
vm=(build/log/vm*.log)
status=0
if [ -e "${vm[0]}" ]; then
	build/tally -noskip "${vm[@]}" >/dev/null || status=1
fi
build/tally "${logs[@]}" && [ ${#failed[@]} = 0 ] && [ $status = 0 ]

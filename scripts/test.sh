#!/usr/bin/env bash
# Runs the tests in phases and counts them all at the end. $PHASES names the phases:
#
#   host       what needs no privilege, of every module (elsewhere than on Linux, of
#              the packages that are not only for Linux); as root on Linux, what needs root
#              but no kernel of our choice: elsewhere the VM has that too, and takes longer
#   6.1        the kernel tests, in the VM: Debian 12's kernel
#   6.12       each stage's own again, in the VM: Debian 13's kernel
#   vm         the kernel tests, in the VM: the guest that GUEST=, KERNEL= name
#   arm64      a few of stage 1's, in the VM: Debian 12's kernel on another processor
#   native     the kernel tests, as root on this very machine
#   provision  vagrant/provision.sh, in a clean Debian root
#
# In the VM, a phase is several boots, of one stage each, and two are up at a time: emulation
# keeps one processor busy, and machines have two.
#
# Every phase, and every boot, writes a log to build/log. One that fails does not keep the next from
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

# beside NAME COMMAND…: runs at the same time as one other. Whoever begins takes one of two
# places, and gives it back.
beside() {
	local name=$1
	shift
	read -r -u 9
	echo "==== $name: tail -f build/log/$name.log"
	(
		"$@" >build/log/"$name".log 2>&1
		status=$?
		echo >&9
		exit $status
	) &
	names+=("$name")
	processes+=($!)
}

# together waits for those, and shows what they printed.
together() {
	[ ${#names[@]} != 0 ] || return
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
	local status=0 tests=$kernel
	if [ "$kernel" = ^TestKernel ]; then # what needs root runs here, on a root of busybox
		sh scripts/need.sh native || return
		[ -e build/busybox/bin/busybox ] || bin/testvm rootfs build/busybox || return
	fi
	if [ "$RUNNER" = vm ]; then
		GUEST=$(realpath "$GUEST") # tests run in their own folder
	else
		tests="$tests|^TestBoot" # the VM is not for this machine
	fi
	for module in $(go list -m -f '{{.Dir}}'); do
		# shellcheck disable=SC2046 # a list of words
		(cd "$module" && go test -v -timeout 20m -skip "$tests" $(packages)) || status=1
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

# stages: a pattern for the kernel tests of each stage, the last one first: it takes longest.
stages() {
	find "build/tests/$ARCH" -maxdepth 1 -name 'stage*.test' | sed 's|.*/\(stage[0-9]*\)-.*|\1-*|' | sort -r
}

# others: the kernel tests of what is neither a stage nor final.
others() {
	find "build/tests/$ARCH" -mindepth 1 -maxdepth 1 ! -name 'stage*' ! -name 'final*' | sed 's|.*/||' | tr '\n' ' '
}

# in_vm PHASE SUITE ARCHITECTURE TESTS NOT PROGRAMS…: boots with Debian's kernel, and $cpus processors.
in_vm() {
	local guest=build/guest-$2-$3.guest bin=bin
	if [ "$3" != "$ARCH" ]; then
		bin=build/bin-$3
	fi
	if make --no-print-directory -s "$guest" linux "ARCH=$3" "OUT=$bin"; then
		boots "$1" "--guest $guest --bin $bin --cpus $cpus" "${@:3}"
	else
		failed+=("$1")
	fi
}

# boots PHASE VMFLAGS ARCHITECTURE TESTS NOT PROGRAMS…: a boot for each word of PROGRAMS, which is patterns
# below build/tests/ARCHITECTURE. TESTS and NOT are what go test calls -run and -skip.
boots() {
	local programs tests=build/tests/$3
	for programs in "${@:6}"; do
		beside "vm-$1-$(sed 's/[^a-z0-9]\{1,\}/-/g; s/-$//' <<<"${programs%% *}")" \
			boot "$2" "$tests" "$programs" "sh scripts/kernel-tests.sh $tests '$4' '$5'"
	done
}

# boot VMFLAGS FOLDER PATTERNS COMMAND: runs a command in the VM, which has what they match there. Emulated,
# the guest's kernel itself panics now and then: that is no test's failure, and there is one
# more try. What the first one printed is not counted.
boot() {
	local output status file add=
	# shellcheck disable=SC2086 # a list of patterns
	for file in $(cd "$2" && ls -d $3 2>/dev/null); do
		add="$add --add $2/$file:/drydock/$2/$file"
	done
	output=$(mktemp)
	for try in 1 2; do
		RUNNER=vm VMFLAGS="$1 --timeout 30m" VMADD=$add sh scripts/inside.sh "$4" >"$output" 2>&1
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

# What the VM is for: tests that ask a kernel, and those for which root is enough, unless
# the host phase has them.
cpus=2
kernel='^Test(Kernel|Root)'
if [ "$(uname -s)-$(id -u)" = Linux-0 ]; then
	kernel='^TestKernel'
fi
mkdir -p build/log
rm -f build/log/*.log build/places
mkfifo build/places
exec 9<>build/places
printf '\n\n' >&9
stages=() # all of them
single=() # and those for which one processor is enough: stage 2 measures them
case " $PHASES " in
*\ 6.1* | *\ vm\ * | *\ native\ *)
	compile "$ARCH" .
	while read -r stage; do
		stages+=("$stage")
		[ "$stage" = 'stage2-*' ] || single+=("$stage")
	done < <(stages)
	;;
esac
for p in $PHASES; do
	case $p in
	6.1)
		in_vm 6.1 bookworm "$ARCH" "$kernel" '' 'final/[n-z]*' 'final/[a-m]* final.test' 'stage2-*'
		cpus=1 in_vm 6.1 bookworm "$ARCH" "$kernel" '' "${single[@]}" "$(others)"
		;;
	6.12) in_vm 6.12 trixie "$ARCH" ^TestKernel ^TestKernelStage "${stages[@]}" ;;
	vm) boots vm "$VMFLAGS" "$ARCH" "$kernel" '' 'final final.test' "${stages[@]}" "$(others)" ;;
	arm64)
		compile arm64 stage1-namespaces
		in_vm arm64 bookworm arm64 '^TestKernel$/^(namespaces|exec|dev|breakout)$' '' 'stage1-*'
		;;
	provision) beside provision vagrant/provision-test.sh ;;
	*)
		together # a machine to itself
		case $p in
		host) phase host host ;;
		native) RUNNER=native phase native sh scripts/inside.sh "sh scripts/kernel-tests.sh build/tests/$ARCH" ;;
		*) phase "$p" sh -c "echo 'no such phase: $p' >&2; exit 1" ;;
		esac
		;;
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

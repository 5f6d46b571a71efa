#!/bin/sh
# Makes sure that the commands a job needs are there:
#
#   need.sh JOB…
#
# On Debian and its relatives root gets the missing packages installed; everybody
# else is told the line to type, and the job stops before it has begun; so is root
# when DRYDOCK_ONLY_LOOK is set.
set -eu
cd "$(dirname "$0")/.."

# need COMMAND DEBIAN FEDORA ARCH HOMEBREW: notes the package if there is no such
# command. A system's column is "-" where the job is not for that system.
need() {
	PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null && return
	commands="$commands $1"
	debian="$debian $2" fedora="$fedora $3" arch="$arch $4" brew="$brew $5"
}

job() {
	case $1 in
	go) go_at_least "$(awk '$1 == "go" { print $2 }' go.work)" ;;
	qemu)
		case $(uname -m) in
		aarch64 | arm64) job qemu-arm64 ;;
		*) need qemu-system-x86_64 qemu-system-x86 qemu-system-x86-core qemu-system-x86 qemu ;;
		esac
		;;
	qemu-arm64) need qemu-system-aarch64 qemu-system-arm qemu-system-aarch64-core qemu-system-aarch64 qemu ;;
	guest)
		if ! command -v dpkg-deb >/dev/null; then
			stop "the VM's guest is built from Debian packages, on Debian: build it there with 'make guest' and name it here with GUEST=FILE"
		fi
		need depmod kmod kmod kmod -
		need xz xz-utils xz xz -
		need cpio cpio cpio cpio - # a test has it read what testvm packs
		;;
	native)
		[ "$(uname -s)" = Linux ] || stop "containers need Linux: take RUNNER=vm or RUNNER=vagrant"
		need busybox busybox-static busybox busybox -
		need nft nftables nftables nftables -
		need ip iproute2 iproute iproute2 -
		need strace strace strace strace -
		need mkfs.ext4 e2fsprogs e2fsprogs e2fsprogs -
		need getfattr attr attr attr -
		need setcap libcap2-bin libcap libcap -
		need jq jq jq jq -
		need dig bind9-dnsutils bind-utils bind -
		need iptables-nft iptables iptables-nft iptables-nft -
		need redis-check-rdb redis-tools redis redis -
		;;
	make) need make make make base-devel make ;;
	lint)
		need git git git git git
		need shellcheck shellcheck ShellCheck shellcheck shellcheck
		;;
	vagrant) need vagrant vagrant vagrant vagrant vagrant ;;
	peers) # which tests compare us with; without them, those are skipped
		need umoci umoci umoci umoci -
		need skopeo skopeo skopeo skopeo -
		need docker-registry docker-registry docker-distribution docker-registry -
		need podman podman podman podman -
		;;
	clean-debian) need mmdebstrap mmdebstrap mmdebstrap - - ;;
	*) stop "need.sh: unknown job $1" ;;
	esac
}

stop() {
	echo "$1" >&2
	exit 1
}

# go_at_least VERSION: asked in this folder, any Go since 1.21 fetches the version that
# go.work names and answers as that one, unless GOTOOLCHAIN forbids it.
go_at_least() {
	here=$(go env GOVERSION 2>/dev/null) || here=go0
	newer=$(printf '%s\n' "$1" "${here#go}" | awk -F . '
		NR == 1 { for (i = 1; i <= 3; i++) want[i] = $i + 0 }
		NR == 2 { for (i = 1; i < 3 && $i + 0 == want[i]; i++); print ($i + 0 >= want[i]) }')
	[ "$newer" = 1 ] ||
		stop "Go $1 is needed: install it (https://go.dev/doc/install), or any Go since 1.21 and set GOTOOLCHAIN=auto"
}

install() {
	[ -z "$commands" ] && return
	if command -v apt-get >/dev/null; then
		if [ "$(id -u)" != 0 ] || [ -n "${DRYDOCK_ONLY_LOOK:-}" ]; then
			stop "missing here:$commands. Type: sudo apt-get install$debian"
		fi
		echo "installing$debian" >&2
		apt_install 2>/dev/null || { apt-get -qq update && apt_install; }
	elif command -v dnf >/dev/null; then
		stop "missing here:$commands. Type: sudo dnf install$fedora"
	elif command -v pacman >/dev/null; then
		stop "missing here:$commands. Type: sudo pacman -S$arch"
	else
		stop "missing here:$commands. With Homebrew: brew install$brew"
	fi
}

apt_install() {
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		--no-install-recommends install $debian </dev/null >/dev/null
}

commands="" debian="" fedora="" arch="" brew=""
for j in "$@"; do
	job "$j"
done
install

#!/bin/bash
# Proves provision.sh, and says so as a Go test would: in a clean root of the Debian
# release that the Vagrant boxes have, it runs to its end, twice, and leaves everything
# that `make test` needs.
#
# The root is unpacked in a mount namespace that ends with this test, on a tmpfs: no
# mount and no file of it stays. Needs root, mmdebstrap, and the host's network.
set -euo pipefail
cd "$(dirname "$0")/.."

name=TestProvision
clean=$PWD/build/debian-trixie.tar
root=$PWD/build/provision

if [ "${1:-}" != inside ]; then
	echo "=== RUN   $name"
	mkdir -p "$root"
	if [ ! -e "$clean" ]; then
		sh scripts/need.sh clean-debian
		mmdebstrap --quiet --variant=minbase trixie "$clean.new.tar"
		mv "$clean.new.tar" "$clean"
	fi
	if unshare --mount --propagation private -- bash "$0" inside; then
		echo "--- PASS: $name (${SECONDS}.00s)"
		echo PASS
	else
		echo "--- FAIL: $name (${SECONDS}.00s)"
		echo FAIL
		exit 1
	fi
	exit
fi

mount -t tmpfs -o size=3g tmpfs "$root"
tar -C "$root" -xf "$clean" --exclude='./dev/*'
mkdir -p "$root"/dev "$root"/vagrant
mount --rbind /dev "$root"/dev
mount -t proc proc "$root"/proc
mount --bind -o ro "$PWD" "$root"/vagrant
# The network is the host's: its name servers, and the certificates that it trusts.
cp /etc/resolv.conf "$root"/etc/
cp /etc/ssl/certs/ca-certificates.crt "$root"/run/host.crt

in_root() {
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		SSL_CERT_FILE=/run/host.crt chroot "$root" "$@"
}

# Vagrant uploads the script and runs it as root.
cp vagrant/provision.sh "$root"/tmp/
in_root bash -e /tmp/provision.sh
in_root bash -e /tmp/provision.sh

fail() {
	echo "provision-test: $1" >&2
	exit 1
}

want=go$(awk '$1 == "go" { print $2 }' go.work)
got=$(in_root go version)
case $got in
"go version $want "*) ;;
*) fail "'go version' says '$got' where go.work wants $want" ;;
esac
[ "$(in_root su nobody -s /bin/sh -c 'HOME=/tmp go version')" = "$got" ] || fail "only root has that Go"
[ "$(in_root sh /vagrant/scripts/runner.sh)" = native ] || fail "make would not run natively there"
in_root sh /vagrant/scripts/need.sh go native peers || fail "something that make test needs is missing"
for command in git make busybox ip nft strace mkfs.ext4 ps unshare nsenter tar curl jq sudo; do
	in_root sh -c "command -v $command" >/dev/null || fail "$command is missing"
done

#!/bin/bash
# Makes a Debian 13 machine ready for `make test`: the packages, and the Go version that
# go.work names. Vagrant runs it as root at the first `vagrant up`; running it again
# changes nothing.
set -euo pipefail

# The checkout: /vagrant in the machine. Vagrant runs a copy of this script elsewhere.
checkout=${CHECKOUT:-/vagrant}

packages=(
	golang ca-certificates git make            # to build
	busybox-static                             # what the container's root is made of
	iproute2 nftables strace e2fsprogs procps  # what the tests look at the kernel with
	bind9-dnsutils iptables
	util-linux tar curl jq kmod sudo attr libcap2-bin umoci skopeo docker-registry podman
)

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install "${packages[@]}"

# Debian's Go is older, and fetches the exact one through the module proxy, as a module
# that is checked against the checksum database. A link in /usr/local/bin makes it
# everybody's: later commands need neither the old one nor GOTOOLCHAIN.
version=go$(awk '$1 == "go" { print $2 }' "$checkout/go.work")
store=/usr/local/lib/go-toolchains
root=$(cd / && GOPATH=$store GOTOOLCHAIN=$version /usr/bin/go env GOROOT)
ln -sf "$root/bin/go" "$root/bin/gofmt" /usr/local/bin/

# Where a test refuses to skip, and where make runs natively (scripts/runner.sh).
touch /etc/drydock-vagrant
echo "ready: $(cd / && go version)"

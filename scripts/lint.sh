#!/bin/sh
# Everything that a machine can say about the sources without running them. Goes on
# after a complaint, to tell all of them, and ends with a failure if there was one.
# shellcheck disable=SC2317 # the functions are called by check
set -u
cd "$(dirname "$0")/.." || exit
sh scripts/need.sh go lint || exit

status=0
# check WHAT COMMAND…
check() {
	echo "---- $1"
	shift
	"$@" || status=1
}

# everywhere COMMAND…: in every module's folder.
everywhere() {
	result=0
	for module in */go.mod; do
		(cd "${module%/go.mod}" && "$@") || result=1
	done
	return "$result"
}

# Also the Linux sources on a Mac, and the other processor's on this one.
builds_for() {
	everywhere env "GOOS=$1" "GOARCH=$2" CGO_ENABLED=0 go vet ./...
}

testvm_for() {
	(cd testvm && GOOS=$1 GOARCH=$2 CGO_ENABLED=0 go build -buildvcs=false -o /dev/null .)
}

vagrantfile() {
	if command -v vagrant >/dev/null; then
		VAGRANT_HOME=$PWD/build/vagrant vagrant validate --ignore-provider
	else
		echo "no vagrant here: the Vagrantfile is not checked"
	fi
}

tool=$PWD/$GOLANGCI
check "golangci-lint: vet, staticcheck, gofumpt and more (.golangci.yml)" \
	everywhere env GOOS=linux "$tool" run --config "$PWD/.golangci.yml" ./...
check "go.mod and go.sum are tidy" everywhere env GOWORK=off go mod tidy -diff
check "builds for linux/arm64" builds_for linux arm64
check "builds for linux/amd64" builds_for linux amd64
check "testvm builds for macOS" testvm_for darwin arm64
# shellcheck disable=SC2046 # a list of files
check "shell scripts" shellcheck .ci/run $(find scripts vagrant bench final stage* -name '*.sh')
check "Vagrantfile" vagrantfile
exit $status

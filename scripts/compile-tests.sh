#!/bin/sh
# Compiles the kernel tests of every package that has some:
#
#   compile-tests.sh ARCHITECTURE [FOLDER]
#
# FOLDER narrows them to the packages below it, such as stage1-namespaces.
#
# The package stage1-namespaces/rootfs becomes build/tests/ARCHITECTURE/stage1-namespaces/rootfs.test:
# kernel-tests.sh finds its way back from the name.
set -eu
cd "$(dirname "$0")/.."

out=build/tests/$1
rm -rf "$out"
# shellcheck disable=SC2016,SC2086 # the inner shell expands; a pattern of folders
grep -rl --include='*_test.go' --exclude-dir=build --exclude-dir=testdata -e '^func TestKernel' -e '^func TestRoot' ${2:-.} |
	xargs -n 1 dirname | sort -u | sed 's|^\./||' |
	xargs -n 1 -P 2 sh -c '
		mkdir -p "$(dirname "$2/$3")"
		CGO_ENABLED=0 GOOS=linux GOARCH=$1 go test -c -trimpath -buildvcs=false -o "$2/$3.test" "./$3"' sh "$1" "$out"

#!/bin/sh
# Runs compiled kernel tests as root on the kernel that is here:
#
#   kernel-tests.sh FOLDER [TESTS [NOT]]
#
# TESTS and NOT are patterns as for go test -run and -skip; without them, all.
# FOLDER is what compile-tests.sh filled. Each program runs in the folder of its
# package, as `go test` would have it, for its testdata.
set -eu

folder=$(realpath "$1")
status=0
count=0
echo "Linux $(uname -r) on $(uname -m)"
for test in $(find "$folder" -name '*.test' | sort); do
	package=${test#"$folder"/}
	package=${package%.test}
	echo "---- $package"
	(cd "$package" && "$test" -test.run "${2:-^Test(Kernel|Root)}" -test.skip "${3:-}" -test.v -test.timeout 20m) || status=1
	count=$((count + 1))
done
if [ "$count" = 0 ]; then
	echo "no kernel tests in $folder" >&2
	status=1
fi
exit $status

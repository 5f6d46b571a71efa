#!/usr/bin/env bash
# Runs the kernel tests in the VM with binaries that count what of them runs, and
# prints the percentages. Not natively: the tests take the binaries in bin, and only a
# VM can be given others in that place.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$RUNNER" != vm ]; then
	echo "coverage is measured in the QEMU VM: RUNNER=vm make cover" >&2
	exit 1
fi

make -s linux OUT=build/cover/bin COVER='-cover -covermode=atomic -coverpkg=drydock/... -tags=cover'
scripts/compile-tests.sh "$ARCH"

# The counters come out of the VM on its standard output, the tests' own on the other.
tests=build/tests/$ARCH
status=0
VMADD="--bin build/cover/bin --add $tests:/drydock/$tests" sh scripts/inside.sh "
	export GOCOVERDIR=/var/lib/drydock-cover
	mkdir -p -m 777 \$GOCOVERDIR
	sh scripts/kernel-tests.sh $tests >&2
	status=\$?
	tar -C \$GOCOVERDIR -cz .
	exit \$status" >build/cover/data.tar.gz || status=$?

rm -rf build/cover/data
mkdir -p build/cover/data
tar -C build/cover/data -xzf build/cover/data.tar.gz
go tool covdata percent -i=build/cover/data
exit $status

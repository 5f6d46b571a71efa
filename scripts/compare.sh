#!/bin/sh
# Asks a real Docker again all that Drydock is compared with, and compares. It takes some minutes.
#
#   compare.sh [SECTION]
#
# PEERS is a folder with docker, dockerd (29), docker-proxy, containerd and runc; without, those on the PATH.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${PEERS:-}" ]; then
	PEERS=$(dirname "$(command -v dockerd)") || { echo 'compare with Docker: there is no dockerd; PEERS=FOLDER names one' >&2; exit 1; }
fi
final/compare/testdata/record.sh "$PEERS" ${1:+"$1"}
cd final
go test ./compare -count=1 -timeout 60m -v -run "TestRootCompare/${1:+^$1\$}"

#!/bin/sh
# Shows what stage N changes in the composition of the stage before it: diff.sh N
set -eu
cd "$(dirname "$0")/.."

stop() {
	echo "$1" >&2
	exit 1
}

case $1 in
1) stop "stage 1 is the first: there is none to compare it with" ;;
[2-7]) ;;
*) stop "say which stage: make diff STAGE=2" ;;
esac
before=$(echo stage$(($1 - 1))-*)
after=$(echo stage"$1"-*)
[ -d "$before" ] || stop "there is no stage $(($1 - 1)) yet"
[ -d "$after" ] || stop "there is no stage $1 yet"

for page in config.go run.go init.go; do
	# git diff exits with 1 when there is a difference, which there should be.
	git diff --no-index "$before/$page" "$after/$page" || [ $? = 1 ]
done

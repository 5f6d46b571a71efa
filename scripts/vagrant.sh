#!/bin/sh
# Hands a make target over to the Vagrant machine, which is brought up if need be:
#
#   vagrant.sh TARGET
#
# There, make runs everything natively.
set -eu
cd "$(dirname "$0")/.."
sh scripts/need.sh vagrant

vagrant status --machine-readable | grep -q ',state,running' || vagrant up
vagrant rsync # copies the tree to a machine that has no shared folder; to others nothing

# quote WORD: the word for a shell.
quote() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

tty=
[ "$1" = shell ] && tty=-t
# shellcheck disable=SC2086 # no word if empty
exec vagrant ssh -c "cd /vagrant && make --no-print-directory $1 \
	PHASES=$(quote "$PHASES") CMD=$(quote "$COMMAND")" ${tty:+-- $tty}

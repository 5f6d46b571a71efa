#!/bin/bash
# Compares what stage7 has said with what Docker has, line by line: compare.sh RECORDED PLAYED
#
# An answer of ours has Docker's status, and begins with Docker's words up to ", error": what the user can do comes after. Capitals make no
# difference. Where there is a reason ("but"), ours refuses with 125.
set -uo pipefail
shopt -s nocasematch
problems=0
differ() {
	echo "Docker: $docker"
	echo "stage7: $ours"
	problems=$((problems + 1))
	[ $problems -lt 5 ] || exit 1
}
# plain is an answer without what a parser of flags puts before it.
# shellcheck disable=SC2001 # no pattern of the shell can do that
plain() { sed 's/invalid argument ".*" for "--[a-z]*" flag: //' <<<"$1"; }

reason=
while IFS= read -r docker <&3; do
	case $docker in '#'*) continue ;; esac
	IFS= read -r ours <&4 || ours='(nothing)'
	case $docker in
	said*)
		ours=$(plain "$ours") docker=$(plain "$docker")
		words=${docker%%, error*}
		words=${words%%. This would*}
		[ -z "$reason" ] || words='said 125 '
		[[ $ours == "$words"* ]] || differ
		reason=
		;;
	*)
		[ "$docker" = "$ours" ] || differ
		case $docker in but*) reason=$docker ;; esac
		;;
	esac
done 3<"$1" 4<"$2"
cmp -s <(grep -c ^== "$1") <(grep -c ^== "$2") || { echo "not as many cases"; problems=1; }
exit $((problems != 0))

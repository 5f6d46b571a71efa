#!/bin/sh
# listing.sh DIR [NAME] prints what there is in a directory, or below a name there, a line a file:
# kind, mode, owner, size, names, whether its time is that of the fixture, name, and where it leads. With - it prints a tar stream so.
export LC_ALL=C TZ=UTC
if [ "$1" = - ]; then
	tar --numeric-owner -tv | sed -E 's/ +/ /g; s/2001-09-09 01:46/old/; s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5}/new/'
	exit
fi
cd "$1" || exit
find "${2:-.}" \( -type f -printf '%y %m %U:%G %s %n %T@ %p\n' -o -type l -printf '%y 777 %U:%G 0 %n %T@ %p -> %l\n' \
	-o -type d -printf '%y %m %U:%G 0 0 %T@ %p\n' -o -printf '%y %m %U:%G 0 %n %T@ %p\n' \) |
	sed -E '/ \.$/d; s/ 1000000000\.0+ / old /; s/ [0-9]+\.[0-9]+ / new /; s/ (old|new) \.\// \1 /' | sort

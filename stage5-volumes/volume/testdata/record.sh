#!/bin/sh
# Records what Docker says to arguments of -v and to names of volumes:
#
#   record.sh IMAGE >recorded.txt
#
# IMAGE is any with a command true. Each line is an argument, a tab, and Docker's error, or
# "ok". Anyone with a Docker can run it again; volumes called drydock-… and aa are left.
set -eu
image=$1
mkdir -p /srv/drydock-record

docker version --format '# dockerd {{.Server.Version}}, docker {{.Client.Version}}'
while read -r spec; do
	if said=$(docker run --rm --network none -v "$spec" "$image" true 2>&1); then
		said=ok
	fi
	printf '%s\t%s\n' "$spec" "$(echo "$said" | sed -n 's/^docker: //; s/^Error response from daemon: //; 1p')"
done <<'SPECS'

/srv/drydock-record:/x
/srv/drydock-record/.:/x/
./srv/drydock-record:/x
aa:/x
aa:/x:ro
aa:/x:rw
aa:/x/../y
/x
/x/
/srv/drydock-record:/x:ro
drydock-1.2_3:/x
:/x
/x:
aa:
aa::/x
aa:/x:
aa:/x:ro:z
/a:/b:ro:rw:z
aa:x
/srv/drydock-record:x
aa:/
/srv/drydock-record:/
/srv/drydock-record:/.
/srv/drydock-record:/x/..
/x:ro
/srv/drydock-record:rw
aa:/x:rx
aa:/x:RO
aa:/x:ro,rw
aa:/x:ro,ro
aa:/x:ro,
aa:/x:ro,z
aa:/x:nocopy
aa:/x:z
aa:/x:cached
_aa:/x
-aa:/x
aa/bb:/x
~/aa:/x
aa bb:/x
aä:/x
SPECS

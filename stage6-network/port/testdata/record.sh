#!/bin/sh
# Records what Docker says to arguments of -p:
#
#   record.sh IMAGE >recorded.txt
#
# IMAGE is any with a command true. Each line is an argument, a tab, and Docker's error, or
# "ok". Anyone with a Docker can run it again, where no program has the ports.
set -eu
image=$1

docker version --format '# dockerd {{.Server.Version}}, docker {{.Client.Version}}'
while IFS= read -r spec; do
	if said=$(docker run --rm -p "$spec" "$image" true 2>&1); then
		said=ok
	fi
	printf '%s\t%s\n' "$spec" "$(echo "$said" | sed -n 's/^docker: //; s/^Error response from daemon: //; 1p')"
done <<'SPECS'

:
abc
80:abc
abc:80
70000:80
80:70000
-1:80
80:-1
+80:80
080:80
 8080:80
8080 :80
0:80
80:0
80
:80
8070:
1-2
1-2:1-2
80-:80
80:80
80:80/tcp
80:80/udp
80:80/TCP
80:80/sctp
80:80/icmp
80:80/
/tcp
80:80/tcp/udp
127.0.0.1:80:80
127.0.0.1:80:80/udp
127.0.0.1::80
0.0.0.0:80:80
1.2.3:80:80
1.2.3.4:80
[127.0.0.1]:80:80
[::1]:80:80
::1:80:80
::80
localhost:8085:80
a:b:c:d
SPECS

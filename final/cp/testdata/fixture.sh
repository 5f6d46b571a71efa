#!/bin/sh
# fixture.sh DIR NAME makes DIR/NAME, of which there is one on the host and one in the container.
set -eu
umask 022
cd "$1" && mkdir "$2" && cd "$2"
mkdir -p dir/sub empty hard special
echo content >file
echo other >other
echo inner >dir/file
echo deep >dir/sub/deep
chmod 700 dir/sub
ln -s file link-file
ln -s dir link-dir
ln -s ../"$2"/dir/sub link-up
ln -s /"$2"/dir link-absolute
ln -s nowhere broken
ln -s nowhere/at/all broken-deep
ln -s loop loop
echo two >hard/one
ln hard/one hard/two
echo 's' >special/setuid
chown 1000:1001 special/setuid
chmod 4711 special/setuid
mkfifo special/fifo
chown 3:4 special/fifo
mknod special/null c 1 3
ln -s setuid special/link
chown -h 5:6 special/link
find . -exec touch -h -d @1000000000 {} +

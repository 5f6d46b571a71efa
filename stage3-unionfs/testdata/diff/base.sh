#!/bin/sh
# base.sh adds the folder /base, that the cases need, to the root filesystem DIR.
#
#	./base.sh DIR
#
# It needs root, and touch with -h. All that it makes belongs to 0:0 and has the
# same time, in whole seconds, as a plain tar file keeps it. So a test that uses DIR
# itself as the lower layer sees the same times as the Docker that was recorded.
#
# There is no file .wh.x in it: in an image that name is a whiteout, so it would
# not come out of `docker import`. The cases make such files in the container.
set -eu
umask 022
mkdir "$1/base"
cd "$1/base"

echo one >plain
echo two >other # as long as plain
echo a longer line >long
: >void # a file of size 0
printf '#!/bin/sh\necho hello\n' >./exec
echo suid >setuid
echo blanks >'two words'
echo umlaut >grün
echo colour >xattr
echo end | dd of=sparse bs=1 seek=8388608 2>/dev/null # 8 MiB of nothing before it
mkfifo fifo

mkdir empty dir deep deep/b deep/b/c deep/b/c/d
echo 1 >dir/one
echo 2 >dir/two
echo a1 >deep/a1
echo b1 >deep/b/b1
echo c1 >deep/b/c/c1
echo d1 >deep/b/c/d/d1
echo d2 >deep/b/c/d/d2

ln -s plain to-file
ln -s dir to-dir
ln -s nowhere dangling
echo pair >hard1
ln hard1 hard2

chown -hR 0:0 .
chmod 755 ./exec
chmod 4755 setuid # after chown, which takes it away
if command -v setfattr >/dev/null; then
	setfattr -n user.colour -v blue xattr || echo "base.sh: no user xattrs here" >&2
fi
TZ=UTC find . -exec touch -h -d '2020-02-02 02:02:02' {} +

#!/bin/sh
# What a container is, shown by commands that anyone can repeat in `make shell`.
# shellcheck disable=SC2016 # the commands are shown as they are typed
set -eu

say() { printf '\n# %s\n' "$1"; }
show() {
	printf '$ %s\n' "$1"
	sh -c "$1"
}

say 'A container runs on the kernel that is here: it is no machine.'
show 'uname -r'
show 'stage1 run $ROOTFS uname -r'

say 'It has a hostname, files and processes of its own: those are namespaces.'
show 'stage1 run --hostname box $ROOTFS hostname'
show 'stage1 run $ROOTFS sh -c "echo /*"'
show 'stage1 run $ROOTFS ps'

say 'A namespace is a number. Here, and inside:'
show 'readlink /proc/self/ns/pid'
show 'stage1 run $ROOTFS readlink /proc/self/ns/pid'

say 'Seen from here, it is a process like any other.'
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkfifo "$work/in" "$work/out"
echo '$ stage1 run $ROOTFS sh -c '\''echo "inside I am process $$"; read -r line'\'' &'
stage1 run "$ROOTFS" sh -c 'echo "inside I am process $$"; read -r line' <"$work/in" >"$work/out" &
exec 3>"$work/in" # the container reads from here, until we close it
head -n 1 "$work/out"
echo '$ ps -o pid,ppid,args --ppid $!'
ps -o pid,ppid,args --ppid $!
exec 3>&-
wait $! || true # read has met the end of the file

say 'Without a namespace of its own for names, it has the name of the host.'
show 'hostname; stage1 run --namespaces mount,pid $ROOTFS hostname'

say 'Its exit status is that of its command.'
show 'stage1 run $ROOTFS sh -c "exit 42"; echo $?'

export DRYDOCK_ROOT="$work/state"
say 'Stage 2: it has limits. One that takes more memory than it was given is killed, and only it.'
show 'stage2 run --memory 32m $ROOTFS tail /dev/zero; echo $?'

say 'Stage 3: what it changes is its own. The directory that it was started from stays as it is.'
show 'stage3 run $ROOTFS sh -c "rm -r /etc /home; echo /*"'
show 'cd $ROOTFS; echo *'

say 'Stage 4: that directory may come as an image.'
show 'tar -C $ROOTFS -c . | stage4 import - box'
show 'stage4 run --rm box echo hello'

say 'Stage 5: what is to outlive a container goes to a volume. A new one begins with what the image has.'
show 'stage5 run --rm -v data:/etc box touch /etc/was-here'
show 'stage5 run --rm -v data:/data box ls /data'

say 'Stage 6: a cable leads from it to a switch, and it has an address there. (Here in a network that goes with it.)'
show 'unshare --net stage6 run --rm box ip -4 -o address show eth0'

say 'All of it is made by a few dozen system calls, and can tell them:'
show 'stage1 run --explain $ROOTFS true 2>&1 | head -n 12'
echo '…'

// Floor does what the kernel has to do for one container on a bridge, and nothing else: what bench measures drydock run against.
//
//	floor BRIDGE ADDRESS CGROUP ROOT WORK PROGRAM
//
// It keeps no state, checks nothing and explains nothing. The bridge is there, with a free ADDRESS such as 172.30.0.9/24; CGROUP is a
// directory to be made; ROOT is the lower directory; WORK is for upper, work and merged. As with drydock, the same program is
// executed again as init, and both are in Go: so the difference is what drydock itself takes.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

func main() {
	do := run
	if os.Args[1] == "init" {
		do = become
	}
	if err := do(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(125)
	}
}

// An order is what init is told.
type order struct{ Root, Work, Program string }

// run is the parent's side.
func run(args []string) error {
	bridge, address, group, o := args[1], args[2], args[3], order{args[4], args[5], args[6]}
	for _, dir := range []string{group, o.Work, o.Work + "/upper", o.Work + "/work", o.Work + "/merged"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	dir, err := os.Open(group)
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "init")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = os.Stdout, os.Stderr, []*os.File{read}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP,
		UseCgroupFD: true, CgroupFD: int(dir.Fd()),
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := plug(bridge, address, cmd.Process.Pid); err != nil {
		return err
	}
	if err := json.NewEncoder(write).Encode(o); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	if err := os.Remove(group); err != nil {
		return err
	}
	return os.RemoveAll(o.Work)
}

// plug makes a cable between the bridge and the network namespace of pid, and configures both ends.
func plug(bridge, address string, pid int) error {
	host, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	master, err := host.LinkByName(bridge)
	if err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex = fmt.Sprintf("veth%d", pid), master.Attrs().Index
	cable := netlink.NewVeth(attrs)
	cable.PeerName, cable.PeerNamespace = "eth0", netlink.NsPid(pid)
	if err := host.LinkAdd(cable); err != nil {
		return err
	}
	if err := host.LinkSetUp(cable); err != nil {
		return err
	}
	namespace, err := netns.GetFromPid(pid)
	if err != nil {
		return err
	}
	inside, err := netlink.NewHandleAt(namespace, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	for _, name := range []string{"lo", "eth0"} {
		link, err := inside.LinkByName(name)
		if err != nil {
			return err
		}
		if name == "eth0" {
			parsed, err := netlink.ParseAddr(address)
			if err != nil {
				return err
			}
			if err := inside.AddrAdd(link, parsed); err != nil {
				return err
			}
		}
		if err := inside.LinkSetUp(link); err != nil {
			return err
		}
	}
	_, subnet, err := net.ParseCIDR(address)
	if err != nil {
		return err
	}
	gateway := subnet.IP.To4()
	gateway[3] = 1
	return inside.RouteAdd(&netlink.Route{Gw: gateway})
}

// A mount is one line for mount(2).
type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

// become is init's side: the container's mounts, and the program.
func become([]string) error {
	runtime.LockOSThread()
	var o order
	if err := json.NewDecoder(os.NewFile(3, "order")).Decode(&o); err != nil {
		return err
	}
	const harmless = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", o.Root, o.Work, o.Work)
	merged := filepath.Join(o.Work, "merged")
	for _, m := range []mount{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"overlay", merged, "overlay", 0, layers},
		{"proc", merged + "/proc", "proc", harmless, ""},
		{"sysfs", merged + "/sys", "sysfs", harmless | unix.MS_RDONLY, ""},
		{"tmpfs", merged + "/dev", "tmpfs", unix.MS_NOSUID, "mode=755,size=65536k"},
		{"devpts", merged + "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
		{"shm", merged + "/dev/shm", "tmpfs", harmless, "mode=1777,size=65536k"},
		{"mqueue", merged + "/dev/mqueue", "mqueue", harmless, ""},
	} {
		if m.kind != "" {
			_ = os.Mkdir(m.target, 0o755) // it is there, or the mount says so
		}
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.target, err)
		}
	}
	for i, name := range []string{"null", "zero", "full", "random", "urandom"} {
		minor := []uint32{3, 5, 7, 8, 9}[i]
		if err := unix.Mknod(merged+"/dev/"+name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			return err
		}
	}
	if err := unix.Chdir(merged); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Exec(o.Program, []string{o.Program}, nil)
}

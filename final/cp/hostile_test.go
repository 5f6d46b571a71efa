package cp

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/cp/stream"
)

// deadline is how long anything may take that must not wait for anybody.
const deadline = 20 * time.Second

// sides makes a container's root directory, a directory of the host and a secret beside them.
func sides(t *testing.T) (c Container, host, secret string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	dir := t.TempDir()
	for _, name := range []string{"root/dir", "root/etc", "host", "secret"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	must(t, os.WriteFile(dir+"/secret/file", []byte("secret"), 0o600))
	root, err := os.Open(dir + "/root")
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return Container{Name: "c", Root: root}, dir + "/host", dir + "/secret"
}

// within calls f, which must not take longer than the deadline.
func within(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(deadline):
		t.Fatal("it does not end")
		return nil
	}
}

// unharmed wants the secret as it was.
func unharmed(t *testing.T, secret string) {
	t.Helper()
	entries, err := os.ReadDir(secret)
	must(t, err)
	info, err := os.Stat(secret + "/file")
	must(t, err)
	content, err := os.ReadFile(secret + "/file")
	must(t, err)
	owner := info.Sys().(*syscall.Stat_t).Uid
	_, xattr := unix.Getxattr(secret+"/file", "security.capability", nil)
	if len(entries) != 1 || info.Mode() != 0o600 || owner != 0 || xattr == nil || string(content) != "secret" {
		t.Fatalf("outside there is now: %v, mode %v, %q", entries, info.Mode(), content)
	}
}

// TestKernelLinksOut has links of the container that would lead out of it.
func TestKernelLinksOut(t *testing.T) {
	c, host, secret := sides(t)
	root := c.Root.Name()
	must(t, os.Symlink(secret, root+"/absolute"))
	must(t, os.Symlink("../secret", root+"/up"))
	must(t, os.Symlink("../../../secret", root+"/dir/up"))
	must(t, os.WriteFile(host+"/file", []byte("from the host"), 0o644))
	links := []string{"/absolute", "/up", "/dir/up", "/../secret", "/dir/../../secret"}
	for _, link := range links {
		for _, follow := range []bool{false, true} {
			var out bytes.Buffer
			_, err := FromContainer(c, link+"/file", "-", Options{FollowLink: follow, Stdout: &out})
			if err == nil || !strings.Contains(err.Error(), "Could not find the file") {
				t.Errorf("cp c:%s/file -: %v, %q", link, err, out.String())
			}
			_, err = FromContainer(c, link, "-", Options{FollowLink: true, Stdout: &out})
			if strings.Contains(out.String(), "file") {
				t.Errorf("cp -L c:%s -: %v, %q", link, err, out.String())
			}
		}
	}
	for _, link := range links { // from the first that makes /secret on, they lead to that in the container
		for _, to := range []string{link, link + "/", link + "/new", link + "/file"} {
			_, err := ToContainer(c, host+"/file", to, Options{})
			t.Logf("cp file c:%s: %v", to, err)
			unharmed(t, secret)
		}
	}
}

// TestKernelEntriesOut has a tar stream whose entries would lead out of where it is unpacked.
func TestKernelEntriesOut(t *testing.T) {
	_, host, secret := sides(t)
	up := "../secret"
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644} }
	link := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
	}
	hard := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
	}
	for _, entries := range [][]tar.Header{
		{file(up + "/new")},
		{file("a/../../secret/new")},
		{file(secret + "/new")},
		{link("out", secret), file("out/new")},
		{link("out", secret), file("out/file")},
		{link("out", secret), {Typeflag: tar.TypeDir, Name: "out", Mode: 0o777}, file("out/new")},
		{link("out", up), file("out/new")},
		{link("a", "."), link("a/out", up), file("a/out/new")},
		{link("out", secret+"/file"), {Typeflag: tar.TypeReg, Name: "out", Mode: 0o666}},
		{link("out", secret+"/file"), hard("b", "out"), {Typeflag: tar.TypeReg, Name: "b", Mode: 0o777}},
		{hard("b", up+"/file"), {Typeflag: tar.TypeReg, Name: "b", Mode: 0o777}},
		{hard("b", secret+"/file"), {Typeflag: tar.TypeReg, Name: "b", Mode: 0o777}},
		{link("out", secret), hard("b", "out/file")},
		{link("out", secret), {Typeflag: tar.TypeFifo, Name: "out/fifo"}},
		{link("out", secret), link("out/link", "x")},
		{link("out", secret), {Typeflag: tar.TypeDir, Name: "out/dir/"}},
	} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for _, h := range entries {
			must(t, w.WriteHeader(&h))
		}
		must(t, w.Close())
		into, err := os.MkdirTemp(host, "into")
		must(t, err)
		dir, err := os.Open(into)
		must(t, err)
		err = stream.Unpack(dir, into, &archive, stream.AsArchived)
		dir.Close()
		t.Logf("%s %q: %v", entries[0].Name, entries[0].Linkname, err)
		unharmed(t, secret)
	}
}

// TestKernelWaits has files that one waits for when they are opened, or never comes to an end of.
func TestKernelWaits(t *testing.T) {
	c, host, _ := sides(t)
	root := c.Root.Name()
	must(t, unix.Mkfifo(root+"/dir/fifo", 0o600))
	must(t, unix.Mknod(root+"/dir/zero", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))))
	must(t, unix.Mknod(root+"/dir/socket", unix.S_IFSOCK|0o666, 0))
	for _, name := range []string{"/dir", "/dir/fifo", "/dir/zero"} {
		must(t, within(t, func() error {
			_, err := FromContainer(c, name, host, Options{})
			return err
		}))
	}
	for name, mode := range map[string]uint32{"fifo": unix.S_IFIFO, "zero": unix.S_IFCHR} {
		for _, dir := range []string{"/dir/", "/"} {
			var stat unix.Stat_t
			must(t, unix.Lstat(host+dir+name, &stat))
			if stat.Mode&unix.S_IFMT != mode {
				t.Errorf("%s has become mode %o", name, stat.Mode)
			}
		}
	}
	if _, err := os.Lstat(host + "/dir/socket"); err == nil {
		t.Error("there is a socket")
	}
	must(t, os.WriteFile(host+"/file", []byte("x"), 0o644))
	for _, to := range []string{"/dir/fifo", "/dir/socket"} { // which are replaced, as in Docker
		must(t, within(t, func() error {
			_, err := ToContainer(c, host+"/file", to, Options{})
			return err
		}))
	}
}

// TestKernelSwaps has the container exchange a directory for a link, as fast as it can, while files
// are copied to and fro.
func TestKernelSwaps(t *testing.T) {
	c, host, secret := sides(t)
	root := c.Root.Name()
	must(t, os.MkdirAll(root+"/dir/sub", 0o755))
	must(t, os.WriteFile(root+"/dir/sub/file", []byte("inside"), 0o644))
	must(t, os.Symlink(secret, root+"/dir/link"))
	must(t, os.MkdirAll(host+"/sub", 0o755))
	must(t, os.WriteFile(host+"/sub/file", []byte("from the host"), 0o666))
	stop := exchange(root+"/dir/sub", root+"/dir/link")
	results := map[string]int{}
	for range 100 {
		var out bytes.Buffer
		_, err := FromContainer(c, "/dir", "-", Options{Stdout: &out})
		count(results, "from", err)
		if strings.Contains(out.String(), "secret\x00") && !strings.Contains(out.String(), secret+"\x00") {
			t.Fatalf("the stream has the secret: %q", out.String())
		}
		if entry := find(t, &out, "file"); entry == "secret" {
			t.Fatal("the stream has the secret")
		}
		_, err = ToContainer(c, host+"/sub", "/dir", Options{})
		count(results, "to", err)
		_, err = ToContainer(c, host+"/sub/.", "/dir/sub", Options{})
		count(results, "to sub", err)
		unharmed(t, secret)
	}
	t.Logf("%d swaps; %v", stop(), results)
}

// TestKernelSwappedFile has the container exchange what has just been made for a link to a file outside:
// whom it shall belong to is asked at such a moment.
func TestKernelSwappedFile(t *testing.T) {
	c, host, secret := sides(t)
	made, link := c.Root.Name()+"/dir/file", c.Root.Name()+"/dir/link"
	must(t, os.Symlink(secret+"/file", link))
	must(t, os.WriteFile(host+"/file", []byte("from the host"), 0o644))
	must(t, unix.Chmod(host+"/file", 0o4777))
	must(t, unix.Setxattr(host+"/file", "security.capability", []byte("\x01\x00\x00\x02"+strings.Repeat("\x00", 16)), 0))
	c.Owner = func(*tar.Header) (uid, gid int) {
		must(t, unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE))
		return 1000, 1000
	}
	_, err := ToContainer(c, host+"/file", "/dir", Options{})
	must(t, err)
	unharmed(t, secret)
	var stat unix.Stat_t
	must(t, unix.Lstat(link, &stat))
	if stat.Mode != unix.S_IFREG|0o4777 || stat.Uid != 1000 {
		t.Errorf("what was made has mode %o, owner %d", stat.Mode, stat.Uid)
	}
}

// exchange exchanges two files until it is stopped, and says then how often it has.
func exchange(a, b string) (stop func() int64) {
	var stopped atomic.Bool
	done := make(chan int64)
	go func() {
		times := int64(0)
		for ; !stopped.Load(); times++ {
			_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) // one may be missing for a moment
		}
		done <- times
	}()
	return func() int64 { stopped.Store(true); return <-done }
}

func count(results map[string]int, what string, err error) {
	if err != nil {
		what += ": " + err.Error()
	}
	results[what]++
}

// find returns the content of the first entry of a tar stream whose name ends so.
func find(t *testing.T, in io.Reader, name string) string {
	t.Helper()
	for entries := tar.NewReader(in); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return ""
		}
		must(t, err)
		if filepath.Base(h.Name) == name {
			content, err := io.ReadAll(entries)
			must(t, err)
			return string(content)
		}
	}
}

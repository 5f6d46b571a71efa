package cp

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/alone"
)

func TestParse(t *testing.T) {
	for arg, want := range map[string]Arg{
		"c:/x":     {"c", "/x"},
		"c:":       {"c", ""},
		"c:x:y":    {"c", "x:y"},
		"x":        {"", "x"},
		"-":        {"", "-"},
		"/a:b":     {"", "/a:b"},
		"./a:b":    {"", "./a:b"},
		"../a:b":   {"", "../a:b"},
		".a:b":     {"", ".a:b"},
		"a/b:c":    {"a/b", "c"},
		":x":       {"", "x"},
		"c:../x/.": {"c", "../x/."},
	} {
		if got := Parse(arg); got != want {
			t.Errorf("%s: %v, not %v", arg, got, want)
		}
	}
}

func TestResult(t *testing.T) {
	for r, want := range map[Result]string{
		{Content: 8, Travelled: 2048, To: "/tmp/x"}:     "Successfully copied 8B (transferred 2.05kB) to /tmp/x",
		{Content: 2048, Travelled: 2048, To: "c:/x"}:    "Successfully copied 2.05kB to c:/x",
		{Content: 5_300_000, Travelled: 5_301_248}:      "Successfully copied 5.3MB (transferred 5.3MB) to ",
		{Content: 0, Travelled: 1536, To: "c:/x: y\tz"}: "Successfully copied 0B (transferred 1.54kB) to c:/x: y\tz",
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	Progress(&out, ToHeader, new(atomic.Int64))()
	if want := "\x1b7\x1b[?25l\x1b[2KCopying to container - 0B\x1b8\x1b[2K\x1b[?25h"; out.String() != want {
		t.Errorf("%q, not %q", out.String(), want)
	}
}

// TestKernelSizes has a copy tell its sizes: those of the stream are Docker's to the byte.
func TestKernelSizes(t *testing.T) {
	c, host, _ := sides(t)
	must(t, os.WriteFile(host+"/file", []byte("content\n"), 0o644))
	var travelled atomic.Int64
	r, err := ToContainer(c, host+"/file", "/dir", Options{Travelled: &travelled})
	must(t, err)
	if want := (Result{8, 2048, "c:/dir"}); r != want || travelled.Load() != 2048 {
		t.Errorf("%+v, not %+v; %d have travelled", r, want, travelled.Load())
	}
	r, err = ToContainer(c, host, "/copy", Options{})
	must(t, err)
	if want := (Result{8, 2560, "c:/copy"}); r != want {
		t.Errorf("%+v, not %+v", r, want)
	}
	r, err = FromContainer(c, "/dir/file", host+"/new", Options{})
	must(t, err)
	if want := (Result{8, 2048, host + "/new"}); r != want {
		t.Errorf("%+v, not %+v", r, want)
	}
}

// packed is a stream of a file "file" with the content "content", as these programs compress it, in base64.
var packed = map[string]string{
	"gzip":  "H4sIAAAAAAACA0vLzElloDEwAAIzExMwDQToNBCYMxiYG5uYmZqYgsUNgdCMQcGAgQ6gtLgksQjoFGp4EtlzQwQk5+eVpOaVMIyCUTAKRsEoGFkAANdpwAcACAAA",
	"bzip2": "QlpoOTFBWSZTWVeMzMwAADdbkMkAQABvhAAEayWeAAQAABggAFRWj1JphMmJpk02gkVNNAaGgAFM3D5HcQRLqMmV4uoQ0N3tKhpYsU4TYZIStHLoNmBwwTAKWsKPH3v+cno0nIi2LuSKcKEgrxmZmA==",
	"xz":    "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Af/AE5dADMaSda2OCGvAe5uBXM7wPyAztHejQBmInLTPpwzt0NIBMQQ4y+3nQurgAUYAc0hcra7o5UNGo17Zz89MSca9MnKBvZ2T7rVd4XA1kNwAAAAANdG5zSgcfWVAAFqgBAAAADsH8WLscRn+wIAAAAABFla",
	"zstd":  "KLUv/QRgjQIANANmaWxlADAwMDA2NDQAMDAwMDcAMDczNDY1NDUxMDEwNgAgMAB1c3RhcgAwY29udGVudAAKAPWBnyE4KoAGsCHAb5AMwKVjp/ArKIDh8AS0IBTfsw==",
}

// TestKernelCompressed has a stream that is compressed, or cut off.
func TestKernelCompressed(t *testing.T) {
	c, _, _ := sides(t)
	for program, text := range packed {
		stream, err := base64.StdEncoding.DecodeString(text)
		must(t, err)
		into := "/dir/" + program
		must(t, os.Mkdir(c.Root.Name()+into, 0o755))
		_, err = ToContainer(c, "-", into, Options{Stdin: bytes.NewReader(stream)})
		if err != nil {
			t.Errorf("%s: %v", program, err)
			continue
		}
		content, err := os.ReadFile(c.Root.Name() + into + "/file")
		must(t, err)
		if string(content) != "content" {
			t.Errorf("%s: %q", program, content)
		}
		if _, err = ToContainer(c, "-", into, Options{Stdin: bytes.NewReader(stream[:len(stream)/2])}); err == nil {
			t.Errorf("half of what %s makes went well", program)
		}
	}
}

// TestKernelAttributes copies what a file has beside content: capabilities travel, other extended
// attributes do not, holes stay holes, and -a gives files to the container's user.
func TestKernelAttributes(t *testing.T) {
	c, host, _ := sides(t)
	file := host + "/file"
	large, err := os.Create(file)
	must(t, err)
	must(t, errors.Join(large.Truncate(64<<20), large.Close()))
	// Version 2 is 20 bytes, version 3 has 4 more for the root user it is true for: capabilities(7).
	version2 := "\x01\x00\x00\x02\x00\x20\x00\x00" + strings.Repeat("\x00", 12)
	version3 := "\x01\x00\x00\x03\x00\x20\x00\x00" + strings.Repeat("\x00", 12) + "\xe8\x03\x00\x00"
	must(t, unix.Setxattr(file, "trusted.color", []byte("blue"), 0))
	for _, value := range []string{version2, version3} {
		must(t, unix.Setxattr(file, "security.capability", []byte(value), 0))
		c.Owner = func(*tar.Header) (uid, gid int) { return 1000, 1001 }
		_, err = ToContainer(c, file, "/dir", Options{})
		must(t, err)
		copied := c.Root.Name() + "/dir/file"
		buffer := make([]byte, 100)
		n, err := unix.Getxattr(copied, "security.capability", buffer)
		must(t, err)
		if got := string(buffer[:n]); got != version2 {
			t.Errorf("of %q has become %q", value, got)
		}
		if _, err := unix.Getxattr(copied, "trusted.color", buffer); !errors.Is(err, unix.ENODATA) {
			t.Errorf("it has a colour: %v", err)
		}
		var stat unix.Stat_t
		must(t, unix.Stat(copied, &stat))
		if stat.Uid != 1000 || stat.Gid != 1001 || stat.Size != 64<<20 || stat.Blocks > 100 {
			t.Errorf("owner %d:%d, size %d in %d blocks", stat.Uid, stat.Gid, stat.Size, stat.Blocks)
		}
	}
}

// TestKernelReadOnly copies to where the kernel, or Docker, lets nothing be changed.
func TestKernelReadOnly(t *testing.T) {
	c, host, _ := sides(t)
	root := c.Root.Name()
	must(t, os.WriteFile(host+"/file", nil, 0o644))
	for _, dir := range []string{"/ro", "/rw"} {
		must(t, os.Mkdir(root+dir, 0o755))
	}
	err := alone.Call(func() error {
		must(t, unix.Mount(root, root, "", unix.MS_BIND, ""))
		must(t, unix.Mount("ro", root+"/ro", "tmpfs", unix.MS_RDONLY, ""))
		must(t, unix.Mount("rw", root+"/rw", "tmpfs", 0, ""))
		must(t, unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		dir, err := os.Open(root)
		must(t, err)
		defer dir.Close()
		c.Root = dir
		for to, want := range map[string]string{
			"/dir": "container rootfs is marked read-only", "/new": "container rootfs is marked read-only",
			"/ro": "mounted volume is marked read-only", "/ro/new": "mounted volume is marked read-only",
			"/rw": "", "/rw/new": "",
		} {
			_, err := ToContainer(c, host+"/file", to, Options{})
			if got := message(err); got != want {
				t.Errorf("cp file c:%s: %q, not %q", to, got, want)
			}
		}
		return nil
	})
	must(t, err)
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestKernelKernels copies from a root directory with the file systems that a container that runs has:
// those are not in it.
func TestKernelKernels(t *testing.T) {
	c, _, _ := sides(t)
	root := c.Root.Name()
	for _, dir := range []string{"/proc", "/tmp", "/volume"} {
		must(t, os.Mkdir(root+dir, 0o755))
	}
	err := alone.Call(func() error {
		must(t, unix.Mount(root, root, "", unix.MS_BIND, ""))
		must(t, unix.Mount("proc", root+"/proc", "proc", 0, ""))
		must(t, unix.Mount("tmp", root+"/tmp", "tmpfs", 0, ""))
		must(t, os.WriteFile(root+"/tmp/file", []byte("x"), 0o644))
		must(t, unix.Mount(t.TempDir(), root+"/volume", "", unix.MS_BIND, ""))
		must(t, os.WriteFile(root+"/volume/file", nil, 0o644))
		dir, err := os.Open(root)
		must(t, err)
		defer dir.Close()
		c.Root = dir
		want := []string{"/", "/dir/", "/etc/", "/proc/", "/tmp/", "/volume/", "/volume/file"}
		if diff := cmp.Diff(want, copied(t, c, "/")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"tmp/", "tmp/file"}, copied(t, c, "/tmp")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, err = FromContainer(c, "/proc/version", "-", Options{Stdout: io.Discard})
		if want := "Could not find the file /proc/version in container c"; message(err) != want {
			t.Errorf("%v, not %s", err, want)
		}
		return nil
	})
	must(t, err)
}

// copied are the names in the stream of a copy.
func copied(t *testing.T, c Container, source string) (all []string) {
	t.Helper()
	var out bytes.Buffer
	_, err := FromContainer(c, source, "-", Options{Stdout: &out})
	must(t, err)
	return names(t, &out)
}

func names(t *testing.T, in io.Reader) (all []string) {
	t.Helper()
	for entries := tar.NewReader(in); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		all = append(all, h.Name)
	}
}

// TestKernelExport exports a root directory that has mounts, from outside of its mount namespace.
func TestKernelExport(t *testing.T) {
	c, _, _ := sides(t)
	root := c.Root.Name()
	must(t, os.WriteFile(root+"/etc/hosts", nil, 0o644))
	must(t, os.Mkdir(root+"/dir/below", 0o755))
	for _, dir := range []string{"/bin", "/old"} {
		must(t, os.Mkdir(root+dir, 0o755))
	}
	// What a container has: a root directory of its own, with something mounted on it.
	cmd := exec.Command("unshare", "-m", "sh", "-ec", `
		mount --bind "$1" "$1"
		cd "$1"
		mount -t tmpfs tmpfs dir
		mount --bind /bin bin
		pivot_root . old
		echo ready
		read -r end`, "sh", root)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = stdout.Read(make([]byte, 1))
	must(t, err)
	namespace, err := os.Open("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/ns/mnt")
	must(t, err)
	defer namespace.Close()
	bare, err := Bare(namespace)
	must(t, err)
	defer bare.Close()
	var out bytes.Buffer
	must(t, Export(&out, bare))
	want := []string{"bin/", "dir/", "dir/below/", "etc/", "etc/hosts", "old/"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(names(t, &out)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, errors.Join(stdin.Close()))
	_ = cmd.Wait() // the end of its standard input is a failure of read
}

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"drydock/stage4-images/image"
)

// The tests here are against other people's programs, which read what we write and write what
// we read. They skip where those are not installed.

func need(t *testing.T, programs ...string) {
	t.Helper()
	needRoot(t)
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt-get install %s", program, program)
		}
	}
}

// realRegistry starts Debian's docker-registry, which ends with the test.
func realRegistry(t *testing.T) (host string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	host = listener.Addr().String()
	must(t, listener.Close())
	dir := t.TempDir()
	config := fmt.Sprintf("version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: %s/data}, delete: {enabled: true}}\nhttp: {addr: '%s'}\n", dir, host)
	must(t, os.WriteFile(filepath.Join(dir, "config.yml"), []byte(config), 0o600))
	cmd := exec.CommandContext(t.Context(), "docker-registry", "serve", filepath.Join(dir, "config.yml"))
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it cannot have ended before
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "listening on") {
			go func() {
				for lines.Scan() { // it would stop if nobody read what it says
				}
			}()
			return host
		}
	}
	t.Fatal("docker-registry does not start")
	return ""
}

// peer runs somebody else's program.
func peer(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", program, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// ours runs the tool, which has to work.
func ours(t *testing.T, root string, args ...string) string {
	t.Helper()
	stdout, stderr, code := does(t, root, "", args...)
	if code != 0 {
		t.Fatalf("drydock %s: %s", strings.Join(args, " "), stderr)
	}
	return stdout
}

// find returns an image of a store, in which all is as it should be.
func find(t *testing.T, root, ref string) image.Image {
	t.Helper()
	verifies(t, root)
	s, err := image.Open(root)
	must(t, err)
	img, err := s.Find(ref)
	must(t, err)
	return img
}

// same compares what is to be the same wherever an image has been: its id and the diff ids.
func same(t *testing.T, want, got image.Image) {
	t.Helper()
	if d := cmp.Diff([]any{want.ID(), want.Config.RootFS.DiffIDs}, []any{got.ID(), got.Config.RootFS.DiffIDs}); d != "" {
		t.Error(d)
	}
}

// TestPeerRegistry pushes to Debian's docker-registry and pulls from it: also what skopeo
// has put there, in OCI's and in Docker's form.
func TestPeerRegistry(t *testing.T) {
	need(t, "docker-registry", "skopeo")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	host, from := realRegistry(t), t.TempDir()
	want := addReal(t, from, host+"/a/box", 3)
	out := ours(t, from, "push", host+"/a/box")
	if got := strings.Count(out, ": Pushed\n"); got != 3 {
		t.Error(out)
	}
	s, err := image.Open(from)
	must(t, err)
	must(t, s.Tag(want.Descriptor, host+"/b/box"))
	if out := ours(t, from, "push", host+"/b/box"); strings.Count(out, ": Mounted from a/box\n") != 3 {
		t.Error(out)
	}
	if out := ours(t, from, "push", host+"/a/box"); strings.Count(out, ": Layer already exists\n") != 3 {
		t.Error(out)
	}
	var inspected struct{ Digest digest.Digest }
	must(t, json.Unmarshal([]byte(peer(t, "skopeo", "inspect", "--tls-verify=false", "docker://"+host+"/b/box")), &inspected))
	if d := cmp.Diff(want.Descriptor.Digest, inspected.Digest); d != "" {
		t.Error("the manifest is not that which is stored", d)
	}
	peer(t, "skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--format=v2s2", "docker://"+host+"/a/box", "docker://"+host+"/docker/box")
	for _, name := range []string{"a/box", "docker/box", "b/box@" + want.Descriptor.Digest.String()} {
		to := t.TempDir()
		ours(t, to, "pull", host+"/"+name)
		ref := host + "/" + name
		if !strings.Contains(name, "@") {
			ref += ":latest"
		}
		got := find(t, to, ref)
		same(t, want, got)
		if name == "docker/box" && got.Descriptor.MediaType != "application/vnd.docker.distribution.manifest.v2+json" {
			t.Error("the manifest is not Docker's:", got.Descriptor.MediaType)
		}
	}
}

// TestPeerArchives has skopeo read what we save, in both forms, and write what we load.
func TestPeerArchives(t *testing.T) {
	need(t, "skopeo")
	from, dir := t.TempDir(), t.TempDir()
	want := addReal(t, from, "box:1", 2)
	saved := filepath.Join(dir, "saved.tar")
	ours(t, from, "save", "-o", saved, "box:1")
	for _, source := range []string{"docker-archive:" + saved + ":docker.io/library/box:1", "oci-archive:" + saved + ":1"} {
		for format, name := range map[string]string{"docker-archive:": "box:2", "oci-archive:": "box:2"} {
			file := filepath.Join(dir, "theirs.tar")
			_ = os.Remove(file) // it may not be there
			peer(t, "skopeo", "copy", source, format+file+":"+name)
			to := t.TempDir()
			if d := cmp.Diff("Loaded image: box:2\n", ours(t, to, "load", "-i", file)); d != "" {
				t.Error(source, format, d)
			}
			got := find(t, to, "box:2")
			if source[:3] != format[:3] {
				got.Manifest.Config.Digest = want.ID() // the config is written anew, in the other form
			}
			same(t, want, got)
		}
	}
}

// TestPeerUmoci compares what we unpack with what umoci does, file by file.
func TestPeerUmoci(t *testing.T) {
	need(t, "umoci", "skopeo")
	from, to, dir := t.TempDir(), t.TempDir(), t.TempDir()
	addReal(t, from, "box:1", 1)
	saved := filepath.Join(dir, "saved.tar")
	ours(t, from, "save", "-o", saved, "box:1")
	peer(t, "skopeo", "copy", "oci-archive:"+saved+":1", "oci:"+filepath.Join(dir, "layout")+":1")
	peer(t, "umoci", "unpack", "--image", filepath.Join(dir, "layout")+":1", filepath.Join(dir, "bundle"))
	ours(t, to, "load", "-i", saved)
	s, err := image.Open(to)
	must(t, err)
	layers, err := s.Unpack(find(t, to, "box:1"), apply)
	must(t, err)
	want, err := diffID(filepath.Join(dir, "bundle", "rootfs"))
	must(t, err)
	got, err := diffID(layers[0])
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
}

// TestPeerPodman has podman load what we save, and save what we load, in its own two forms.
func TestPeerPodman(t *testing.T) {
	need(t, "podman")
	from, dir := t.TempDir(), t.TempDir()
	want := addReal(t, from, "box:1", 2)
	saved := filepath.Join(dir, "saved.tar")
	ours(t, from, "save", "-o", saved, "box:1")
	podman := func(args ...string) string {
		return peer(t, "podman", append([]string{"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"), "--storage-driver", "vfs"}, args...)...)
	}
	if out := podman("load", "-i", saved); !strings.Contains(out, "docker.io/library/box:1") {
		t.Error(out)
	}
	for _, format := range []string{"docker-archive", "oci-archive"} {
		file := filepath.Join(dir, format)
		podman("save", "--format", format, "-o", file, "docker.io/library/box:1")
		to := t.TempDir()
		if d := cmp.Diff("Loaded image: box:1\n", ours(t, to, "load", "-i", file)); d != "" {
			t.Error(format, d)
		}
		same(t, want, find(t, to, "box:1"))
	}
}

package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/testregistry"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// needRoot skips what unpacks real layers where it cannot.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("owners and overlayfs's attributes are root's: make test runs this in the VM")
	}
	if os.Getenv("DRYDOCK_VM") == "1" {
		t.Setenv("TMPDIR", "/var/lib/drydock") // its /tmp has no user attributes on Linux 6.1
	}
}

// addReal makes an image of real layers, of many small files that cannot be compressed, and one
// that the layer below has too.
func addReal(t testing.TB, root, name string, layers int) image.Image {
	t.Helper()
	s, err := image.Open(root)
	must(t, err)
	random := rand.NewChaCha8([32]byte{1})
	config := ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}, RootFS: ocispec.RootFS{Type: "layers"}}
	var blobs []ocispec.Descriptor
	for n := range layers {
		var blob bytes.Buffer
		hash, out := digest.Canonical.Digester(), layer.Compress(&blob)
		archive := tar.NewWriter(io.MultiWriter(out, hash.Hash()))
		for dir := range 2 {
			must(t, archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: fmt.Sprintf("layer%d/", dir), Mode: 0o755}))
		}
		for file := range 60 {
			content := make([]byte, 4096)
			_, err := random.Read(content)
			must(t, err)
			must(t, archive.WriteHeader(&tar.Header{Name: fmt.Sprintf("layer%d/%d", n*file%2, file), Mode: 0o644, Size: int64(len(content))}))
			_, err = archive.Write(content)
			must(t, err)
		}
		must(t, errors.Join(archive.Close(), out.Close()))
		desc, err := s.Put(ocispec.MediaTypeImageLayerGzip, &blob, "")
		must(t, err)
		blobs, config.RootFS.DiffIDs = append(blobs, desc), append(config.RootFS.DiffIDs, hash.Digest())
	}
	img, err := s.Add(config, blobs, name)
	must(t, err)
	return img
}

func diffID(dir string) (digest.Digest, error) {
	hash := digest.Canonical.Digester()
	err := layer.Write(hash.Hash(), dir)
	return hash.Digest(), err
}

// verifies checks a store, and that nothing in it is half, and returns the images' names.
func verifies(t testing.TB, root string) (found []string) {
	t.Helper()
	s, err := image.Open(root)
	must(t, err)
	for _, problem := range s.Fsck(apply, diffID) {
		t.Error(problem)
	}
	for _, left := range names(t, s.Drafts) {
		if !strings.HasSuffix(left, "lock") {
			t.Error("the next start leaves", left)
		}
	}
	all, err := s.List()
	must(t, err)
	for _, img := range all {
		found = append(found, img.Names...)
	}
	return found
}

// killed waits for the end of a process, which has been killed or not.
func killed(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
}

// TestRootKillPull kills pulls, when the registry has sent a random number of bytes or the
// pull has written a random number of lines. The store verifies, and the next pull works.
func TestRootKillPull(t *testing.T) {
	needRoot(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	r, from := testregistry.New(t), t.TempDir()
	img := addReal(t, from, r.Host+"/box", 3)
	if _, stderr, code := does(t, from, "", "push", r.Host+"/box"); code != 0 {
		t.Fatal(stderr)
	}
	total := img.Manifest.Layers[0].Size + img.Manifest.Layers[1].Size + img.Manifest.Layers[2].Size
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range 30 {
		root := t.TempDir()
		cmd := tool(t, root, "pull", r.Host+"/box")
		out, err := cmd.StdoutPipe()
		must(t, err)
		bytes, lines := random.Int64N(total), 1<<30
		if n%2 == 1 {
			bytes, lines = 1<<60, random.IntN(13)
		}
		must(t, cmd.Start())
		killAfter(r, bytes, cmd.Process)
		for scanner := bufio.NewScanner(out); scanner.Scan(); lines-- {
			if lines <= 0 {
				_ = cmd.Process.Kill() // it may have ended
			}
		}
		killed(t, cmd)
		r.SetFault(nil)
		verifies(t, root)
		if _, stderr, code := does(t, root, "", "pull", "-q", r.Host+"/box"); code != 0 {
			t.Error(stderr)
		}
		if all := verifies(t, root); len(all) != 1 {
			t.Error(all)
		}
	}
}

// killAfter has a registry kill a process when it has sent it that many bytes of blobs.
func killAfter(r *testregistry.Registry, left int64, process *os.Process) {
	var sent atomic.Int64
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if strings.Contains(request.URL.Path, "/blobs/") {
			w = counting{w, func(n int) {
				if sent.Add(int64(n)) >= left {
					_ = process.Kill() // it may have ended
				}
			}}
		}
		registry.ServeHTTP(w, request)
	})
}

type counting struct {
	http.ResponseWriter
	count func(int)
}

// Write is part of http.ResponseWriter.
func (c counting) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var some int
		some, err = c.ResponseWriter.Write(p[:min(len(p), 8192)])
		if flusher, canFlush := c.ResponseWriter.(http.Flusher); canFlush {
			flusher.Flush()
		}
		n, p = n+some, p[some:]
		c.count(some)
	}
	return n, err
}

// TestRootKillLoad kills loads, when a random number of bytes has been read, or all of them: while it unpacks.
func TestRootKillLoad(t *testing.T) {
	needRoot(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	from := t.TempDir()
	addReal(t, from, "box", 3)
	archive, stderr, code := does(t, from, "", "save", "box")
	if code != 0 {
		t.Fatal(stderr)
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		root := t.TempDir()
		cmd := tool(t, root, "load")
		stdin, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		n := min(random.IntN(len(archive)*3/2), len(archive))
		_, _ = io.CopyN(stdin, strings.NewReader(archive), int64(n)) // all of it, unless it has ended
		must(t, cmd.Process.Kill())
		killed(t, cmd)
		if all := verifies(t, root); len(all) != 0 && n < len(archive) {
			t.Error("half an archive is taken:", all)
		}
		if blobs := names(t, filepath.Join(root, "images/blobs/sha256")); len(blobs) != 0 && n < len(archive) {
			t.Error(blobs)
		}
		if _, stderr, code := does(t, root, archive, "load"); code != 0 {
			t.Error(stderr)
		}
		if all := verifies(t, root); len(all) != 1 {
			t.Error(all)
		}
	}
}

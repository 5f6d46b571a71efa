package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// large is an image of 350 MB in five layers: the Go that is installed here, many small files and some large.
const large = "bench/large"

// recent is how long ext4 gives no inode to a new file that was another's shortly before (RECENTCY_DIRTY in fs/ext4/ialloc.c): whoever
// comes after somebody who has cleaned up would pay for that.
const recent = 40 * time.Second

func (b *bench) largeArchive() (layout, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return layout{}, fmt.Errorf("the large image is made of an installed Go: %w", err)
	}
	root := strings.TrimSpace(string(out))
	return pack(filepath.Join(b.dir, "large.tar"), large, [][]string{
		{"-C", root, "src/cmd"},
		{"-C", root, "--exclude", "src/cmd", "src", "test"},
		{"-C", root, "--transform", "s,^,b/,", "pkg", "bin"},
		{"-C", root, "--transform", "s,^,c/,", "pkg", "api", "lib", "doc"},
		{"-C", root, "--transform", "s,^,d/,", "pkg", "bin"},
	})
}

// images measures to load and unpack the large image, to save it, and to pull it from a registry on this machine.
func (b *bench) images() error {
	l, err := b.largeArchive()
	if err != nil {
		return err
	}
	archive := l.dir + ".tar"
	verbs := []struct {
		what string
		args []string
		all  bool // begins without the image
	}{
		{"load and unpack 350 MB", []string{"load", "-q", "-i", archive}, true},
		{"save 350 MB", []string{"save", "-o", filepath.Join(b.dir, "saved.tar"), large}, false},
		{"pull 350 MB from this machine", []string{"pull", "-q", "127.0.0.1:5000/" + large}, true},
	}
	for _, t := range b.tools {
		stop, err := l.registry(t.world)
		if err != nil {
			return err
		}
		defer stop()
	}
	for _, verb := range verbs {
		memory := &result{what: "peak memory: " + verb.what, unit: "MB", numbers: map[string][]float64{}}
		var turns []turn
		for _, t := range b.tools {
			turns = append(turns, turn{t.name, func() (float64, error) {
				if verb.all {
					if err := b.settle(t); err != nil {
						return 0, err
					}
				}
				_ = os.Remove(filepath.Join(b.dir, "saved.tar")) // podman writes to no file that is there
				seconds, peak, err := t.weigh(verb.args)
				memory.add(t.name, peak)
				return seconds, err
			}})
		}
		if verb.args[0] == "load" {
			turns = append(turns, b.skopeo(archive)...)
		}
		b.contest(verb.what, "s", b.few(), turns)
		b.results = append(b.results, memory)
	}
	return nil
}

// few is how often what takes long is measured.
func (b *bench) few() int {
	if b.quick {
		return 1
	}
	return 5
}

// settle removes the large image, by any of its names, and waits until that costs nothing any more.
func (b *bench) settle(t *tool) error {
	for _, name := range []string{large, "127.0.0.1:5000/" + large} {
		_, _ = t.do("rmi", "-f", name) // it is not there
	}
	if !b.quick {
		time.Sleep(recent / time.Duration(len(b.tools)))
	}
	return nil
}

// weigh runs a command, and returns seconds, and the megabytes that its largest process had, or the tool's daemon.
func (t *tool) weigh(args []string) (seconds, peak float64, err error) {
	if t.daemon != 0 { // 5 has VmHWM begin anew: proc(5)
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", t.daemon), []byte("5"), 0); err != nil {
			return 0, 0, err
		}
	}
	if t.name == "podman" && args[0] == "pull" {
		args = append([]string{"pull", "--tls-verify=false"}, args[1:]...)
	}
	cmd := t.command(args...)
	ms, err := t.time(cmd)
	if err != nil {
		return 0, 0, err
	}
	peak = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	if t.daemon != 0 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.daemon))
		if err != nil {
			return 0, 0, err
		}
		var kib float64
		if _, err := fmt.Sscanf(string(text[max(0, bytes.Index(text, []byte("VmHWM:"))):]), "VmHWM: %f", &kib); err != nil {
			return 0, 0, err
		}
		peak = max(peak, kib/1024)
	}
	return ms / 1000, peak, nil
}

// skopeo is a peer for loading: with umoci, which unpacks.
func (b *bench) skopeo(archive string) []turn {
	if !has("skopeo") || !has("umoci") {
		return nil
	}
	dir := filepath.Join(b.dir, "umoci")
	script := fmt.Sprintf("skopeo copy -q docker-archive:%s oci:%s/oci:large && umoci unpack --image %[2]s/oci:large %[2]s/bundle", archive, dir)
	return []turn{{"skopeo+umoci", func() (float64, error) {
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
			return 0, err
		}
		began := time.Now()
		out, err := exec.Command("sh", "-ec", script).CombinedOutput()
		took := time.Since(began).Seconds()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		}
		return took, errors.Join(err, os.RemoveAll(dir))
	}}}
}

// registry serves the layout on 127.0.0.1:5000 of a world: as much of the distribution API as a pull needs.
func (l layout) registry(w *world) (stop func() error, err error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{$}", func(http.ResponseWriter, *http.Request) {})
	serve := func(w http.ResponseWriter, r *http.Request, digest, kind string) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Docker-Content-Digest", digest)
		http.ServeFile(w, r, filepath.Join(l.dir, path(descriptor{Digest: digest})))
	}
	mux.HandleFunc("GET /v2/"+large+"/manifests/{reference}", func(w http.ResponseWriter, r *http.Request) { serve(w, r, l.digest, manifestType) })
	mux.HandleFunc("GET /v2/"+large+"/blobs/{digest}", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, r.PathValue("digest"), "application/octet-stream")
	})
	var listener net.Listener
	err = w.call(func() error {
		listener, err = net.Listen("tcp", "127.0.0.1:5000")
		return err
	})
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is stopped
	return server.Close, nil
}

// commits measures an image made of a container in which so many files have changed.
func (b *bench) commits() error {
	for _, number := range []string{"1", "100", "10000"} {
		for _, t := range b.tools {
			if _, err := t.do("run", "--name", "changed", image, "bench", "files", number); err != nil {
				return err
			}
		}
		var turns []turn
		for _, t := range b.tools {
			turns = append(turns, turn{t.name, func() (float64, error) {
				ms, err := t.do("commit", "changed", "bench/changed")
				if err == nil {
					_, err = t.do("rmi", "bench/changed")
				}
				return ms, err
			}})
		}
		b.contest("commit of "+number+" changed files", "ms", b.rounds(7), turns)
		for _, t := range b.tools {
			if _, err := t.do("rm", "changed"); err != nil {
				return err
			}
		}
	}
	return nil
}

// files is what runs in that container: it writes so many, of a kilobyte each.
func files(args []string) error {
	var number int
	if _, err := fmt.Sscan(args[1], &number); err != nil {
		return err
	}
	content := bytes.Repeat([]byte(runtime.GOARCH+"\n"), 1024/len(runtime.GOARCH+"\n"))
	for i := range number {
		dir := fmt.Sprintf("/changed/%d", i/100)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%d", dir, i), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

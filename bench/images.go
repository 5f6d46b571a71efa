package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// large is an image of 350 MB in five layers: the Go that is installed here, many small files and some large.
const large = "bench/large"

// recent is how long ext4 gives no inode to a new file that was another's shortly before (RECENTCY_MIN and _DIRTY in
// fs/ext4/ialloc.c): whoever comes after somebody who has cleaned up would pay for that.
const recent = 40 * time.Second

func (b *bench) largeArchive() (layout, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return layout{}, fmt.Errorf("the large image is made of an installed Go: %w", err)
	}
	root := strings.TrimSpace(string(out))
	return pack(b.path("large.tar"), large, [][]string{
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
	for _, t := range b.tools {
		stop, err := l.registry(t.world)
		if err != nil {
			return err
		}
		defer stop() //nolint:errcheck // it has served
	}
	archive := l.dir + ".tar"
	b.heavy(loading, b.removed, []string{"load", "-q", "-i", archive}, b.skopeo(archive)...)
	b.heavy("save 350 MB", nil, []string{"save", large}) // to /dev/null
	b.heavy("pull 350 MB from this machine", b.removed, []string{"pull", "-q", "127.0.0.1:5000/" + large})
	return nil
}

// heavy is a contest in what takes seconds, and memory. Each round begins with ready.
func (b *bench) heavy(what string, ready func() error, args []string, others ...turn) {
	memory := newResult("peak memory: "+what, "MB")
	turns := b.turns(func(t *tool) (float64, error) {
		seconds, peak, err := t.weigh(args)
		if err == nil {
			memory.add(t.name, peak)
		}
		return seconds, err
	})
	turns[0].before = ready
	b.contest(what, "s", b.rounds(2), append(turns, others...))
	b.results = append(b.results, memory)
}

// removed removes the large image from all tools, by any of its names, and waits until that costs nothing any more.
func (b *bench) removed() error {
	for _, t := range b.tools {
		for _, name := range []string{large, "127.0.0.1:5000/" + large} {
			_, _ = t.do("rmi", "-f", name) // it may not be there
		}
	}
	if !b.quick {
		<-time.After(recent)
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
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = float64(usage.Maxrss) / 1024
	}
	if t.daemon != 0 {
		highest, err := kilobytes(fmt.Sprintf("/proc/%d/status", t.daemon), "VmHWM")
		if err != nil {
			return 0, 0, err
		}
		peak = max(peak, highest/1024)
	}
	return ms / 1000, peak, nil
}

// skopeo is a peer for loading: with umoci, which unpacks.
func (b *bench) skopeo(archive string) []turn {
	if !has("skopeo") || !has("umoci") {
		return nil
	}
	dir := b.path("umoci")
	script := fmt.Sprintf("skopeo copy -q docker-archive:%s oci:%s/oci:large && umoci unpack --image %[2]s/oci:large %[2]s/bundle", archive, dir)
	return []turn{{tool: "skopeo+umoci", do: func() (float64, error) {
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

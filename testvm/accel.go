package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// probeLimit is how long a VM may take to boot, and end, for its accelerator
// to count as working. With one that works it takes a second or two.
const probeLimit = 15 * time.Second

// candidate is the accelerator that could run guests of arch on this machine
// at its own speed, or "".
func candidate(system, machine, guest string, readable func(string) bool) string {
	switch {
	case machine != guest:
		return ""
	case system == "darwin":
		return "hvf"
	case system == "linux" && readable("/dev/kvm"):
		return "kvm"
	}
	return ""
}

// chooseAccelerator returns the fastest accelerator that can boot a VM here.
// That /dev/kvm is there does not say that it works (on rented machines it may
// hang at the first instruction), so it is tried once, with a time limit, and
// the answer kept in the user's cache.
func (o *options) chooseAccelerator(ctx context.Context, manifest Manifest, log io.Writer) (string, error) {
	name := candidate(runtime.GOOS, runtime.GOARCH, manifest.Arch, canOpen)
	if name == "" {
		return "tcg", nil
	}
	cache, err := answerFile(manifest.Arch)
	if err != nil {
		return "", err
	}
	if answer, err := os.ReadFile(cache); err == nil {
		return strings.TrimSpace(string(answer)), nil
	}
	fmt.Fprintf(log, "testvm: trying once whether %s can boot a VM here; the answer is kept in %s\n", name, cache)
	if works, err := o.probe(ctx, name); err != nil {
		return "", err
	} else if !works {
		name = "tcg"
	}
	// An answer that cannot be kept is asked for again the next time.
	_ = os.MkdirAll(filepath.Dir(cache), 0o755)
	_ = os.WriteFile(cache, []byte(name+"\n"), 0o644)
	return name, nil
}

// probe boots a VM that does nothing.
func (o *options) probe(ctx context.Context, accelerator string) (works bool, err error) {
	empty, err := os.MkdirTemp("", "testvm-probe-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(empty)
	trial := *o
	trial.accelerator, trial.timeout = accelerator, probeLimit
	status, err := trial.boot(ctx, Cargo{Checkout: empty, Command: "true"}, Stdio{nil, io.Discard, io.Discard})
	var failure *vmFailure
	if ctx.Err() == nil && errors.As(err, &failure) {
		return false, nil
	}
	return err == nil && status == 0, err
}

// canOpen reports whether this user may use a device.
func canOpen(device string) bool {
	file, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// answerFile is where the answer for this machine and this QEMU is kept.
func answerFile(arch string) (string, error) {
	program, err := findEmulator(arch)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		folder = os.TempDir()
	}
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	// A new kernel may do better; other systems than Linux have no such file.
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	key := sha256.Sum256(fmt.Appendln(nil, host, string(kernel), program, info.Size(), info.ModTime()))
	return filepath.Join(folder, "drydock", fmt.Sprintf("accelerator-%s-%x", arch, key[:6])), nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestExitStatus(t *testing.T) {
	for _, test := range []struct {
		report string
		status int
		ok     bool
	}{
		{"started\nexit 0\n", 0, true},
		{"started\nexit 255\n", 255, true},
		{"", 0, false},
		{"started\n", 0, false},
		{"started\nexit 1", 0, false}, // cut off: it may have been 12
		{"started\nexit 256\n", 0, false},
		{"started\nexit -1\n", 0, false},
		{"exit 0\n", 0, false},
		{"started\nexit 0\nexit 0\n", 0, false},
	} {
		status, ok := exitStatus(test.report)
		if status != test.status || ok != test.ok {
			t.Errorf("%q: got %d, %v, want %d, %v", test.report, status, ok, test.status, test.ok)
		}
	}
}

// fakeVM is a VM whose emulator is a shell script: its file descriptors are
// what QEMU would have, $CONSOLE is the file of its console.
func fakeVM(t *testing.T, script string) (VM, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	program, _ := emulator("amd64")
	if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("CONSOLE", filepath.Join(dir, "console"))
	var out, errs bytes.Buffer
	return VM{Machine: Machine{Arch: "amd64"}, Dir: dir, Stdio: Stdio{nil, &out, &errs}}, &out, &errs
}

func TestRunPassesOn(t *testing.T) {
	vm, out, errs := fakeVM(t, `echo started >&3; printf 'a\0b' >&4; printf 'c\r\n' >&5; echo exit 7 >&3`)
	status, err := vm.run(context.Background())
	if status != 7 || err != nil {
		t.Errorf("got %d, %v, want 7", status, err)
	}
	if out.String() != "a\x00b" || errs.String() != "c\r\n" {
		t.Errorf("stdout %q, stderr %q, want \"a\\x00b\" and \"c\\r\\n\"", out, errs)
	}
}

// TestFailuresOfTheVM: however the VM ends without a status, that is no status
// of the command, and the message says how it ended.
func TestFailuresOfTheVM(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"panic", `echo started >&3; echo "[1] Kernel panic - not syncing: why" >$CONSOLE`, "its kernel panicked while the command ran"},
		{"early panic", `echo "[1] Kernel panic - not syncing: why" >$CONSOLE`, "its kernel panicked while it booted"},
		{"turned off", `echo started >&3`, "it was turned off while the command ran"},
		{"emulator", `echo "no such machine" >&2; exit 1`, "QEMU: exit status 1: no such machine"},
		{"half a status", `echo started >&3; printf 'exit 1' >&3`, "it was turned off while the command ran"},
	} {
		t.Run(test.name, func(t *testing.T) {
			vm, _, _ := fakeVM(t, test.script)
			_, err := vm.run(context.Background())
			var failure *vmFailure
			if !errors.As(err, &failure) || failure.cause.Error() != test.want {
				t.Errorf("got %v, want a failure of the VM: %s", err, test.want)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	vm, _, _ := fakeVM(t, `echo started >&3; echo last words >$CONSOLE; exec sleep 1000`)
	vm.Limit = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := vm.run(ctx)
	var limit limitError
	if !errors.As(err, &limit) {
		t.Fatalf("got %v, want a limitError", err)
	}
	if want := "it was stopped after 2s, while the command ran"; !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "last words") {
		t.Errorf("got %v, want %s and the console", err, want)
	}
}

func TestConsoleTail(t *testing.T) {
	noise := strings.Repeat("noise\n", 100)
	file := filepath.Join(t.TempDir(), "console")
	if err := os.WriteFile(file, []byte(noise+"before\r\n"+panicMark+": why\r\n"+noise), 0o600); err != nil {
		t.Fatal(err)
	}
	tail := consoleTail(file)
	if lines := strings.Count(tail, "\n") + 1; lines != 30 || !strings.Contains(tail, "before\n"+panicMark+": why\n") {
		t.Errorf("%d lines, want 30 with the panic among them:\n%s", lines, tail)
	}
	if tail := consoleTail(file + ".missing"); tail != "" {
		t.Errorf("a console that is not there has %q", tail)
	}
}

package hello

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"drydock/stage4-images/image"
)

// TestProgram has the files be what they should, and runs the one for this machine, and the other one too where QEMU can.
func TestProgram(t *testing.T) {
	for arch, want := range map[string]struct {
		machine elf.Machine
		qemu    string
	}{"amd64": {elf.EM_X86_64, "qemu-x86_64"}, "arm64": {elf.EM_AARCH64, "qemu-aarch64"}} {
		program := Program(arch, Text)
		f, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != want.machine || f.Type != elf.ET_EXEC || len(f.Progs) != 1 || f.Progs[0].Filesz != uint64(len(program)) || f.Entry != base+headers {
			t.Errorf("%s: %+v", arch, f.FileHeader)
		}
		if text := len(program) - len(Text); string(program[text:]) != Text || text > 200 {
			t.Errorf("%s: the text is not at the end, or there is a lot before it: %d bytes", arch, text)
		}
		path := filepath.Join(t.TempDir(), "hello")
		if err := os.WriteFile(path, program, 0o755); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
		cmd := exec.Command(path)
		if arch != runtime.GOARCH {
			if _, err := exec.LookPath(want.qemu); err != nil {
				continue
			}
			cmd = exec.Command(want.qemu, path)
		}
		if out, err := cmd.Output(); err != nil || string(out) != Text {
			t.Errorf("%s: %v, %q", arch, err, out)
		}
	}
	if got := Program("riscv64", Text); got != nil {
		t.Error("there is a program for another kind of machine")
	}
}

// TestAdd has the image be in the store once, however often it is added.
func TestAdd(t *testing.T) {
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Add(s); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.List()
	if err != nil || len(all) != 1 || len(all[0].Names) != 1 || all[0].Names[0] != Name {
		t.Errorf("%v, %+v", err, all)
	}
}

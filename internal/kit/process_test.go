package kit

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestContainerInit shows that a process which is still the program under test, on its
// way to becoming another, is not taken for the container's init: here a subshell that
// waits for a line before it becomes sleep.
func TestContainerInit(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(sh)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sh, "-c", "(echo waiting; read line; exec sleep 1000); exit 0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it has not ended, and its status is of no interest
		_ = cmd.Wait()
	}()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("the subshell says %q: %v", line, err)
	}
	if pid, found := containerInit(cmd.Process.Pid, file); found {
		t.Errorf("the waiting subshell is taken for init: %s", commandLine(pid))
	}
	if _, err := io.WriteString(stdin, "go on\n"); err != nil {
		t.Fatal(err)
	}
	pid, found := 0, false
	if !poll(10*time.Second, func() bool { pid, found = containerInit(cmd.Process.Pid, file); return found }) {
		t.Fatal("sleep is not found")
	}
	if got := commandLine(pid); got != "sleep 1000" {
		t.Errorf("init is %q", got)
	}
	if process, err := os.FindProcess(pid); err != nil || process.Kill() != nil {
		t.Errorf("kill sleep: %v", err)
	}
	if !poll(10*time.Second, func() bool { return gone(pid) }) {
		t.Error("a killed process is not gone")
	}
}

func TestParseStat(t *testing.T) {
	for _, test := range []struct {
		line string
		want process
		ok   bool
	}{
		{"12 (sh) S 7 12 12 0", process{pid: 12, parent: 7}, true},
		{"12 (a) R (b c) Z 7 12", process{pid: 12, parent: 7, zombie: true}, true},
		{"12 (dead) X 0 0", process{pid: 12, zombie: true}, true},
		{"12 (sh) S", process{}, false},
		{"", process{}, false},
	} {
		got, ok := parseStat(test.line)
		if ok != test.ok || ok && got != test.want {
			t.Errorf("parseStat(%q) = %+v, %v; want %+v, %v", test.line, got, ok, test.want, test.ok)
		}
	}
}

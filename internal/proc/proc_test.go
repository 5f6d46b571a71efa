package proc

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestAlive(t *testing.T) {
	self, err := Of(os.Getpid())
	if err != nil || !self.Alive() {
		t.Errorf("this process is %v, alive %v: %v", self, self.Alive(), err)
	}
	other, past := ID{self.Pid, self.Start + 1, self.Boot}, ID{self.Pid, self.Start, "another"}
	if other.Alive() || past.Alive() || (ID{}).Alive() {
		t.Error("a pid with another start time, or of another boot, is another process, and the zero value is none")
	}
	if !past.Past() || self.Past() || (ID{}).Past() {
		t.Error("only what was before this boot is past")
	}
	cmd := exec.Command("cat")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child, err := Of(cmd.Process.Pid)
	if err != nil || !child.Alive() {
		t.Errorf("the child is %v: %v", child, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for child.Alive() { // it becomes a zombie, which is not alive
		runtime.Gosched()
	}
	_ = cmd.Wait() // killed, as it will say
	if child.Alive() {
		t.Error("it has ended")
	}
}

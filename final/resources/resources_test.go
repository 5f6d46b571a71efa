package resources

import (
	"bufio"
	"encoding/json"
	"os"
	"path"
	"runtime"
	"strings"
	"testing"

	"drydock/internal/flags"
)

// A recorded is what a real Docker did: testdata/record.sh says what the fields are.
type recorded struct {
	Flags   []string
	Update  []string
	Command []string
	Exit    int
	Stderr  string
	Fails   string
	Before  map[string]string
	Files   map[string]string
	Limits  map[string]string
	Score   string `json:"oom_score_adj"`
	Cgroup  string // /proc/PID/cgroup, where it is not the usual one
}

// name is the case in one line.
func (r recorded) name() string {
	name := strings.Join(r.Flags, " ")
	if r.Update != nil {
		name += " update " + strings.Join(r.Update, " ")
	}
	return name
}

// different are the cases in which we differ on purpose from what was recorded.
var different = map[string]string{
	"--memory 6m":      "a limit, as for Docker; its init did not fit into it",
	"--memory 6291456": "the same",
	"--memory 64m --cpus 0.5 --pids-limit 100 update ":                               "not to change anything is the command's to refuse",
	"--memory 64m --cpus 0.5 --pids-limit 100 update --cpuset-mems 1":                "Docker leaves it to the kernel, we say which nodes there are",
	"--memory 64m --cpus 0.5 --pids-limit 100 update --memory 128m --memory-swap -1": "Docker notes -1 and writes 0",
	"--memory 64m --cpus 0.5 --pids-limit 100 update --memory-swap -1":               "Docker notes -1 and changes nothing",
}

// cases returns the recorded cases of flags that we have.
func cases(t *testing.T) []recorded {
	t.Helper()
	file, err := os.Open("testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []recorded
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if r.Command == nil && r.Flags != nil && !foreign(r) {
			all = append(all, r)
		}
	}
	if len(all) < 400 {
		t.Fatalf("only %d cases", len(all))
	}
	return all
}

// foreign are cases of flags that Drydock does not have, and of another machine's CPUs
// and disks.
func foreign(r recorded) bool {
	name := r.name()
	for _, flag := range []string{"--memory-swappiness", "--kernel-memory", "--oom-kill-disable", "--shm-size", "--cpu-rt-", "--blkio-weight-device", "--cgroupns", "--restart"} {
		if strings.Contains(name, flag) {
			return true
		}
	}
	if _, err := os.Stat("/dev/vda"); err != nil && strings.Contains(name, "/dev/") {
		return true
	}
	return runtime.NumCPU() != 2 && (strings.Contains(name, "--cpus") || strings.Contains(name, "--cpuset"))
}

// parse reads a command line as Docker's client and daemon do together.
func parse(args []string) (Resources, error) {
	var r Resources
	if _, err := flags.Parse(Flags(&r), args); err != nil {
		return r, err
	}
	return r, r.Validate()
}

// said is the essence of what Docker said: the last clause of the first line, however
// it begins.
func said(stderr string) string {
	line, _, _ := strings.Cut(stderr, "\n")
	for _, prefix := range []string{"docker: ", "Error response from daemon: ", "Cannot update container ID: ", "runc did not terminate successfully: exit status 1: "} {
		line = strings.TrimPrefix(line, prefix)
	}
	return strings.ToLower(strings.TrimRight(line, ". "))
}

// TestWords compares what is refused, and how, with what Docker refused.
func TestWords(t *testing.T) {
	for _, r := range cases(t) {
		if different[r.name()] != "" || r.Fails == "start" {
			continue // to start takes a kernel: TestKernelDocker
		}
		_, err := parse(r.Flags)
		if r.Update != nil && err == nil {
			err = update(r)
		}
		switch {
		case r.Exit == 0 && err != nil:
			t.Errorf("%s: refused, and Docker takes it: %v", r.name(), err)
		case r.Exit != 0 && err == nil:
			t.Errorf("%s: taken, and Docker refuses it: %s", r.name(), r.Stderr)
		case r.Exit != 0 && said(err.Error()) != said(r.Stderr):
			t.Errorf("%s:\nwe say     %v\nDocker says %s", r.name(), err, said(r.Stderr))
		}
	}
}

// update parses the flags of an update and applies it to the container's.
func update(r recorded) error {
	before, err := parse(r.Flags)
	if err != nil {
		return err
	}
	var change Resources
	if _, err := flags.Parse(UpdateFlags(&change), r.Update); err != nil {
		return err
	}
	_, _, err = before.Update(change)
	return err
}

// TestParent compares where the container's cgroup is with where it was under Docker.
func TestParent(t *testing.T) {
	count := 0
	for _, r := range cases(t) {
		if r.Exit != 0 || r.Update != nil || !strings.Contains(r.name(), "--cgroup-parent") {
			continue
		}
		resources, err := parse(r.Flags)
		if err != nil {
			t.Fatal(err)
		}
		want := "/docker"
		if r.Cgroup != "" {
			want = path.Dir(strings.TrimPrefix(strings.TrimSpace(r.Cgroup), "0::"))
		}
		if got := resources.Parent("/docker"); got != want {
			t.Errorf("%s: %s, and under Docker it was %s", r.name(), got, want)
		}
		count++
	}
	if count < 10 {
		t.Errorf("only %d cases", count)
	}
}

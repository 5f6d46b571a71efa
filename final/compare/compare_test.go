package compare

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var (
	record = flag.String("record", "", "ask Docker, and write its answers to this `file`, instead of comparing")
	write  = flag.Bool("write", false, "write docs/differences.md")
)

const differencesFile = "../../docs/differences.md"

// A recording is what Docker answered, and which Docker that was.
type recording struct {
	Client  string   `json:"client"`
	Server  string   `json:"server"` // library-import, if it was built by go install
	API     string   `json:"api"`    // tells which it is: 1.56 is Docker 29's
	Answers []answer `json:"answers"`
}

func readCases(t *testing.T) []section {
	t.Helper()
	text, err := os.ReadFile("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	sections, err := parse(string(text))
	if err != nil {
		t.Fatalf("testdata/cases: %v", err)
	}
	return sections
}

func readRecording(t *testing.T, file string) recording {
	t.Helper()
	var r recording
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatalf("read what Docker answered: %v", err)
	}
	return r
}

// TestRootCompare asks Drydock what Docker was asked. With -record it asks Docker.
func TestRootCompare(t *testing.T) {
	if *record != "" {
		recordDocker(t)
		return
	}
	askSections(t, func(s section) bool { return !s.vm || controllers() && !inVM() })
}

// TestKernelCompare asks the rest: what only a machine with the cgroup controllers can answer.
func TestKernelCompare(t *testing.T) {
	askSections(t, func(s section) bool { return s.vm && controllers() })
}

func askSections(t *testing.T, wanted func(section) bool) {
	t.Helper()
	program := drydock(t)
	docker := map[string]answer{}
	for _, a := range readRecording(t, "testdata/docker.json").Answers {
		docker[a.key()] = a
	}
	why, differ, asked := reasons(differences), []string{}, 0
	for _, s := range readCases(t) {
		if !wanted(s) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			answers := askDrydock(t, program, s)
			asked += len(answers)
			for _, report := range compare(docker, answers, why) {
				differ = append(differ, report.key)
				t.Errorf("%s", report.text)
			}
		})
	}
	t.Logf("%d of %d lines are not as recorded:\n%s", len(differ), asked, strings.Join(differ, "\n"))
}

// drydock returns the program to be compared; $DRYDOCK_BIN names another than bin/drydock.
func drydock(t *testing.T) string {
	t.Helper()
	program := os.Getenv("DRYDOCK_BIN")
	if program == "" {
		program = "../../bin/drydock"
	}
	program, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("find the program to compare: %v; run make build", err)
	}
	return program
}

// askDrydock asks in a network namespace and a state root that are the section's own.
func askDrydock(t *testing.T, program string, s section) []answer {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: the thread, which is in the namespace, ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	// Docker's host passes packets on, and says nothing of it.
	const network = "ip link set lo up && echo 1 >/proc/sys/net/ipv4/ip_forward"
	if out, err := exec.Command("sh", "-c", network).CombinedOutput(); err != nil {
		t.Fatalf("set the network up: %v: %s", err, out)
	}
	state, group := workFolder(t), fmt.Sprintf("drydock-%d", os.Getpid())
	us := tool{program: program, env: []string{
		"DRYDOCK_ROOT=" + state, "DRYDOCK_CGROUP_PARENT=/" + group, "ROOT=" + busybox(t),
		"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"),
	}}
	dir := workFolder(t)
	answers, err := us.askAll(s, dir)
	if err != nil {
		t.Errorf("%v", err)
	}
	if a, err := us.ask(dir, clear); err != nil || a.Code != 0 {
		t.Errorf("remove what the section leaves: %v%s", err, a.Stderr)
	}
	for _, hierarchy := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/unified/"} {
		if err := os.Remove(hierarchy + group); err != nil && !os.IsNotExist(err) {
			t.Errorf("a container's group is left: %v", err)
		}
	}
	return answers
}

// workFolder makes a folder, in the VM on its disk: overlayfs cannot write to a tmpfs of all kernels.
func workFolder(t *testing.T) string {
	t.Helper()
	base := ""
	if inVM() {
		base = "/var/lib/drydock"
	}
	dir, err := os.MkdirTemp(base, "compare-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// busybox returns the folder that $ROOT of the cases is.
func busybox(t *testing.T) string {
	t.Helper()
	root := os.Getenv("ROOTFS")
	if root == "" {
		root = "../../build/busybox"
	}
	root, err := filepath.Abs(root)
	if err == nil {
		_, err = os.Stat(root)
	}
	if err != nil {
		t.Fatalf("find a busybox root: %v; make test-native makes one, $ROOTFS names another", err)
	}
	return root
}

func inVM() bool { return os.Getenv("DRYDOCK_VM") == "1" }

// controllers tells whether cgroup v2 has them here.
func controllers() bool {
	text, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	return err == nil && bytes.Contains(text, []byte("memory")) && bytes.Contains(text, []byte("cpu "))
}

// recordDocker asks the docker of $DOCKER_HOST, which loses all that it has, the sections that this machine is for.
// The answers in the others stay as they are.
func recordDocker(t *testing.T) {
	file, err := filepath.Abs(*record)
	if err != nil {
		t.Fatal(err)
	}
	var old recording
	if _, err := os.Stat(file); err == nil {
		old = readRecording(t, file)
	}
	them := tool{program: "docker", env: []string{"ROOT=" + busybox(t)}}
	version, err := exec.Command("docker", "version", "-f", `{"client": "{{.Client.Version}}", "server": "{{.Server.Version}}", "api": "{{.Server.APIVersion}}"}`).Output()
	if err != nil {
		t.Fatalf("ask Docker for its version: %v", err)
	}
	now := recording{}
	if err := json.Unmarshal(version, &now); err != nil {
		t.Fatal(err)
	}
	for _, s := range readCases(t) {
		asked := false
		if !s.vm || controllers() {
			t.Run(s.name, func(t *testing.T) {
				asked = true
				now.Answers = append(now.Answers, askDocker(t, them, s)...)
			})
		}
		for _, a := range old.Answers {
			if a.Section == s.name && !asked {
				now.Answers = append(now.Answers, a)
			}
		}
	}
	if err := os.WriteFile(file, encode(t, now), 0o600); err != nil {
		t.Fatal(err)
	}
}

func askDocker(t *testing.T, them tool, s section) []answer {
	t.Helper()
	dir := workFolder(t)
	if a, err := them.ask(dir, clear); err != nil || a.Code != 0 {
		t.Fatalf("remove what is there: %v%s", err, a.Stderr)
	}
	answers, err := them.askAll(s, dir)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// encode writes a recording with a line for each answer.
func encode(t *testing.T, r recording) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"client\": %q, \"server\": %q, \"api\": %q, \"answers\": [", r.Client, r.Server, r.API)
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for i, a := range r.Answers {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n")
		if err := lines.Encode(a); err != nil {
			t.Fatal(err)
		}
		b.Truncate(b.Len() - 1) // its newline
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

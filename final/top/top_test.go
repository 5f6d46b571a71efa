package top

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want Table
		err  string
	}{
		"others": {
			"PID CMD\n1 init\n22 ours  with spaces\n222 other\n23 \n",
			Table{[]string{"PID", "CMD"}, [][]string{{"22", "ours with spaces"}, {"23", ""}}},
			"",
		},
		"threads": {
			"PID CMD\n1 -\n- x\n22 -\n- y\n- z\n3 -\n- x",
			Table{[]string{"PID", "CMD"}, [][]string{{"22", "-"}, {"-", "y"}, {"-", "z"}}},
			"",
		},
		"other spaces": {"PID CMD\n22 a\u00a0b\u2003c\n", Table{[]string{"PID", "CMD"}, [][]string{{"22", "a\u00a0b\u2003c"}}}, ""},
		"no pid":       {"CMD\nx", Table{}, "Couldn't find PID field in ps output"},
		"no number":    {"CMD PID\nsh -c 22", Table{}, `Unexpected pid '-c': strconv.Atoi: parsing "-c": invalid syntax`},
		"nothing":      {"", Table{}, "Couldn't find PID field in ps output"},
	} {
		got, err := parse(test.text, []int{22, 23})
		if diff := cmp.Diff(test.want, got); diff != "" || message(err) != test.err {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestShort(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		now: "12:00", now.Add(-24 * time.Hour): "Nov29", now.Add(-400 * 24 * time.Hour): "2025",
	} {
		if got := started(at, now); got != want {
			t.Errorf("started at %v: %s, not %s", at, got, want)
		}
	}
	for device, want := range map[int64]string{0: "?", 34816: "pts/0", 34817: "pts/1", 1025: "tty1", 1088: "ttyS0", 1281: "?"} {
		if got := terminal(device); got != want {
			t.Errorf("device %d: %s, not %s", device, got, want)
		}
	}
	for seconds, want := range map[int64]string{0: "00:00:00", 3661: "01:01:01", 90061: "1-01:01:01"} {
		if got := duration(seconds); got != want {
			t.Errorf("%d seconds: %s, not %s", seconds, got, want)
		}
	}
}

// container starts the two processes that record.sh has in its container, and returns their pids.
func container(t *testing.T) []int {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	cmd := exec.Command("busybox", "sh", "-c", "busybox sleep 1001; true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 4242}}
	must(t, cmd.Start())
	first := cmd.Process.Pid
	t.Cleanup(func() {
		_ = syscall.Kill(-first, syscall.SIGKILL) // both may have gone
		_ = cmd.Wait()                            // it was killed
	})
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(first) + "/task/" + strconv.Itoa(first) + "/children")
		must(t, err)
		child := strings.TrimSpace(string(text))
		if words, err := os.ReadFile("/proc/" + child + "/cmdline"); child != "" && err == nil && strings.Contains(string(words), "sleep\x001001") {
			second, err := strconv.Atoi(child)
			must(t, err)
			return []int{first, second}
		}
	}
	t.Fatal("there is no second process")
	return nil
}

// changing are columns that are not the same each time.
var changing = []string{"C", "STIME", "%CPU", "%MEM", "VSZ", "RSS", "START", "TIME"}

// TestKernelRecorded has us say what Docker has said of the same two processes.
func TestKernelRecorded(t *testing.T) {
	pids := container(t)
	if _, err := exec.LookPath("ps"); err != nil {
		t.Skip("needs ps")
	}
	names := strings.NewReplacer(strconv.Itoa(pids[0]), "PID1", strconv.Itoa(pids[1]), "PID2", strconv.Itoa(os.Getpid()), "PARENT")
	count := 0
	file, err := os.Open("testdata/docker.json")
	must(t, err)
	defer file.Close()
	for lines := json.NewDecoder(bufio.NewReader(file)); ; count++ {
		var r struct {
			Words          []string
			Stdout, Stderr string
		}
		err := lines.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if r.Words == nil || slices.Contains(r.Words, "f") { // which fails by what there is on the terminal
			continue
		}
		table, err := List(pids, r.Words)
		if want := strings.TrimSpace(strings.TrimPrefix(r.Stderr, "Error response from daemon: ")); message(err) != want {
			t.Errorf("%q: %v, Docker says %s", r.Words, err, want)
		}
		var out bytes.Buffer
		if err == nil {
			must(t, table.Write(&out))
		}
		if diff := cmp.Diff(columns(r.Stdout), columns(names.Replace(out.String()))); diff != "" {
			t.Errorf("%q: (-Docker +ours):\n%s", r.Words, diff)
		}
	}
	if count < 20 {
		t.Errorf("only %d cases", count)
	}
}

// columns are the values of a table, but those that change.
func columns(text string) (rows [][]string) {
	var titles []string
	for line := range strings.Lines(text) {
		var row []string
		values := regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1)
		if titles == nil {
			titles = values
		}
		for i, value := range values {
			if i < len(titles) && !slices.Contains(changing, titles[i]) {
				row = append(row, value)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// TestKernelWithoutPs compares what we read in /proc with what ps says.
func TestKernelWithoutPs(t *testing.T) {
	pids := container(t)
	t.Setenv("LC_ALL", "C")
	diff := "none"
	for try := 0; diff != "" && try < 10; try++ { // a second may begin in between
		want, err := List(pids, nil)
		must(t, err)
		got, err := fromProc(append(pids, 1<<30)) // one is gone
		must(t, err)
		diff = cmp.Diff(want, got)
	}
	if diff != "" {
		t.Errorf("(-ps +ours):\n%s", diff)
	}
	t.Setenv("PATH", "")
	table, err := List(pids, nil)
	if err != nil || len(table.Processes) != 2 {
		t.Errorf("without ps: %v, %v", table, err)
	}
	_, err = List(pids, []string{"aux"})
	if want := `ps: exec: "ps": executable file not found in $PATH: install it, procps in Debian, or give no options`; message(err) != want {
		t.Errorf("%v, not %s", err, want)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

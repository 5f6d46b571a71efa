package stats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/stage2-cgroups/cgroup"
)

// TestRows computes what two looks say.
func TestRows(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	one := Container{Asked: "web", ID: id, Name: "web", Cgroup: "x", Pid: 1}
	before := look{map[string]meters{id: {cpu: 1e9}}, host{100e9, 4}}
	for name, test := range map[string]struct {
		now  meters
		want Row
	}{
		"all": {
			meters{cpu: 2e9, memory: 6_500_000, limit: 1 << 30, read: 1_234_567, written: 0, in: 1300, out: 126, pids: 3},
			Row{"1.23MB / 0B", "50.00%", "web", id[:12], "0.61%", "6.199MiB / 1GiB", "web", "1.3kB / 126B", "3"},
		},
		"absent": {
			meters{cpu: 1e9, memory: absent, limit: absent, read: absent, written: absent, pids: absent},
			Row{"-- / --", "0.00%", "web", id[:12], "--", "-- / --", "web", "0B / 0B", "--"},
		},
		"ended": {
			meters{},
			Row{"0B / 0B", "0.00%", "web", id[:12], "0.00%", "0B / 0B", "web", "0B / 0B", "0"},
		},
	} {
		now := look{map[string]meters{id: test.now}, host{108e9, 4}}
		if diff := cmp.Diff([]Row{test.want}, rows([]Container{one}, before, now, false)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if row := rows([]Container{one}, look{}, before, true)[0]; row.CPUPerc != "0.00%" || row.ID != id {
		t.Errorf("at the first look: %+v", row)
	}
}

func TestFiles(t *testing.T) {
	in, out := interfaces(`Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 8450 87 0 0 0 0 0 0 8450 87 0 0 0 0 0 0
  eth0:1300 12 0 0 0 0 0 0 126 3 0 0 0 0 0 0
  eth1: 20 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
`)
	if in != 1320 || out != 133 {
		t.Errorf("received %d, sent %d", in, out)
	}
	read, written := blocks("8:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n254:0 rbytes=8 wbytes=4 rios=1\n")
	if read != 1459208 || written != 314773508 {
		t.Errorf("read %d, written %d", read, written)
	}
	if idle := value("anon 1\ninactive_file 42\nactive_file 3\n", "inactive_file"); idle != 42 {
		t.Errorf("idle %d", idle)
	}
	got := processors("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\nintr 3 4 5 6 7 8 9 1 2 3\nctxt 5\n")
	if want := (host{28 * 10_000_000, 2}); got != want {
		t.Errorf("processors %v, not %v", got, want)
	}
}

// shown is what Show writes of containers that do not run, with so many ticks.
func shown(t *testing.T, o Options, ticks int, containers ...[]Container) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	clock := make(chan time.Time, ticks)
	for range ticks {
		clock <- time.Time{}
	}
	looks := 0
	var out bytes.Buffer
	o.Ticks = clock
	must(t, Show(ctx, &out, func() ([]Container, error) {
		looks++
		if looks == len(containers) {
			cancel()
		}
		return containers[min(looks, len(containers))-1], nil
	}, o))
	return out.String()
}

func TestShow(t *testing.T) {
	a, b := []Container{{Asked: "a", ID: strings.Repeat("a", 64), Name: "a"}}, []Container{{Asked: "b", ID: strings.Repeat("b", 64), Name: "b\x1b[2J"}}
	if got := shown(t, Options{NoStream: true, Format: "{{.Name}} {{.CPUPerc}}"}, 1, a, a, a); got != "a 0.00%\n" {
		t.Errorf("%q", got)
	}
	if got := shown(t, Options{NoStream: true}, 1, nil, nil); got != "" {
		t.Errorf("without containers: %q", got)
	}
	want := "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS\n" +
		"aaaaaaaaaaaa   a         0.00%     0B / 0B             0.00%     0B / 0B   0B / 0B     0\n"
	if diff := cmp.Diff(want, shown(t, Options{NoStream: true}, 1, a, a, a)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	json := `{"BlockIO":"0B / 0B","CPUPerc":"0.00%","Container":"a","ID":"` + a[0].ID + `","MemPerc":"0.00%","MemUsage":"0B / 0B","Name":"a","NetIO":"0B / 0B","PIDs":"0"}` + "\n"
	if diff := cmp.Diff(json, shown(t, Options{NoStream: true, NoTrunc: true, Format: "json"}, 1, a, a, a)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	frames := "\x1b[HNAME\x1b[K\na\x1b[K\n\x1b[J" + "\x1b[HNAME\x1b[K\nb\\x1b[2J\x1b[K\n\x1b[J"
	if got := shown(t, Options{Format: "table {{.Name}}"}, 1, a, b); got != frames {
		t.Errorf("%q, not %q", got, frames)
	}
	err := Show(context.Background(), &bytes.Buffer{}, nil, Options{Format: "{{"})
	if err == nil || !strings.HasPrefix(err.Error(), "template parsing error: ") {
		t.Errorf("a wrong format: %v", err)
	}
}

// TestKernelShow measures processes in a cgroup, and in a network namespace where one has sent to itself.
func TestKernelShow(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	parent := fmt.Sprintf("/drydock-stats-%d", os.Getpid())
	lines := cgroup.Limits{{File: "memory.max", Value: "67108864"}, {File: "pids.max", Value: "100"}, {File: "io.weight", Value: "100"}}
	g, err := cgroup.Create(parent, "box", lines)
	controllers := err == nil
	if !controllers { // this machine has none: their meters are shown as absent
		t.Log(err)
		g, err = cgroup.Create(parent, "box", nil)
	}
	must(t, err)
	t.Cleanup(func() {
		must(t, errors.Join(g.Kill(), g.Remove()))
		_ = os.Remove(filepath.Dir(g.Path)) // the last one removes the parent
	})
	cmd := exec.Command("sh", "-c", "while :; do :; done")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	g.Into(cmd)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the group may have been killed
		_ = cmd.Wait()         // it was killed
	})
	c := []Container{{Asked: "box", ID: strings.Repeat("b", 64), Name: "box", Cgroup: g.Path, Pid: cmd.Process.Pid}}
	look := func() (row Row) {
		var out bytes.Buffer
		must(t, Show(context.Background(), &out, func() ([]Container, error) { return c, nil }, Options{NoStream: true, Format: "json"}))
		must(t, json.Unmarshal(out.Bytes(), &row))
		return row
	}
	row := look()
	want := map[*string]string{
		&row.CPUPerc: `^[1-9][0-9]*\.[0-9]{2}%$`, &row.NetIO: `^0B / 0B$`,
		&row.MemUsage: `^-- / --$`, &row.MemPerc: `^--$`, &row.BlockIO: `^-- / --$`, &row.PIDs: `^--$`,
	}
	if controllers {
		want[&row.MemUsage], want[&row.MemPerc] = `^[0-9.]+[KM]iB / 64MiB$`, `^[0-9]\.[0-9]{2}%$`
		want[&row.BlockIO], want[&row.PIDs] = `^[0-9.]+k?B / 0B$`, `^1$`
	}
	for value, pattern := range want {
		if !regexp.MustCompile(pattern).MatchString(*value) {
			t.Errorf("%q is not %s: %+v", *value, pattern, row)
		}
	}
	if in, out, err := (Container{Pid: os.Getpid()}).network(); in != 0 || out != 0 || err != nil {
		t.Errorf("with the host's network: received %d, sent %d, %v", in, out, err)
	}
	must(t, g.Kill())
	if row := look(); row.CPUPerc != "0.00%" {
		t.Errorf("after the end: %+v", row)
	}
	c[0].Cgroup += "-gone"
	want2 := Row{"0B / 0B", "0.00%", "box", strings.Repeat("b", 12), "0.00%", "0B / 0B", "box", "0B / 0B", "0"}
	if diff := cmp.Diff(want2, look()); diff != "" {
		t.Errorf("without a cgroup (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

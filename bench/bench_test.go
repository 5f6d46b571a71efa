package main

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain has this program call itself as bench does.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH") != "" || len(os.Args) > 1 && words[os.Args[1]] != nil {
		main()
		return
	}
	m.Run()
}

func TestContest(t *testing.T) {
	b := &bench{}
	var order string
	var calls float64
	r := b.contest("it", "ms", 3, []turn{
		{tool: "drydock", do: func() (float64, error) { order, calls = order+"d", calls+1; return calls, nil }},
		{tool: "peer", do: func() (float64, error) { order += "p"; return 6, nil }},
		{tool: "broken", do: func() (float64, error) {
			order += "b"
			if len(order) > 3 {
				return 0, errors.New("no more")
			}
			return 1, nil
		}},
	})
	if order != "dpbdpbdpdp" {
		t.Errorf("the turns are %s", order)
	}
	if ours, known := r.of("drydock"); ours != 3 || !known {
		t.Errorf("the median is %v: the first turn does not count", ours)
	}
	if _, known := r.of("broken"); known {
		t.Error("a tool that failed has a number")
	}
	if rows := r.rows(); !strings.Contains(rows, "| it, ms | drydock | 3.00 | 2.50 – 3.50 | 3 |  |") || !strings.Contains(rows, "|  | peer | 6.00 | 6.00 – 6.00 | 3 | 2.00 |") {
		t.Errorf("the rows are\n%s", rows)
	}
}

func TestGoals(t *testing.T) {
	b := &bench{}
	r := newResult("exec true", "ms")
	r.add("drydock", 2)
	r.add("docker", 15)
	b.results = append(b.results, r)
	met := goal{"exec", ratio("exec true", "docker", "drydock", atLeast, 7)}
	not := goal{"exec", ratio("exec true", "docker", "drydock", atLeast, 8)}
	unknown := goal{"exec", ratio("exec true", "podman", "drydock", atLeast, 8)}
	for _, c := range []struct {
		goal goal
		line string
	}{{met, "| exec | 7.50 times | met |\n"}, {not, "| exec | 7.50 times | **not met** |\n"}, {unknown, "| exec | – | not measured |\n"}} {
		if line := c.goal.line(b); line != c.line {
			t.Errorf("the line is %q, not %q", line, c.line)
		}
	}
}

func TestPlotIsXML(t *testing.T) {
	b := &bench{}
	for _, what := range []string{"a < b", "c"} {
		r := newResult(what, "ms")
		r.add("drydock", 2)
		r.add("docker", 15)
		b.results = append(b.results, r)
	}
	text := b.plot()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the plot is not XML: %v\n%s", err, text)
		}
	}
	if !strings.Contains(text, "docker 7.50") || !strings.Contains(text, "a &lt; b") {
		t.Errorf("the plot lacks something:\n%s", text)
	}
}

// TestRootStartup measures a little, without peers.
func TestRootStartup(t *testing.T) {
	out := t.TempDir()
	cmd, said := start(t, "-quick", "-only", "startup", "-o", out)
	text, failed := io.ReadAll(said)
	if err := errors.Join(failed, cmd.Wait()); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for file, want := range map[string]string{"RESULTS.md": "| version, ms | drydock |", "results.svg": "</svg>"} {
		text, err := os.ReadFile(filepath.Join(out, file))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s: %v\n%s", file, want, err, text)
		}
	}
}

// TestRootInterrupt ends it in the middle.
func TestRootInterrupt(t *testing.T) {
	cmd, said := start(t, "-only", "startup", "-o", t.TempDir())
	if line, err := said.ReadString('\n'); line != "bench: startup\n" {
		t.Fatalf("it says %q: %v", line, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(said)
	if err != nil || string(text) != "bench: interrupted; nothing is left behind\n" {
		t.Errorf("it says %q: %v", text, err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("that it was interrupted is no error")
	}
}

// start starts bench, with the drydock of this checkout and no peers. In the end, nothing of it may be left.
func start(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("namespaces take root")
	}
	before := remains(t)
	t.Cleanup(func() {
		if after := remains(t); !slices.Equal(after, before) {
			t.Errorf("left behind: %v", after)
		}
	})
	bin, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "BENCH=1", "PATH="+bin+":"+os.Getenv("PATH"))
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(said)
}

// remains are the folders and cgroups of a bench.
func remains(t *testing.T) (paths []string) {
	for _, pattern := range []string{"/var/tmp/bench-*", "/sys/fs/cgroup/bench-*", "/sys/fs/cgroup/unified/bench-*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/images/show"
	"drydock/internal/flags"
)

// story watches a container whose checks end as the letters say: 0 with that exit code, 1 too, e
// with an error, t not at all, and each takes a second. It has a line for each change, with the
// time since the start. The time is not ours but synctest's: nobody waits.
func story(t *testing.T, check show.Healthcheck, checks string) (lines []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		at := func() string { return fmt.Sprint(time.Since(start)) }
		n := 0
		Monitor{
			Check: &check, Started: start, Command: []string{"check"},
			Run: func(ctx context.Context, command []string) (int, []byte, error) {
				if diff := cmp.Diff([]string{"check"}, command); diff != "" {
					t.Errorf("command (-want +got):\n%s", diff)
				}
				how := byte('c')
				if n < len(checks) {
					how = checks[n]
				}
				n++
				takes := time.Second
				switch how {
				case 't':
					takes = time.Hour
				case 'c': // canceled meanwhile
					cancel()
					return 0, nil, nil
				}
				select {
				case <-time.After(takes):
				case <-ctx.Done():
					return 137, []byte("some"), nil
				}
				if how == 'e' {
					return 0, nil, errors.New("no such thing")
				}
				return int(how - '0'), nil, nil
			},
			Changed: func(h Health, status bool) {
				line := fmt.Sprintf("%s %s %d", at(), h.Status, h.FailingStreak)
				if status {
					line += " event"
				}
				lines = append(lines, line)
			},
		}.Watch(ctx, Health{}.Restarted())
	})
	return lines
}

func TestWatch(t *testing.T) {
	fast := show.Healthcheck{Interval: 10 * time.Second, Retries: 2, Timeout: 5 * time.Second}
	begin := fast
	begin.StartPeriod, begin.StartInterval = 25*time.Second, 9*time.Second
	for _, c := range []struct {
		what   string
		check  show.Healthcheck
		checks string
		want   []string
	}{
		{"the defaults", show.Healthcheck{}, "1101", []string{"31s starting 1", "1m2s starting 2", "1m33s healthy 0 event", "2m4s healthy 1", "2m34s unhealthy 1"}},
		{"three failures by default", show.Healthcheck{}, "1110", []string{"31s starting 1", "1m2s starting 2", "1m33s unhealthy 3 event", "2m4s healthy 0 event", "2m34s unhealthy 0"}},
		{"the streak goes on", fast, "10111", []string{"11s starting 1", "22s healthy 0 event", "33s healthy 1", "44s unhealthy 2 event", "55s unhealthy 3", "1m5s unhealthy 3"}},
		{"errors and timeouts are failures", fast, "et0", []string{"11s starting 1", "26s unhealthy 2 event", "37s healthy 0 event", "47s unhealthy 0"}},
		{
			"failures in the start period do not count, and its last wait ends with it", begin, "11111",
			[]string{"10s starting 0", "20s starting 0", "26s starting 1", "37s unhealthy 2 event", "48s unhealthy 3", "58s unhealthy 3"},
		},
		{"after a success they do, and the interval is the usual", begin, "011", []string{"10s healthy 0 event", "21s healthy 1", "32s unhealthy 2 event", "42s unhealthy 2"}},
		{"nothing is told of what was broken off", fast, "", []string{"10s unhealthy 0"}},
	} {
		if diff := cmp.Diff(c.want, story(t, c.check, c.checks)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}

// TestStopped ends at once while it waits, too.
func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start, got := time.Now(), ""
		m := Monitor{Check: &show.Healthcheck{}, Started: start, Changed: func(h Health, status bool) { got = fmt.Sprint(h.Status, status) }}
		m.Watch(ctx, Health{}.Restarted())
		if took := time.Since(start); took != time.Second || got != "unhealthyfalse" {
			t.Errorf("%s after %v", got, took)
		}
	})
}

func TestResults(t *testing.T) {
	long := strings.Repeat("x", most)
	for _, c := range []struct {
		what     string
		exitCode int
		printed  string
		err      error
		takes    time.Duration
		want     Result
	}{
		{"success", 0, "fine\n", nil, 0, Result{ExitCode: 0, Output: "fine\n"}},
		{"failure", 7, long, nil, 0, Result{ExitCode: 7, Output: long}},
		{"more than is kept", 7, long + "yz", nil, 0, Result{ExitCode: 7, Output: long + "..."}},
		{"error", 0, "x", errors.New("no such file"), 0, Result{ExitCode: -1, Output: "no such file"}},
		{"late", 0, "x", nil, time.Minute, Result{ExitCode: -1, Output: "Health check exceeded timeout (2s): x"}},
		{"late and silent", 0, "", errors.New("killed"), time.Minute, Result{ExitCode: -1, Output: "Health check exceeded timeout (2s)"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.want.Start = time.Now()
			c.want.End = c.want.Start.Add(min(c.takes, 2*time.Second))
			got := Monitor{Check: &show.Healthcheck{Timeout: 2 * time.Second}, Run: func(ctx context.Context, _ []string) (int, []byte, error) {
				if c.takes > 0 {
					<-ctx.Done()
				}
				var out Output
				for _, part := range strings.SplitAfter(c.printed, "y") {
					if n, err := out.Write([]byte(part)); n != len(part) || err != nil {
						t.Error(n, err)
					}
				}
				return c.exitCode, out.Bytes, c.err
			}}.probe(t.Context())
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%.500s", c.what, diff)
			}
		})
	}
}

// TestLog keeps the last five results, over restarts too, and leaves those alone that have it.
func TestLog(t *testing.T) {
	var h Health
	check := &show.Healthcheck{}
	var fourth Health
	for i := range 7 {
		if i == 4 {
			fourth = h
			h = h.Restarted()
		}
		h = h.add(check, time.Time{}, Result{ExitCode: i})
	}
	codes := func(h Health) (codes []int) {
		for _, result := range h.Log {
			codes = append(codes, result.ExitCode)
		}
		return codes
	}
	if diff := cmp.Diff([][]int{{0, 1, 2, 3}, {2, 3, 4, 5, 6}}, [][]int{codes(fourth), codes(h)}); diff != "" {
		t.Errorf("exit codes (-want +got):\n%s", diff)
	}
	if h.FailingStreak != 3 || h.String() != Unhealthy || h.Restarted().String() != "health: starting" || h.Restarted().FailingStreak != 0 {
		t.Errorf("%+v", h)
	}
}

func TestCommand(t *testing.T) {
	for _, c := range []struct{ test, shell, want string }{
		{"CMD a b", "", "a b"},
		{"CMD-SHELL a", "", "/bin/sh -c a"},
		{"CMD-SHELL a", "/bin/bash -ec", "/bin/bash -ec a"},
		{"NONE", "", ""},
		{"NONE x", "", ""},
		{"CMD", "", ""},
		{"HTTP /", "", ""},
		{"", "", ""},
	} {
		got := strings.Join(Command(&show.Healthcheck{Test: strings.Fields(c.test)}, strings.Fields(c.shell)), " ")
		if got != c.want {
			t.Errorf("%s with %s is %q, want %q", c.test, c.shell, got, c.want)
		}
	}
	if Command(nil, nil) != nil {
		t.Error("no health check has a command")
	}
}

func TestFlags(t *testing.T) {
	image := &show.Healthcheck{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 2 * time.Second, StartPeriod: 3 * time.Second, StartInterval: 4 * time.Second, Retries: 5}
	changed := func(change func(*show.Healthcheck)) *show.Healthcheck {
		check := *image
		change(&check)
		return &check
	}
	for _, c := range []struct {
		args  string
		image *show.Healthcheck
		want  *show.Healthcheck
		err   string
	}{
		{"", nil, nil, ""},
		{"", image, image, ""},
		{"--health-interval=0s", image, image, ""},
		{"--health-cmd=ls", nil, &show.Healthcheck{Test: []string{"CMD-SHELL", "ls"}}, ""},
		{"--health-cmd=ls", image, changed(func(h *show.Healthcheck) { h.Test = []string{"CMD-SHELL", "ls"} }), ""},
		{"--health-interval=9s --health-retries=0x10", image, changed(func(h *show.Healthcheck) { h.Interval, h.Retries = 9*time.Second, 16 }), ""},
		{"--health-timeout=9s --health-start-period=8s --health-start-interval=7s", image, changed(func(h *show.Healthcheck) {
			h.Timeout, h.StartPeriod, h.StartInterval = 9*time.Second, 8*time.Second, 7*time.Second
		}), ""},
		{"--health-retries=2", nil, &show.Healthcheck{Retries: 2}, ""},
		{"--no-healthcheck", nil, &show.Healthcheck{Test: []string{"NONE"}}, ""},
		{"--no-healthcheck", image, changed(func(h *show.Healthcheck) { h.Test = []string{"NONE"} }), ""},
		{"--no-healthcheck --health-retries=2", image, nil, "--no-healthcheck conflicts with --health-* options"},
		{"--health-interval=-1s", nil, nil, "--health-interval cannot be negative"},
		{"--health-timeout=-1s", nil, nil, "--health-timeout cannot be negative"},
		{"--health-retries=-1", nil, nil, "--health-retries cannot be negative"},
		{"--health-start-period=-1s", nil, nil, "--health-start-period cannot be negative"},
		{"--health-start-interval=-1s", nil, nil, "--health-start-interval cannot be negative"},
		{"--health-interval=1us", nil, nil, "Interval in Healthcheck cannot be less than 1ms"},
		{"--health-start-interval=999us", nil, nil, "StartInterval in Healthcheck cannot be less than 1ms"},
		{"--health-interval=3", nil, nil, `invalid argument "3" for "--health-interval" flag: time: missing unit in duration "3"`},
		{"--health-retries=x", nil, nil, `invalid argument "x" for "--health-retries" flag: strconv.ParseInt: parsing "x": invalid syntax`},
	} {
		var v Values
		_, err := flags.Parse(Flags(&v), strings.Fields(c.args))
		var got *show.Healthcheck
		if err == nil {
			got, err = v.Merge(c.image)
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" || text != c.err {
			t.Errorf("%s: %q, want %q (-want +got):\n%s", c.args, text, c.err, diff)
		}
	}
}

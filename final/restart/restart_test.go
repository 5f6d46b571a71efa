package restart

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text   string
		remove bool
		want   Policy
		err    string
	}{
		{"", true, Policy{"no", 0}, ""},
		{"no", true, Policy{"no", 0}, ""},
		{"always", false, Policy{"always", 0}, ""},
		{"unless-stopped", false, Policy{"unless-stopped", 0}, ""},
		{"on-failure", false, Policy{"on-failure", 0}, ""},
		{"on-failure:", false, Policy{"on-failure", 0}, ""},
		{"on-failure:3", false, Policy{"on-failure", 3}, ""},
		{"always:0", false, Policy{"always", 0}, ""},
		{"always", true, Policy{}, "conflicting options: cannot specify both --restart and --rm"},
		{"on-failure", true, Policy{}, "conflicting options: cannot specify both --restart and --rm"},
		{":3", false, Policy{}, "invalid restart policy format: no policy provided before colon"},
		{"on-failure:x", false, Policy{}, "invalid restart policy format: maximum retry count must be an integer"},
		{"on-failure:1:2", false, Policy{}, "invalid restart policy format: maximum retry count must be an integer"},
		{"on-failure:-1", false, Policy{}, "invalid restart policy: maximum retry count cannot be negative"},
		{"always:3", false, Policy{}, "invalid restart policy: maximum retry count can only be used with 'on-failure'"},
		{"no:3", false, Policy{}, "invalid restart policy: maximum retry count can only be used with 'on-failure'"},
		{"always:-3", false, Policy{}, "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative"},
		{"Always", false, Policy{}, "invalid restart policy: unknown policy 'Always'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"},
	} {
		got, err := Parse(c.text, c.remove)
		text := ""
		if err != nil {
			text, got = err.Error(), Policy{}
		}
		if text != c.err || got != c.want {
			t.Errorf("%q, --rm %v: %+v, %q, want %+v, %q", c.text, c.remove, got, text, c.want, c.err)
		}
	}
}

func TestAgain(t *testing.T) {
	for _, c := range []struct {
		policy   string
		count    int
		exitCode int
		stopped  bool
		want     bool
	}{
		{"no", 0, 1, false, false},
		{"always", 0, 0, false, true},
		{"always", 0, 0, true, true},
		{"unless-stopped", 9, 0, false, true},
		{"unless-stopped", 0, 1, true, false},
		{"on-failure", 0, 0, false, false},
		{"on-failure", 99, 1, false, true},
		{"on-failure:2", 1, 1, false, true},
		{"on-failure:2", 2, 1, false, false},
		{"on-failure:2", 0, 137, true, true}, // as in Docker: after the machine's restart
	} {
		policy, err := Parse(c.policy, false)
		if err != nil {
			t.Fatal(err)
		}
		r := Restarts{Policy: policy, Count: c.count}
		delay, got := r.Next(c.exitCode, 0, c.stopped)
		if got != c.want || got != (delay > 0) || got != (r.Count == c.count+1) {
			t.Errorf("%+v: %v after %v, and the count is %d", c, got, delay, r.Count)
		}
	}
}

func TestDelay(t *testing.T) {
	r := Restarts{Policy: Policy{Name: "always"}}
	for i, want := range []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000} {
		if got, _ := r.Next(1, longEnough-1, false); got != want*time.Millisecond {
			t.Errorf("delay %d is %v, want %v", i, got, want*time.Millisecond)
		}
	}
	for _, want := range []time.Duration{100, 100} {
		if got, _ := r.Next(1, longEnough, false); got != want*time.Millisecond {
			t.Errorf("after it ran long enough the delay is %v", got)
		}
	}
}

package kit

import (
	"testing"
	"time"
)

func TestVersions(t *testing.T) {
	for _, test := range []struct {
		release, version string
		want             bool
	}{
		{"6.1.0-18-amd64", "6.1", true},
		{"6.1.0", "6.2", false},
		{"6.12.30+deb13-amd64", "6.2", true},
		{"7.0-rc1", "6.12", true},
		{"5.19.0", "6.0", false},
		{"6.18-rc3", "6.18", true},
	} {
		got, err := kernelAtLeast(test.release, test.version)
		if err != nil || got != test.want {
			t.Errorf("kernelAtLeast(%q, %q) = %v, %v; want %v", test.release, test.version, got, err, test.want)
		}
	}
	for _, bad := range []string{"6", "six.one", "6.x", ""} {
		if _, err := kernelAtLeast(bad, "6.1"); err == nil {
			t.Errorf("kernelAtLeast(%q, 6.1) gives no error", bad)
		}
	}
}

func TestStatusWords(t *testing.T) {
	for _, s := range []string{"0", "255", "SIGKILL"} {
		if !isStatus(s) {
			t.Errorf("%q is a status", s)
		}
	}
	for _, s := range []string{"-1", "256", "KILL", "x", ""} {
		if isStatus(s) {
			t.Errorf("%q is no status", s)
		}
	}
	for _, s := range []string{"box", "_b2", "B"} {
		if !isName(s) {
			t.Errorf("%q is a name", s)
		}
	}
	for _, s := range []string{"", "2b", "a-b", "a b"} {
		if isName(s) {
			t.Errorf("%q is no name", s)
		}
	}
}

func TestPoll(t *testing.T) {
	n := 0
	if !poll(time.Minute, func() bool { n++; return n == 3 }) || n != 3 {
		t.Errorf("poll ended after %d calls, want 3", n)
	}
	if poll(0, func() bool { return false }) {
		t.Error("poll of what never comes is true")
	}
}

package mode

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMode(t *testing.T) {
	for _, test := range []struct {
		given string
		own   bool
		ports int
		want  string // the mode, or the error
	}{
		{"", true, 1, "bridge"},
		{"", false, 0, "host"},
		{"default", true, 1, "bridge"},
		{"bridge", true, 1, "bridge"},
		{"none", true, 0, "none"},
		{"host", false, 0, "host"},
		{"host", true, 0, "host"},
		{"container:web", true, 0, "container:web"},
		{"bridge", false, 0, "--network bridge without a network namespace would be the host's: add net to --namespaces, or use --network host"},
		{"none", true, 1, "published ports would be discarded in network mode none: leave --publish out, or use --network bridge"},
		{"", false, 1, "published ports would be discarded in network mode host: leave --publish out, or use --network bridge"},
		{"container:web", true, 1, "conflicting options: port publishing and the container type network mode: publish them from the other container"},
		{"container:", true, 0, "invalid network mode: invalid container format container:<name|id>"},
		{"web", true, 0, "network web not found: this stage has bridge, none, host and container:NAME"},
	} {
		var m Mode
		var err error
		if test.given != "" {
			err = m.Set(test.given)
		}
		if err == nil {
			err = m.Complete(test.own, test.ports)
		}
		got := string(m)
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("--network %q: %s", test.given, diff)
		}
	}
}

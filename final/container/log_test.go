package container

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLog has a container's log options come before the host's, which are for the host's driver only.
func TestLog(t *testing.T) {
	usual := Log{"json-file", map[string]string{"max-size": "1m", "max-file": "2"}}
	for _, c := range []struct{ given, usual, want Log }{
		{Log{}, Log{}, Log{"json-file", map[string]string{}}},
		{Log{}, usual, usual},
		{Log{"", map[string]string{"max-file": "5"}}, usual, Log{"json-file", map[string]string{"max-size": "1m", "max-file": "5"}}},
		{Log{"none", nil}, usual, Log{"none", nil}},
		{Log{}, Log{"none", nil}, Log{"none", nil}},
		{Log{"json-file", nil}, Log{"none", map[string]string{"max-file": "2"}}, Log{"json-file", nil}},
	} {
		if diff := cmp.Diff(c.want, c.given.With(c.usual)); diff != "" {
			t.Errorf("%v where %v is usual (-want +got):\n%s", c.given, c.usual, diff)
		}
	}
	if len(usual.Options) != 2 || usual.Options["max-file"] != "2" {
		t.Errorf("the host's are changed: %v", usual)
	}
}

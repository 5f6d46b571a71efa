package mounts

import "testing"

// TestNotUTF8 refuses what JSON would make something else of. A recorded Docker was not asked.
func TestNotUTF8(t *testing.T) {
	for _, m := range []Mount{
		{Type: Bind, Source: "/\xff", Target: "/x"},
		{Type: Tmpfs, Target: "/\xff"},
		{Type: Volume, Source: "data", Target: "/x", VolumeOptions: &VolumeOptions{Subpath: "\xff"}},
	} {
		want := "invalid mount config for type \"" + m.Type + "\": " + errNotUTF8.Error()
		if err := m.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

package fstab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Options{
		"":                           {},
		"defaults":                   {},
		"ro,noexec":                  {Flags: unix.MS_RDONLY | unix.MS_NOEXEC},
		"ro,rw,exec":                 {},
		"rbind,ro":                   {Flags: unix.MS_BIND | unix.MS_REC | unix.MS_RDONLY},
		"addr=192.0.2.1,nolock,soft": {Data: "addr=192.0.2.1,nolock,soft"},
		"size=1m,private,rslave":     {Data: "size=1m", Propagation: "rslave"},
		"size=1m,noatime,mode=700":   {Flags: unix.MS_NOATIME, Data: "size=1m,mode=700"},
	} {
		if diff := cmp.Diff(want, Parse(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestTmpfs(t *testing.T) {
	const usual = unix.MS_NOEXEC | unix.MS_NOSUID | unix.MS_NODEV
	for text, want := range map[string]Options{
		"":                          {Flags: usual},
		"rw,exec,suid,dev":          {},
		"ro,rslave":                 {Flags: usual | unix.MS_RDONLY},
		"size=1m,size=2m,mode=1":    {Flags: usual, Data: "size=2m,mode=1"},
		"size=1m,exec,mode=1,uid=5": {Flags: usual &^ unix.MS_NOEXEC, Data: "size=1m,mode=1,uid=5"},
	} {
		got, err := Tmpfs(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"other", "other=1", "size", "bind", "rbind"} {
		if _, err := Tmpfs(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

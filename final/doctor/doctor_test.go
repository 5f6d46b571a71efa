package doctor

import (
	"errors"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	for release, well := range map[string]bool{"6.1.0-18-amd64": true, "5.16": true, "5.15.0": false, "4.19": false, "6.18.44-fc": true, "plan9": false} {
		if f := judge(release); (f.Remedy == "") != well || !f.Fatal {
			t.Errorf("%s: %+v", release, f)
		}
	}
}

func TestRoom(t *testing.T) {
	for free, want := range map[int64]Finding{10 << 20: {Fatal: true, Remedy: "some"}, 100 << 20: {Remedy: "some"}, 10 << 30: {}} {
		if f := room("/", free); f.Fatal != want.Fatal || (f.Remedy == "") != (want.Remedy == "") {
			t.Errorf("%d bytes: %+v", free, f)
		}
	}
}

func TestLimits(t *testing.T) {
	if f := limits([]string{"cpu", "memory", "hugetlb"}); !strings.Contains(f.What, "cpuset, io, pids") || f.Fatal {
		t.Errorf("%+v", f)
	}
	if f := limits([]string{"cpuset", "cpu", "io", "memory", "pids"}); f.Remedy != "" {
		t.Errorf("%+v", f)
	}
}

// TestWrite has a remedy fail all of it only if nothing works without.
func TestWrite(t *testing.T) {
	var out strings.Builder
	all := []Finding{{"root", "", true}, {"disk", "buy one", false}}
	well, err := Write(&out, all)
	if want := "ok    root\nbut   disk: buy one\n"; !well || err != nil || out.String() != want {
		t.Errorf("%v, %v, %q", well, err, out.String())
	}
	out.Reset()
	well, err = Write(&out, append(all, Finding{"kernel", "boot another", true}))
	if want := "no    kernel: boot another\n"; well || err != nil || !strings.HasSuffix(out.String(), want) {
		t.Errorf("%v, %v, %q", well, err, out.String())
	}
}

// TestExamine finds a file that cannot be read and a program that is missing, in a state root that is not there yet.
func TestExamine(t *testing.T) {
	h := Host{Root: t.TempDir() + "/not/yet", ConfigFile: "/etc/x", Config: errors.New("it is no JSON"), Helper: func() (string, error) { return "", errors.New("none") }}
	found := 0
	for _, f := range h.Examine() {
		if f == (Finding{"the configuration", "it is no JSON", true}) || strings.HasPrefix(f.What, "no drydock-transfer") {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d of 2 are found", found)
	}
}

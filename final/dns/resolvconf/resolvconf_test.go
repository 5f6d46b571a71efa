package resolvconf

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/flags"
)

// TestRecorded writes what a real Docker writes: testdata/record.sh.
func TestRecorded(t *testing.T) {
	text, err := os.ReadFile("../testdata/recorded")
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(string(text), "=== resolv.conf\n== ")
	count := 0
	for one := range strings.SplitSeq(cases, "\n== ") {
		head, want, _ := strings.Cut(one, "\n")
		args, host, _ := strings.Cut(head, " | ")
		host = strings.NewReplacer(`\n`, "\n", "%%", "%").Replace(host)
		want = strings.ReplaceAll(want, "%%", "%")
		got := lines(written(host, strings.TrimPrefix(args, "--network ")))
		if d := cmp.Diff(strings.Trim(want, "\n"), got); d != "" {
			t.Errorf("%s: %s", head, d)
		}
		count++
	}
	if count < 30 {
		t.Errorf("only %d cases", count)
	}
}

// written is the file of a container, or the error, as Docker words it.
func written(host, args string) string {
	network, rest, _ := strings.Cut(args, " ")
	var words []string
	for option := range strings.SplitSeq(rest, "--") {
		if name, value, ok := strings.Cut(option, " "); ok {
			value = strings.TrimSuffix(value, " ") // before the next one
			words = append(words, "--"+name+"="+value)
		}
	}
	var o Override
	if _, err := flags.Parse(Flags(&o), words); err != nil {
		return err.Error()
	}
	c := Parse("/etc/resolv.conf", host).With(o)
	switch network {
	case "host":
		return c.Host()
	case "mynet":
		return c.Own()
	}
	return c.Bridge(false)
}

// lines are those of a file that were recorded: without the first comment, and without empty ones.
func lines(text string) string {
	_, rest, isFile := strings.Cut(text, "\n\n")
	if !isFile {
		return text
	}
	return strings.ReplaceAll(strings.Trim(rest, "\n"), "\n\n", "\n")
}

func TestBridgeWithIPv6(t *testing.T) {
	got := Parse("f", "nameserver 2001:db8::1\nnameserver ::1\n").Bridge(true)
	if !strings.Contains(got, "nameserver 2001:db8::1\n") || strings.Contains(got, "nameserver ::1\n") {
		t.Error(got)
	}
}

func TestIsShort(t *testing.T) {
	for options, want := range map[string]string{
		"":                       "",
		"options ndots:0":        "",
		"options ndots:1":        "a a.",
		"options rotate ndots:2": "a a.",
		"options ndots:x":        "",
	} {
		var short []string
		for _, name := range []string{"a", "a.", "a.b", "a.b."} {
			if Parse("f", options).IsShort(name) {
				short = append(short, name)
			}
		}
		if got := strings.Join(short, " "); got != want {
			t.Errorf("%q: %s, want %s", options, got, want)
		}
	}
}

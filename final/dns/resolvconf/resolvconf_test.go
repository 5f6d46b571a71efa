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
	for text, want := range map[string]string{
		"nameserver 2001:db8::1\nnameserver ::1\n": "nameserver 2001:db8::1\n# Based on host file: 'f' (legacy)\n# Overrides: []",
		"": "nameserver 8.8.8.8\nnameserver 8.8.4.4\nnameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n" +
			"# Based on host file: 'f' (legacy)\n# Used default nameservers.\n# Overrides: []",
	} {
		if d := cmp.Diff(want, lines(Parse("f", text).Bridge(true))); d != "" {
			t.Error(d)
		}
	}
}

// TestRead looks behind systemd-resolved, if that is all there is.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	hosts, behind := dir+"/hosts", dir+"/behind"
	for _, c := range []struct{ hosts, behind, want string }{
		{"nameserver 127.0.0.53\n", "nameserver 192.0.2.1\n", "192.0.2.1"},
		{"nameserver 127.0.0.53\n", "", "127.0.0.53"},
		{"nameserver 127.0.0.53\nnameserver 192.0.2.2\n", "nameserver 192.0.2.1\n", "127.0.0.53 192.0.2.2"},
		{"nameserver 127.0.0.1\n", "nameserver 192.0.2.1\n", "127.0.0.1"},
		{"", "nameserver 192.0.2.1\n", ""},
	} {
		for name, text := range map[string]string{hosts: c.hosts, behind: c.behind} {
			_ = os.Remove(name) // there may be none
			if text == "" {
				continue
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		config, err := read(hosts, behind)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range config.Servers {
			got = append(got, s.Addr.String())
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%q, %q: %s", c.hosts, c.behind, d)
		}
	}
	if _, err := read(dir, behind); err == nil {
		t.Error("a directory is read")
	}
}

func TestIsShort(t *testing.T) {
	for options, want := range map[string]string{
		"":                        "",
		"options ndots:0":         "",
		"options ndots:1":         "a a.",
		"options rotate ndots:2":  "a a.",
		"options ndots:x":         "",
		"options ndots:2 ndots:x": "a a.",
		"options ndots:2 ndots:0": "",
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

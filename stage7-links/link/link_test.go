package link

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/flags"
)

func TestParse(t *testing.T) {
	for spec, want := range map[string]Wish{
		"db":       {"db", "db"},
		"db:data":  {"db", "data"},
		"3f2a:d.b": {"3f2a", "d.b"},
		"":         {}, ":": {}, "db:": {}, ":db": {}, "a:b:c": {}, "db:a b": {}, "db:a\tb": {}, "db:a\nb": {}, "db:/web/a": {}, "db:#a": {}, "db:a=b": {},
	} {
		got, err := Parse(spec)
		if got != want || (err != nil) != (want == Wish{}) {
			t.Errorf("--link %q: %v, %v", spec, got, err)
		}
	}
}

func TestExpose(t *testing.T) {
	for spec, want := range map[string][]Port{
		"80":          {{80, "tcp"}},
		"80/":         {{80, "tcp"}},
		"53/UDP":      {{53, "udp"}},
		"7/sctp":      {{7, "sctp"}},
		"80-82/udp":   {{80, "udp"}, {81, "udp"}, {82, "udp"}},
		"65535":       {{65535, "tcp"}},
		"65534-65535": {{65534, "tcp"}, {65535, "tcp"}},
		"":            nil, "0": nil, "0-2": nil, "65536": nil, "9-8": nil, "8-": nil, "-8": nil, "+80": nil, "80/icmp": nil, "80:80": nil, "1-2-3": nil,
	} {
		got, err := Expose(spec)
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want == nil) {
			t.Errorf("--expose %q: %v: %s", spec, err, diff)
		}
	}
}

// TestFlags has both given several times.
func TestFlags(t *testing.T) {
	var v Values
	rest, err := flags.Parse(Flags(&v), []string{"--link", "db", "--expose=80", "--link=cache:fast", "--expose", "53/udp", "--", "box"})
	want := Values{[]Wish{{"db", "db"}, {"cache", "fast"}}, []Port{{80, "tcp"}, {53, "udp"}}}
	if diff := cmp.Diff(want, v); diff != "" || err != nil || len(rest) != 1 {
		t.Errorf("%q %v: %s", rest, err, diff)
	}
	_, err = flags.Parse(Flags(&v), []string{"--link", "a:b:c"})
	if err == nil || !strings.HasPrefix(err.Error(), `invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c`) {
		t.Error(err)
	}
}

// db is a source.
var db = Source{Name: "db", Hostname: "5e6ffde1fad9", Address: netip.MustParseAddr("172.17.0.2")}

// moved is the same one elsewhere.
var moved = Source{Name: "db", Hostname: "5e6ffde1fad9", Address: netip.MustParseAddr("172.17.0.4")}

func TestLine(t *testing.T) {
	for alias, want := range map[string]string{
		"db":   "172.17.0.2\tdb 5e6ffde1fad9\n",
		"data": "172.17.0.2\tdata 5e6ffde1fad9 db\n",
	} {
		if got := (Link{Alias: alias}).Line(db); got != want {
			t.Errorf("%s: %q, want %q", alias, got, want)
		}
	}
}

// TestMove changes one line of those that a container has, some of which are its own.
func TestMove(t *testing.T) {
	l := Link{Alias: "data"}
	const hosts = "127.0.0.1\tlocalhost\n%s\tdata 5e6ffde1fad9 db\n172.17.0.2\tdata2 5e6ffde1fad9 db\n172.17.0.3\tweb\n# 172.17.0.2\tdata\n10.0.0.1 data\n\n10.0.0.2\tdata.example.org"
	before, after := strings.Replace(hosts, "%s", "172.17.0.2", 1), strings.Replace(hosts, "%s", "172.17.0.4", 1)
	if diff := cmp.Diff(after, l.Move(before, moved)); diff != "" {
		t.Error(diff)
	}
	for _, without := range []string{"", "127.0.0.1\tlocalhost\n", "\tdata 5e6ffde1fad9 db\n"} {
		if got := l.Move(without, moved); got != without {
			t.Errorf("%q became %q", without, got)
		}
	}
}

// TestVariables has more kinds of ports than the recording of a Docker: see testdata/links.
func TestVariables(t *testing.T) {
	source := db
	source.Ports = []Port{{81, "udp"}, {80, "tcp"}, {82, "tcp"}, {81, "tcp"}, {80, "tcp"}, {90, "tcp"}, {7, "sctp"}}
	source.Env = []string{"PATH=/bin", "A=1", "HOME=/root", "B="}
	got := Link{Alias: "my-db"}.Variables("web", source)
	var short []string
	for _, variable := range got {
		if name, value, _ := strings.Cut(variable, "="); !strings.HasSuffix(name, "_ADDR") && !strings.HasSuffix(name, "_PROTO") {
			short = append(short, strings.TrimPrefix(name, "MY_DB_")+" "+strings.ReplaceAll(value, "172.17.0.2", "DB"))
		}
	}
	want := strings.Split(strings.TrimSpace(`
PORT tcp://DB:80
PORT_80_TCP tcp://DB:80
PORT_80_TCP_PORT 80
PORT_80_TCP_START tcp://DB:80
PORT_80_TCP_PORT_START 80
PORT_80_TCP_END tcp://DB:82
PORT_80_TCP_PORT_END 82
PORT_81_TCP tcp://DB:81
PORT_81_TCP_PORT 81
PORT_82_TCP tcp://DB:82
PORT_82_TCP_PORT 82
PORT_90_TCP tcp://DB:90
PORT_90_TCP_PORT 90
PORT_7_SCTP sctp://DB:7
PORT_7_SCTP_PORT 7
PORT_81_UDP udp://DB:81
PORT_81_UDP_PORT 81
NAME /web/my-db
ENV_A 1
ENV_B `), "\n")
	want[len(want)-1] += " "
	if diff := cmp.Diff(want, short); diff != "" {
		t.Error(diff)
	}
}

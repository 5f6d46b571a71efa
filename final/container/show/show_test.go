package show

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/container"
	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/health"
	"drydock/final/mounts/point"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/publish"
	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
	"drydock/stage6-network/port"
	"drydock/stage7-links/link"
)

var now = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// TestStatus has Docker's words for how far a container has come.
func TestStatus(t *testing.T) {
	for _, c := range []struct {
		status, health string
		code           int
		finished       time.Time
		want           string
	}{
		{"created", "", 127, time.Time{}, "Created"},
		{"running", "", 0, time.Time{}, "Up 5 minutes"},
		{"running", "starting", 0, time.Time{}, "Up 5 minutes (health: starting)"},
		{"running", "healthy", 0, time.Time{}, "Up 5 minutes (healthy)"},
		{"running", "unhealthy", 0, time.Time{}, "Up 5 minutes (unhealthy)"},
		{"paused", "healthy", 0, time.Time{}, "Up 5 minutes (Paused)"},
		{"restarting", "", 1, now.Add(-3 * time.Second), "Restarting (1) 3 seconds ago"},
		{"exited", "", 137, now.Add(-time.Hour), "Exited (137) About an hour ago"},
		{"exited", "", 137, time.Time{}, "Exited (137)"},
	} {
		all := Container{Record: record.Record{Started: now.Add(-5 * time.Minute), Finished: c.finished, ExitCode: c.code}, Status: c.status}
		if c.health != "" {
			all.Life.Health = &health.Health{Status: c.health}
		}
		if got := Status(all, now); got != c.want {
			t.Errorf("%s %s is %q, want %q", c.status, c.health, got, c.want)
		}
	}
}

// TestPorts has the column of ports: that of the recorded Docker first.
func TestPorts(t *testing.T) {
	mapping := func(host string, private uint16, protocol string) port.Mapping {
		return port.Mapping{Host: netip.MustParseAddrPort(host), Container: private, Protocol: protocol}
	}
	for want, c := range map[string]struct {
		published []port.Mapping
		exposed   []string
	}{
		"99/tcp, 0.0.0.0:32768->70/tcp, [::]:32768->70/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:9000->90/udp": {
			[]port.Mapping{
				mapping("127.0.0.1:9000", 90, "udp"), mapping("[::]:8080", 80, "tcp"), mapping("0.0.0.0:8080", 80, "tcp"),
				mapping("0.0.0.0:32768", 70, "tcp"), mapping("[::]:32768", 70, "tcp"),
			},
			[]string{"70", "99"},
		},
		"": {},
		"81-83/tcp, 0.0.0.0:80->80/tcp, 53/udp, 0.0.0.0:7000-7001->7000-7001/tcp, 90/tcp": {
			[]port.Mapping{mapping("0.0.0.0:7000", 7000, "tcp"), mapping("0.0.0.0:7001", 7001, "tcp"), mapping("0.0.0.0:80", 80, "tcp")},
			[]string{"81-83", "90", "53/udp"},
		},
	} {
		all := Container{Status: "running", Config: container.Config{Publish: publish.Values{Expose: c.exposed}, Networks: []endpoint.Wish{{Network: "bridge"}}}}
		all.Life.Ports = c.published
		if got := Ports(all); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		all.Status = "exited"
		if got := Ports(all); got != "" {
			t.Errorf("one that has ended has ports: %s", got)
		}
	}
}

// few are containers of every kind, the newest first.
func few() []Container {
	one := func(name, status string, age time.Duration) Container {
		return Container{Status: status, Record: record.Record{
			ID: strings.Repeat(name[:1], 64), Name: name, Args: []string{"sh", "-c", "sleep 1000"}, Created: now.Add(-age), Started: now.Add(-age), Finished: now.Add(-time.Second),
		}}
	}
	a, b, c, d := one("able", "running", time.Minute), one("bold", "exited", time.Hour), one("calm", "paused", 2*time.Hour), one("deep", "created", 72*time.Hour)
	a.Config = container.Config{Labels: map[string]string{"x": "1", "a": ""}, Image: "/root", Networks: []endpoint.Wish{{Network: "own"}, {Network: "bridge"}}, Links: []link.Link{{Source: strings.Repeat("c", 64), Name: "calm", Alias: "quiet"}}}
	a.Config.Publish.Expose = []string{"80"}
	a.Life.Health = &health.Health{Status: "healthy"}
	a.Life.Ports = []port.Mapping{{Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80, Protocol: "tcp"}}
	b.ExitCode = 3
	b.Points = []point.Point{
		{Type: "volume", Driver: "local", Mount: volume.Mount{Name: "data", Mount: bind.Mount{Target: "/data"}}},
		{Type: "bind", Mount: volume.Mount{Mount: bind.Mount{Source: "/a/long/way/to/go", Target: "/here"}}},
	}
	return []Container{a, b, c, d}
}

func TestSelect(t *testing.T) {
	for words, want := range map[string]string{
		"":                         "able calm",
		"-a":                       "able bold calm deep",
		"-n2":                      "able bold",
		"-n2 status=created":       "deep",
		"status=exited":            "bold",
		"exited=3":                 "",
		"-a exited=3":              "bold",
		"-a exited=0":              "",
		"name=a":                   "able calm",
		"name=^/able$":             "able",
		"name=quiet":               "calm",
		"id=^aaa":                  "able",
		"label=x=1 label=a":        "able",
		"label=x=2":                "",
		"health=healthy":           "able",
		"health=none":              "calm",
		"-a before=bold":           "calm deep",
		"-a since=calm":            "able bold",
		"-a volume=data":           "bold",
		"-a volume=/here":          "bold",
		"-a volume=/a":             "",
		"network=own":              "able",
		"network=other":            "",
		"publish=8080":             "able",
		"publish=80":               "",
		"expose=80/tcp":            "able",
		"expose=79-81":             "able",
		"is-task=true":             "",
		"is-task=false":            "able calm",
		"ancestor=no-such":         "",
		"status=up":                "invalid filter 'status=up': invalid value for state (up): must be one of created, running, paused, restarting, removing, exited, dead",
		"exited=x":                 `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`,
		"before=none":              "No such container: none",
		"is-task=2":                "invalid filter 'is-task=[2]': give true or false",
		"-a before=bold before=cc": "deep",
	} {
		l := Listing{Now: now}
		var texts []string
		for _, word := range strings.Fields(words) {
			switch word {
			case "-a":
				l.All = true
			case "-n2":
				l.Last = 2
			default:
				texts = append(texts, word)
			}
		}
		var err error
		if l.Filters, err = filter.Parse(texts, Filters...); err != nil {
			t.Fatal(err)
		}
		wanted, err := l.Select(few())
		var names []string
		for _, c := range wanted {
			names = append(names, c.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		format       string
		quiet, whole bool
		want         string
	}{
		{"", false, false, `CONTAINER ID   IMAGE        COMMAND                  CREATED              STATUS                       PORTS                  NAMES
aaaaaaaaaaaa   /root        "sh -c 'sleep 1000'"     About a minute ago   Up About a minute (healthy)   0.0.0.0:8080->80/tcp   able
bbbbbbbbbbbb   <no image>   "sh -c 'sleep 1000'"     About an hour ago    Exited (3) 1 second ago                             bold
cccccccccccc   <no image>   "sh -c 'sleep 1000'"     2 hours ago          Up 2 hours (Paused)                                 calm
dddddddddddd   <no image>   "sh -c 'sleep 1000'"     3 days ago           Created                                             deep
`},
		{"{{.Names}}", true, false, "aaaaaaaaaaaa\nbbbbbbbbbbbb\ncccccccccccc\ndddddddddddd\n"},
		{"{{.Names}} {{.Networks}} {{.Labels}} {{.Label \"x\"}}", false, true, "able bridge,own a=,x=1 1\nbold   \ncalm,able/quiet   \ndeep   \n"},
		{"{{.Mounts}} {{.LocalVolumes}} {{.Size}}", false, false, " 0 0B\ndata,/a/long/way/to… 1 0B\n 0 0B\n 0 0B\n"},
	} {
		l := Listing{Now: now, Whole: c.whole}
		list, err := Format(c.format, c.quiet, false)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := format.Write(&out, list, RowHeader, l.Rows(few())); err != nil {
			t.Fatal(err)
		}
		fold := func(text string) string { return strings.Join(strings.Fields(text), " ") }
		if c.format == "" && fold(out.String()) != fold(c.want) || c.format != "" && out.String() != c.want {
			t.Errorf("%q (-want +got):\n%s", c.format, cmp.Diff(c.want, out.String()))
		}
	}
}

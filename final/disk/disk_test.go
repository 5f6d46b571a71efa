package disk

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/container"
	"drydock/final/container/show"
	"drydock/final/health"
	imageshow "drydock/final/images/show"
	"drydock/final/mounts/point"
	"drydock/final/mounts/volumes"
	"drydock/internal/record"
)

var now = time.Date(2026, 11, 30, 23, 45, 23, 0, time.UTC)

// recorded is what dockerd 29 had when testdata/docker29.txt was made, as final/testdata/docker29/record.sh makes df.txt.
func recorded() Report {
	ago := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	img := func(repository, tag, id, since, containers string) Image {
		return Image{
			Row: imageshow.Row{
				Repository: repository, Tag: tag, ID: "sha256:" + id + strings.Repeat("0", 52), CreatedSince: since, Size: "1.98MB",
				SharedSize: "1.982MB", UniqueSize: "0B", Containers: containers,
			},
			bytes: 1982298, shared: 1982298, used: containers != "0",
		}
	}
	one := func(id, name, command, status string, created, changed int) show.Container {
		r := record.Record{ID: id + strings.Repeat("0", 52), Name: name, Args: strings.Fields(command), Created: ago(created)}
		if status != "created" {
			r.Started, r.Finished = ago(changed), ago(changed)
		}
		return show.Container{Record: r, Status: status, Config: container.Config{Image: "busybox"}}
	}
	list := []show.Container{
		one("f31d3ae22e11", "member", "sleep 1000", "running", 10, 9), one("158f0bd6edba", "rich", "sleep 1000", "running", 15, 14),
		one("e0f29f62664c", "other", "sleep 1000", "running", 16, 15), one("619e691aa1d2", "wrong", "no-such", "created", 19, 0),
		one("b252a5d94c05", "plain", "sleep 1000", "exited", 26, 21),
	}
	list[1].Life.Health, list[4].ExitCode = &health.Health{Status: "healthy"}, 137
	for _, place := range []string{"/data", "/anonymous"} {
		p := point.Point{Type: "volume", Driver: "local"}
		p.Name, p.Target = place[1:], place
		list[1].Points = append(list[1].Points, p)
	}
	volume := func(name string, users int) volumes.Usage {
		u := volumes.Usage{Users: users}
		u.Name, u.Links, u.Size = name, "0", "0B"
		if users > 0 {
			u.Links = "1"
		}
		return u
	}
	return Report{
		Images: []Image{img("app", "1", "a959deabf05c", "7 seconds ago", "0"), img("busybox", "latest", "8ba4386e509c", "50 seconds ago", "5")},
		Layers: 1982298, Containers: list,
		Volumes: []volumes.Usage{volume("other", 0), volume("adcfe72cbbbe9a2b80c88b5e45f7911ace11bea2c96a23a5ffa75fb0645c0567", 1)},
	}
}

// TestRecorded shows what Docker has shown of the same.
func TestRecorded(t *testing.T) {
	content, err := os.ReadFile("testdata/docker29.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, part := range strings.Split("\n"+string(content), "\n== docker ")[1:] {
		words, text, _ := strings.Cut(part, "\n")
		want[words] = strings.TrimSuffix(text, "\n") + "\n"
	}
	for words, text := range map[string]string{"system df": "", "system df --format json": "json"} {
		var out strings.Builder
		list, err := Format(text)
		if err == nil {
			err = recorded().Write(&out, list)
		}
		if diff := cmp.Diff(want[words], out.String()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", words, err, diff)
		}
	}
	var out strings.Builder
	if err := recorded().WriteDetails(&out, show.Listing{Now: now}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want["system df -v"], out.String()); diff != "" {
		t.Errorf("system df -v (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(fields(t, want["system df -v --format json"]), fields(t, encoded(t, recorded().Details(show.Listing{Now: now})))); diff != "" {
		t.Errorf("system df -v --format json: fields (-want +got):\n%s", diff)
	}
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fields are the names in an object of lists, of each list the first thing's.
func fields(t *testing.T, text string) map[string]map[string]bool {
	t.Helper()
	var object map[string][]map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]bool{}
	for name, list := range object {
		all[name] = map[string]bool{}
		for i := range min(1, len(list)) {
			for field := range list[i] {
				all[name][field] = true
			}
		}
	}
	return all
}

// TestRows has what could be gained: not what images in use have, nor what runs.
func TestRows(t *testing.T) {
	r := Report{
		Images: []Image{{bytes: 300, shared: 100, used: true}, {bytes: 600, shared: 100}}, Layers: 800,
		Containers: []show.Container{{Status: "paused", Size: show.Size{Own: 30}}, {Status: "exited", Size: show.Size{Own: 10}}},
		Volumes:    []volumes.Usage{{Users: 2, Bytes: 5}, {Bytes: 15}},
	}
	want := []Row{
		{"1", "600B (75%)", "800B", "2", "Images"},
		{"1", "10B (25%)", "40B", "2", "Containers"},
		{"1", "15B (75%)", "20B", "2", "Local Volumes"},
		{"0", "0B", "0B", "0", "Build Cache"},
	}
	if diff := cmp.Diff(want, r.Rows()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := encoded(t, Report{}.Details(show.Listing{})); got != `{"Images":[],"Containers":[],"Volumes":[],"BuildCache":[]}` {
		t.Errorf("of nothing: %s", got)
	}
}

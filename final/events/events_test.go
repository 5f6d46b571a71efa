package events

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// actions reads the actions of all events that a query wants.
func actions(t *testing.T, l *Log, q Query) string {
	t.Helper()
	var got []string
	if q.Until.IsZero() {
		q.Until = time.Now()
	}
	if err := l.Read(t.Context(), q, func(e Event) error { got = append(got, e.Action); return nil }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

func TestRead(t *testing.T) {
	l := Open(t.TempDir())
	if got := actions(t, l, Query{}); got != "" {
		t.Errorf("before there are any, there are %q", got)
	}
	var between time.Time
	for _, action := range []string{"create", "start", "die"} {
		if action == "start" {
			between = time.Now()
		}
		if err := l.Add(New("container", action, "abc", map[string]string{"image": "busybox", "name": "web"})); err != nil {
			t.Fatal(err)
		}
	}
	for want, q := range map[string]Query{
		"create start die": {},
		"start die":        {Since: between},
		"create":           {Until: between},
	} {
		if got := actions(t, l, q); got != want {
			t.Errorf("%+v has %q, want %q", q, got, want)
		}
	}
	err := l.Read(t.Context(), Query{Since: time.Unix(2, 5), Until: time.Unix(1, 0)}, nil)
	if want := "`since` time (2.000000005) cannot be after `until` time (1.000000000)"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestDamaged goes on after what a killed command, or nobody we know, has left.
func TestDamaged(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(root+"/events", []byte("no event\n{\"Type\":\"cont"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Open(root).Add(New("volume", "create", "v", nil)); err != nil {
		t.Fatal(err)
	}
	if got := actions(t, Open(root), Query{}); got != "create" {
		t.Errorf("there is %q, want create", got)
	}
}

// TestFollow has several commands add events, over the file's end, and one that follows them.
func TestFollow(t *testing.T) {
	l := Open(t.TempDir())
	big := map[string]string{"label": strings.Repeat("x", 64<<10)}
	if err := l.Add(New("volume", "create", "before", nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := map[string]int{}
	finished, ready := make(chan error), make(chan struct{})
	const writers, each = 4, 40 // 10 MiB
	var last int64
	go func() {
		finished <- l.Read(ctx, Query{Since: time.Now().Add(-time.Hour)}, func(e Event) error {
			if e.TimeNano < last {
				t.Errorf("%s is told after what happened later", e.Actor.ID)
			}
			last = e.TimeNano
			if e.Actor.ID == "before" {
				close(ready)
				return nil
			}
			if got[e.Actor.ID]++; len(got) == writers*each {
				cancel()
			}
			return nil
		})
	}()
	<-ready
	for writer := range writers {
		go func() {
			for i := range each {
				if err := l.Add(New("volume", "create", fmt.Sprint(writer, "-", i), big)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	if err := <-finished; err != nil || len(got) != writers*each {
		t.Errorf("%d of %d events are told: %v", len(got), writers*each, err)
	}
	for id, times := range got {
		if times != 1 {
			t.Errorf("%s is told %d times", id, times)
		}
	}
	for _, name := range []string{"", ".1"} {
		if state, err := os.Stat(l.path + name); err != nil || state.Size() > full+100<<10 {
			t.Errorf("events%s is not bounded: %v", name, err)
		}
	}
}

// TestCannot names the event that could not be noted.
func TestCannot(t *testing.T) {
	err := Open(t.TempDir() + "/none").Add(New("container", "start", "abc", nil))
	if err == nil || !strings.HasPrefix(err.Error(), "note the event container start of abc: open ") {
		t.Error(err)
	}
}

func TestFilters(t *testing.T) {
	container := New("container", "start", "0b863f", map[string]string{"image": "alpine:3", "name": "web-1", "tier": "front"})
	health := New("container", "health_status: healthy", "0b863f", map[string]string{"image": "alpine:3"})
	img := New("image", "tag", "sha256:12", map[string]string{"name": "docker.io/library/alpine:3"})
	for _, c := range []struct {
		event   Event
		filters string
		want    bool
	}{
		{container, "", true},
		{container, "container=web-1", true},
		{container, "container=web", true},
		{container, "container=eb-1", false},
		{container, "container=0b8", true},
		{container, "container=x container=web", true},
		{container, "type=container", true},
		{container, "type=contain", false},
		{container, "type=image type=container", true},
		{container, "event=start", true},
		{container, "event=sta", false},
		{container, "event=stop", false},
		{container, "event=start type=image", false},
		{container, "image=alpine", true},
		{container, "image=alpine:3", true},
		{container, "image=alpine:4", false},
		{container, "label=tier", true},
		{container, "label=tier=front", true},
		{container, "label=tier=back", false},
		{container, "label=tier label=none", false},
		{container, "scope=local", true},
		{container, "scope=swarm", false},
		{container, "network=web", true}, // as in Docker
		{container, "volume=data", false},
		{container, "daemon=x", false},
		{health, "event=health_status", true},
		{health, "event=health_status: healthy", true},
		{health, "event=health_status: unhealthy", false},
		{health, "event=exec_create", false},
		{img, "image=alpine", true},
		{img, "image=sha256:12", true},
		{img, "image=busybox", false},
	} {
		texts := strings.Split(strings.ReplaceAll(c.filters, ": ", ":_"), " ")
		for i := range texts {
			texts[i] = strings.ReplaceAll(texts[i], ":_", ": ")
		}
		filters, err := Filters(texts)
		if got := wanted(filters, c.event); got != c.want || err != nil {
			t.Errorf("%s of %s: %v, %v, want %v", c.filters, c.event.Action, got, err, c.want)
		}
	}
	if _, err := Filters([]string{"node=x"}); err == nil || !strings.HasPrefix(err.Error(), "invalid filter 'node': ") {
		t.Error(err)
	}
}

func TestPrint(t *testing.T) {
	e := New("container", "start", "0b86", map[string]string{"name": "x", "image": "busybox"})
	e.Time, e.TimeNano = 1700000000, 1700000000000000001
	at := time.Unix(0, e.TimeNano).Format(timeLayout)
	none := New("volume", "create", "v", nil)
	none.TimeNano = e.TimeNano
	for _, c := range []struct {
		format string
		event  Event
		want   string
	}{
		{"", e, at + " container start 0b86 (image=busybox, name=x)\n"},
		{"", none, at + " volume create v\n"},
		{"{{.Type}} {{.Actor.Attributes.name}}", e, "container x\n"},
		{"json", e, `{"status":"start","id":"0b86","from":"busybox","Type":"container","Action":"start","Actor":{"ID":"0b86",` +
			`"Attributes":{"image":"busybox","name":"x"}},"scope":"local","time":1700000000,"timeNano":1700000000000000001}` + "\n"},
	} {
		var out strings.Builder
		p, err := NewPrinter(&out, c.format)
		if err == nil {
			err = p.Print(c.event)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.format, err, diff)
		}
	}
	for _, wrong := range []string{"{{.None}}", "{{"} {
		if _, err := NewPrinter(nil, wrong); err == nil || !strings.HasPrefix(err.Error(), "Error parsing format: ") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

package inspect

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/container"
	"drydock/final/container/show"
	"drydock/final/restart"
	"drydock/internal/flags"
	"drydock/internal/proc"
	"drydock/internal/record"
)

// recorded is what Docker 29 says of a container, by what it is.
func recorded(t *testing.T, kind string) (object map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../../testdata/docker29/containers.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all[kind]
}

// ours is what we say, read as Docker's was.
func ours(t *testing.T, c show.Container) (object map[string]any) {
	t.Helper()
	text, err := json.Marshal(Inspect(c, Place{Log: "/log"}))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// made is a container of a command line, as far as it is known before it is created.
func made(t *testing.T, words ...string) show.Container {
	t.Helper()
	g := container.New()
	rest, err := flags.Parse(container.Flags(g), words)
	if err != nil {
		t.Fatal(err)
	}
	c, err := g.Complete(rest[0], rest[1:])
	if err != nil {
		t.Fatal(err)
	}
	c.Storage = "overlay"
	return show.Container{
		Record: record.Record{ID: strings.Repeat("a", 64), Name: "rich", Writer: "drydock", Args: append(append([]string{}, c.Entrypoint...), c.Cmd...), Created: time.Now()},
		Config: c, Status: "created",
	}
}

// TestFields has the fields that Docker has, of its types, in each object, and no others.
func TestFields(t *testing.T) {
	c := made(t, "busybox", "sleep", "1000")
	for _, kind := range []string{"plain-created", "plain-exited", "not-startable"} {
		same(t, kind, recorded(t, kind), ours(t, c))
	}
}

func same(t *testing.T, at string, docker, we map[string]any) {
	t.Helper()
	for name, theirs := range docker {
		own, there := we[name]
		if !there {
			t.Errorf("%s has no %s", at, name)
		}
		below, isObject := theirs.(map[string]any)
		if name == "Networks" || name == "Data" || name == "Labels" || name == "Healthcheck" || !isObject {
			continue
		}
		if own, isObject := own.(map[string]any); isObject {
			same(t, at+"."+name, below, own)
		}
	}
	for name := range we {
		// Docker 29 leaves out what is about the default network, and what is empty.
		if _, there := docker[name]; !there && !strings.HasSuffix(at, "NetworkSettings") {
			t.Errorf("%s has %s, and Docker has not", at, name)
		}
	}
}

// TestRich compares what the flags of a command line have become, value by value.
func TestRich(t *testing.T) {
	c := made(t, strings.Fields(`-di -t --hostname host --label a=b -e X=1 -w /tmp -u 1000:1000 --group-add 5
		-v data:/data:ro -v /srv/host:/host -v /anonymous --mount type=tmpfs,target=/t1,tmpfs-size=1m,tmpfs-mode=700 --tmpfs /t2:size=2m
		--mount type=bind,source=/srv/host,target=/host2,readonly --volumes-from other
		-p 8080:80 -p 127.0.0.1:9000:90/udp -p 70 --expose 99
		--memory 64m --memory-swap -1 --memory-reservation 32m --cpus 0.5 --pids-limit 100 --cpu-shares 512 --cpuset-cpus 0
		--stop-signal INT --stop-timeout 5 --init --read-only --shm-size 32m
		--sysctl net.ipv4.ip_forward=1 --ulimit nofile=1000:2000 --oom-score-adj 10 --log-opt max-size=1m --log-opt max-file=2
		--cap-add NET_ADMIN --cap-drop MKNOD --add-host there:192.0.2.7
		--dns 192.0.2.9 --dns-search example --dns-option ndots:2 --entrypoint sleep --ipc shareable --cgroupns private
		busybox 1000`)[1:]...) // -d is run's alone
	c.Config.Restart = restart.Policy{Name: "on-failure", MaximumRetryCount: 3}
	docker, we := recorded(t, "rich-running"), ours(t, c)
	without := func(object map[string]any, fields string) any {
		for field := range strings.FieldsSeq(fields) {
			delete(object, field)
		}
		return object
	}
	// What another flag was for, or confinement is; and what the image and create add.
	const notOurs = "Devices Links MaskedPaths ReadonlyPaths SecurityOpt Runtime"
	if diff := cmp.Diff(without(docker["HostConfig"].(map[string]any), notOurs), without(we["HostConfig"].(map[string]any), notOurs)); diff != "" {
		t.Errorf("HostConfig (-Docker +we):\n%s", diff)
	}
	const added = "Env Domainname Healthcheck OpenStdin Tty"
	if diff := cmp.Diff(without(docker["Config"].(map[string]any), added), without(we["Config"].(map[string]any), added)); diff != "" {
		t.Errorf("Config (-Docker +we):\n%s", diff)
	}
	if we["Path"] != "sleep" || cmp.Diff([]any{"1000"}, we["Args"]) != "" {
		t.Errorf("it is %v %v", we["Path"], we["Args"])
	}
}

// TestState has the states that a container may be in.
func TestState(t *testing.T) {
	self, err := proc.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[string]State{
		"running":    {Status: "running", Running: true, Pid: self.Pid},
		"paused":     {Status: "paused", Running: true, Paused: true, Pid: self.Pid},
		"restarting": {Status: "restarting", Running: true, Restarting: true, ExitCode: 3},
		"exited":     {Status: "exited", ExitCode: 3},
	} {
		c := show.Container{Record: record.Record{ExitCode: 3, State: record.Exited}, Status: status}
		if want.Pid != 0 {
			c.State, c.Init = record.Running, self
		}
		got := state(c)
		want.StartedAt, want.FinishedAt = "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", status, diff)
		}
	}
}

// TestStage has who made it, if that is another program: what that has written has another form.
func TestStage(t *testing.T) {
	c := show.Container{Record: record.Record{ID: strings.Repeat("b", 64), Name: "old", Writer: "stage3", Args: []string{"sh"}}, Status: "exited"}
	if we := ours(t, c); we["Writer"] != "stage3" || we["Path"] != "sh" || we["Name"] != "/old" {
		t.Errorf("%v", we)
	}
}

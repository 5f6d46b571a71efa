package endpoint

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/flags"
)

// read parses flags of run.
func read(words []string) ([]Wish, error) {
	var v Values
	if _, err := flags.Parse(Flags(&v), words); err != nil {
		return nil, err
	}
	return v.Networks()
}

func TestWishes(t *testing.T) {
	for line, want := range map[string]string{
		"": `[{"network":"bridge"}]`,
		"--network default --mac-address 02:00:00:00:00:0B":                                          `[{"network":"bridge","hardware":"02:00:00:00:00:0b"}]`,
		"--network s1 --ip 10.1.0.9 --ip6 fd00::9 --network-alias a --net-alias b --network s2":      `[{"network":"s1","aliases":["a","b"],"address":"10.1.0.9","address6":"fd00::9"},{"network":"s2"}]`,
		"--network name=s1,alias=x,alias=y,ip=10.1.0.9,mac-address=02:00:00:00:00:09,gw-priority=-1": `[{"network":"s1","aliases":["x","y"],"address":"10.1.0.9","hardware":"02:00:00:00:00:09","priority":-1}]`,
		"--network container:web":                                  `[{"network":"container:web"}]`,
		"--network s1 --network-alias a --network name=s1,alias=b": `network "s1" is specified multiple times: name it once`,
		"--network name=s1,alias=a --network-alias b":              `conflicting options: an address or an alias is in --network and in a flag of its own: leave one out`,
		"--network alias=a":                                        `invalid argument "alias=a" for "--network" flag: network name/id is not specified: give name=NAME`,
	} {
		wishes, err := read(strings.Fields(line))
		got := ""
		if err != nil {
			got = err.Error()
		} else if text, err := json.Marshal(wishes); err != nil {
			t.Error(err)
		} else {
			got = string(text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// differs are where Docker takes what means nothing.
var differs = map[string]string{
	"run --rm --network host --mac-address 02:00:00:00:00:0b box true":          "conflicting options: mac-address",
	"run --rm --network container:web --mac-address 02:00:00:00:00:0b box true": "conflicting options: mac-address",
	"run --rm --network host --ip 172.17.0.99 box true":                         "user-specified IP address is supported on user-defined networks only",
}

// TestRecorded refuses what Docker's client refused, with its words, and takes what it took.
func TestRecorded(t *testing.T) {
	file, err := os.Open("../testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Words  []string
			Exit   int
			Stderr string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		words := slices.DeleteFunc(slices.Clone(c.Words), func(word string) bool { return word == "--rm" || word == "-d" })
		end := slices.Index(words, "box")
		line := strings.Join(words, " ")
		if !strings.HasPrefix(line, "run --net") && !strings.HasPrefix(line, "run --ip") && !strings.HasPrefix(line, "run --mac") ||
			strings.Contains(line, " -p ") || strings.Contains(line, "-host") || strings.Contains(line, "hostname") {
			continue
		}
		count++
		_, err := read(words[1:end])
		want, isDifferent := differs[strings.Join(c.Words, " ")]
		said := strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimPrefix(c.Stderr, "docker: "), "Error response from daemon: ")), " ")
		said, _, _ = strings.Cut(said, " Run 'docker")
		said, _, _ = strings.Cut(said, " Usage:")
		// What is on which network is for package connect.
		isOurs := c.Exit != 0 && !strings.Contains(said, "no configured subnet") && !strings.Contains(said, "container networking")
		switch {
		case isDifferent && (err == nil || !strings.Contains(err.Error(), want)),
			!isDifferent && isOurs && (err == nil || !strings.Contains(err.Error(), said)),
			!isDifferent && !isOurs && err != nil:
			t.Errorf("%s: %v, want %s %s", line, err, said, want)
		}
	}
	if lines.Err() != nil || count < 20 {
		t.Errorf("%d cases: %v", count, lines.Err())
	}
}

// TestChange connects and disconnects as Docker was asked to (testdata/docker.json): + and - a network, of a
// container that is on those before the colon.
func TestChange(t *testing.T) {
	for line, want := range map[string]string{
		"s1: +s3":           "s1 s3",
		"s1: +s3 -s1":       "s3",
		"s1: +s1":           "endpoint with name web already exists in network s1",
		"s1: -s3":           "container web is not connected to network s3",
		"s1: +host":         "cannot connect container to host network - container must be created in host network mode",
		"s1: +none":         "container cannot be connected to multiple networks with one of the networks in private (none) mode",
		"host: +s1":         "container sharing network namespace with another container or host cannot be connected to any other network",
		"container:x: +s1":  "container sharing network namespace with another container or host cannot be connected to any other network",
		"host: -host":       "cannot disconnect container from host network - container was created in host network mode",
		"none: +s1":         "container cannot be connected to multiple networks with one of the networks in private (none) mode",
		"none: -none +s1":   "s1",
		"s1: -s1 +none +s2": "container cannot be connected to multiple networks with one of the networks in private (none) mode",
	} {
		before, changes, _ := strings.Cut(line, ": ")
		wishes, err := []Wish{{Network: before}}, error(nil)
		for change := range strings.FieldsSeq(changes) {
			if change[0] == '+' {
				wishes, err = Connect(wishes, "web", Wish{Network: change[1:]})
			} else {
				wishes, err = Disconnect(wishes, "web", change[1:])
			}
		}
		var got []string
		for _, w := range wishes {
			got = append(got, w.Network)
		}
		if err != nil && strings.HasPrefix(err.Error(), want+":") {
			continue
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", line, err, diff)
		}
	}
	if _, err := Connect([]Wish{{Network: "s1"}}, "web", Wish{Network: "bridge", Aliases: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "network-scoped aliases are only supported for user-defined networks") {
		t.Errorf("an alias on the default network: %v", err)
	}
}

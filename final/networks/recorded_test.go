package networks_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/networks"
	"drydock/final/networks/create"
	"drydock/final/networks/remove"
	"drydock/final/networks/show"
	"drydock/final/networks/testnet"
	"drydock/internal/flags"
)

// A Case is a command line, and what Docker made of it.
type Case struct {
	Words          []string
	Exit           int
	Stdout, Stderr string
}

func recorded(t *testing.T) (cases []Case) {
	t.Helper()
	file, err := os.Open("testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Words != nil { // the first line says which Docker
			cases = append(cases, c)
		}
	}
	if lines.Err() != nil || len(cases) < 250 {
		t.Fatalf("%d cases: %v", len(cases), lines.Err())
	}
	return cases
}

// ownHost is one for the test, set up as that of the record.
func ownHost(t *testing.T) {
	t.Helper()
	testnet.Host(t)
	testnet.Sh(t, `ip link add outside type bridge; ip address add 10.9.9.1/24 dev outside
		ip address add 192.0.2.1/24 dev outside; ip link set outside up; ip route add default dev outside`)
}

// docker runs what follows docker network on a command line, as the program will.
func docker(root string, words []string, w io.Writer) error {
	command, words := words[0], words[1:]
	var quiet, force, whole, verbose bool
	var text string
	var filters []string
	table := []flags.Flag{
		{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}},
		{Name: "force", Short: "f", Value: flags.Bool{To: &force}},
		{Name: "no-trunc", Value: flags.Bool{To: &whole}},
		{Name: "format", Value: flags.String{To: &text}},
		{Name: "filter", Value: flags.List{To: &filters}},
	}
	switch command {
	case "create":
		var v create.Values
		rest, err := flags.Arguments(create.Flags(&v), words, 1, 1, "", w)
		if err != nil {
			return err
		}
		id, err := create.Create(root, rest[0], v, func(string) {})
		if err == nil {
			fmt.Fprintln(w, id)
		}
		return err
	case "ls":
		table[1] = flags.Flag{Name: "filter", Short: "f", Value: flags.List{To: &filters}}
		if _, err := flags.Arguments(table[:4], words, 0, 0, "", w); err != nil {
			return err
		}
		set, err := filter.Parse(filters, show.Filters...)
		if err != nil {
			return err
		}
		list, err := format.Parse(text, show.Columns, quiet)
		if err != nil {
			return err
		}
		rows, err := show.List(root, set, whole)
		if err != nil {
			return err
		}
		return format.Write(w, list, show.RowHeader, rows)
	case "inspect":
		table = []flags.Flag{{Name: "format", Short: "f", Value: flags.String{To: &text}}, {Name: "verbose", Short: "v", Value: flags.Bool{To: &verbose}}}
		rest, err := flags.Arguments(table, words, 1, 9, "", w)
		if err != nil {
			return err
		}
		return inspect(root, rest, text, w)
	case "rm":
		rest, err := flags.Arguments(table[1:2], words, 1, 9, "", w)
		for _, ref := range rest {
			removed, failed := remove.Network(root, ref, force)
			if failed != nil {
				err = failed
			} else if removed {
				fmt.Fprintln(w, ref)
			}
		}
		return err
	}
	if _, err := flags.Arguments(table, words, 0, 0, "", w); err != nil {
		return err
	}
	set, err := filter.Parse(filters, remove.PruneFilters...)
	if err != nil {
		return err
	}
	removed, err := remove.Prune(root, set, time.Now(), func(string) bool { return false })
	if len(removed) > 0 {
		fmt.Fprintf(w, "Deleted Networks:\n%s\n\n", strings.Join(removed, "\n"))
	}
	return err
}

func inspect(root string, refs []string, text string, w io.Writer) error {
	objects, err := format.ParseObjects(text)
	if err != nil {
		return err
	}
	var found []any
	for _, ref := range refs {
		n, missing := networks.Find(root, ref)
		if missing != nil {
			err = missing
			continue
		}
		found = append(found, show.Inspect(n, func(id string) string { return id }))
	}
	if failed := objects.Write(w, found); failed != nil {
		return failed
	}
	return err
}

// hide replaces what is never the same, as record.sh does.
func hide(text string) string {
	for _, r := range [][2]string{
		{`\b[0-9a-f]{64}\b`, "ID"},
		{`\b(br-|)[0-9a-f]{12}\b`, "${1}ID"},
		{`[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z| \+0000 UTC)`, "TIME"},
	} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	return text
}

// TestKernelRecorded does what Docker was asked to do, and says what Docker said.
func TestKernelRecorded(t *testing.T) {
	ownHost(t)
	root := t.TempDir()
	if err := networks.Change(root, networks.Bridge, func(n *networks.Network) error {
		n.Bridge.Name, n.Subnet, n.Gateway = "docker0", netip.MustParsePrefix("172.17.0.0/16"), netip.MustParseAddr("172.17.0.1")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	asked, differing, withContainers := 0, 0, false
	for _, c := range recorded(t) {
		line := strings.Join(c.Words, " ")
		withContainers = withContainers || c.Words[0] == "run"
		if slices.Contains(refused, line) || withContainers && !slices.Contains(alone, line) || c.Words[0] != "network" {
			continue
		}
		asked++
		var out bytes.Buffer
		err := docker(root, c.Words[1:], &out)
		if want, differs := differences[line]; differs {
			differing++
			if !strings.Contains(fmt.Sprint(err, out.String()), want) {
				t.Errorf("%s: %v: %s, want %s", line, err, out.String(), want)
			}
			continue
		}
		if (err == nil) != (c.Exit == 0) {
			t.Errorf("%s: %v, want exit %d: %s", line, err, c.Exit, c.Stderr)
			continue
		}
		if diff := cmp.Diff(lines(c.Stdout), lines(hide(out.String()))); diff != "" {
			t.Errorf("%s (-Docker +ours):\n%s", line, diff)
		}
		if err != nil && !strings.Contains(flat(hide(err.Error())), complaint(c.Stderr)) {
			t.Errorf("%s:\n%v, want\n%s", line, err, c.Stderr)
		}
	}
	if asked < 110 || differing != len(differences) {
		t.Errorf("%d were asked, and %d of %d differ", asked, differing, len(differences))
	}
}

// lines are those of an output, in any order: a prune of Docker's has none.
func lines(text string) []string {
	all := strings.Split(text, "\n")
	if strings.HasPrefix(text, "Deleted") {
		slices.Sort(all)
	}
	return all
}

func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// complaint is the sentence of an error of Docker's.
func complaint(stderr string) string {
	text, _, _ := strings.Cut(stderr, "\nexit status")
	text, _, _ = strings.Cut(text, "\n\nUsage:")
	text, _, _ = strings.Cut(text, "\nSee 'docker")
	if strings.Contains(text, "template parsing error") {
		return "template parsing error: template: :1:2: executing \"\" at <.Nonsense>: "
	}
	return flat(strings.TrimPrefix(text, "Error response from daemon: "))
}

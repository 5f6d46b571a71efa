package mounts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/mounts"
	"drydock/final/mounts/point"
	"drydock/final/mounts/volumes"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// A program is a docker that makes containers, keeps volumes, and has a list in place of records.
type program struct {
	dir        string // $W of record.sh
	root       string
	store      *volume.Store
	containers []record.Record
	newest     string // container's id
	runs       func(points []point.Point) (stdout string, err error)
	out        io.Writer
}

// newProgram lays out the directories of record.sh, without what is mounted there.
func newProgram(t *testing.T, dir string) *program {
	t.Helper()
	for _, name := range []string{"dir", "tree/sub", "shared", "slave", "private"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(dir, "dir/content"), []byte("content\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("content\n"), 0o600))
	t.Chdir(dir)
	p := &program{dir: dir, root: filepath.Join(dir, "root"), runs: func([]point.Point) (string, error) { return "", nil }}
	must(t, p.reset())
	return p
}

func (p *program) reset() (err error) {
	p.containers = nil
	if err := os.RemoveAll(p.root); err != nil {
		return err
	}
	p.store, err = volume.Open(p.root, func() ([]record.Record, error) { return p.containers, nil })
	return err
}

// run runs a case as record.sh does.
func (p *program) run(words []string) (r recorded) {
	var stdout bytes.Buffer
	p.out, r.Words = &stdout, words
	words = slices.Clone(words)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "$W", p.dir)
	}
	err := p.command(words, &r)
	r.Stdout = p.hide(stdout.String())
	if err != nil {
		r.Exit, r.Stderr = 1, p.hide(err.Error())
	}
	return r
}

// hide takes out what is another's every time.
func (p *program) hide(text string) string {
	return id.ReplaceAllString(strings.NewReplacer(filepath.Join(p.root, "volumes"), "$VOLUMES", p.dir, "$W").Replace(text), "ID")
}

func (p *program) command(words []string, r *recorded) error {
	switch words[0] {
	case "reset":
		return p.reset()
	case "create":
		return p.inspected(words[1:], nil, r)
	case "image":
		return p.inspected(words[1:], []string{"/image", "/other"}, r)
	case "run":
		points, _, _, err := p.points(words[1:], nil)
		if err != nil {
			return err
		}
		said, err := p.runs(points)
		fmt.Fprint(p.out, said)
		return errors.Join(err, p.store.Sweep(p.newest))
	case "docker":
		return p.docker(words[1:])
	case "container":
		points, err := p.of(words[len(words)-1])
		if err != nil {
			return err
		}
		return json.NewEncoder(p.out).Encode(point.Entries(points))
	case "volume":
		return p.volume(words[1:])
	}
	return fmt.Errorf("unknown command %q", words)
}

// points has a container get its mounts.
func (p *program) points(args, declared []string) (points []point.Point, g mounts.Given, name string, err error) {
	p.newest = record.NewID()
	table := append(mounts.Flags(&g), flags.Flag{Name: "name", Value: flags.String{To: &name}}, flags.Flag{Name: "network", Value: flags.String{To: new(string)}})
	if _, err = flags.Parse(table, args); err != nil {
		return nil, g, name, err
	}
	var inherited []point.Point
	for _, from := range g.VolumesFrom {
		theirs, err := point.Inherit(from, p.of)
		if err != nil {
			return nil, g, name, err
		}
		inherited = append(inherited, theirs...)
	}
	if points, err = point.Points(inherited, g, declared); err != nil {
		return nil, g, name, err
	}
	_, err = volumes.Provide(p.store, points, p.newest)
	return points, g, name, err
}

func (p *program) of(name string) ([]point.Point, error) {
	for _, c := range p.containers {
		if c.Name == name {
			return point.Of(c)
		}
	}
	return nil, fmt.Errorf("no such container: %s", name)
}

// inspected makes a container, notes what inspect shows of it, and removes it.
func (p *program) inspected(args, declared []string, r *recorded) error {
	points, g, _, err := p.points(args, declared)
	if err == nil {
		r.Inspect, err = json.Marshal(map[string]any{"Mounts": point.Entries(points), "HostConfig": g})
		r.Inspect = []byte(p.hide(string(r.Inspect)))
	}
	return errors.Join(err, p.store.Sweep(p.newest))
}

func (p *program) docker(words []string) error {
	if words[0] == "create" {
		points, _, name, err := p.points(words[1:], nil)
		r := record.Record{ID: p.newest, Name: name}
		fmt.Fprintln(p.out, r.ID)
		p.containers = append(p.containers, r)
		return errors.Join(err, point.Note(&p.containers[len(p.containers)-1], points))
	}
	name := words[len(words)-1]
	var removed record.Record
	for _, c := range p.containers {
		if c.Name == name {
			removed = c
		}
	}
	err := p.store.Settle(removed, !slices.Contains(words, "-v"))
	p.containers = slices.DeleteFunc(p.containers, func(c record.Record) bool { return c.Name == name })
	fmt.Fprintln(p.out, name)
	return errors.Join(err, p.store.Sweep(removed.ID))
}

// options are the flags of docker volume's commands, but for create.
type options struct {
	all, quiet, force bool
	filters           []string
	format            string
}

func (p *program) volume(words []string) error {
	if words[0] == "create" {
		var v volumes.Values
		rest, err := flags.Parse(volumes.Flags(&v), words[1:])
		if err != nil {
			return err
		}
		v.Name = strings.Join(rest, " ")
		name, err := volumes.Create(p.store, v)
		if err == nil {
			fmt.Fprintln(p.out, name)
		}
		return err
	}
	var o options
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.BoolVarP(&o.all, "all", "a", false, "")
	set.BoolVarP(&o.quiet, "quiet", "q", false, "")
	set.StringArrayVar(&o.filters, "filter", nil, "")
	if words[0] == "inspect" {
		set.StringVarP(&o.format, "format", "f", "", "")
	} else {
		set.StringVar(&o.format, "format", "", "")
		set.BoolVarP(&o.force, "force", "f", false, "")
	}
	if err := set.Parse(words[1:]); err != nil {
		return err
	}
	switch words[0] {
	case "ls":
		return p.list(o)
	case "inspect":
		return p.inspect(set.Args(), o)
	case "prune":
		return p.prune(o)
	}
	return p.remove(set.Args(), o)
}

func (p *program) list(o options) error {
	filters, err := filter.Parse(o.filters, volumes.ListFilters...)
	if err != nil {
		return err
	}
	list, err := volumes.Format(o.format, o.quiet)
	if err != nil {
		return err
	}
	rows, err := volumes.List(p.store, p.containers, filters)
	if err != nil {
		return err
	}
	return format.Write(p.out, list, volumes.Header, rows)
}

func (p *program) inspect(names []string, o options) error {
	how, err := format.ParseObjects(o.format)
	if err != nil {
		return err
	}
	var objects []any
	for _, name := range names {
		object, failed := volumes.Inspect(p.store, name)
		if failed == nil {
			objects = append(objects, object)
		}
		err = errors.Join(err, failed)
	}
	return errors.Join(err, how.Write(p.out, objects))
}

func (p *program) remove(names []string, o options) (err error) {
	for _, name := range names {
		failed := p.store.Remove(name)
		if o.force && errors.Is(failed, volume.ErrNone) {
			failed = nil
		}
		if failed == nil {
			fmt.Fprintln(p.out, name)
		}
		err = errors.Join(err, failed)
	}
	return err
}

func (p *program) prune(o options) error {
	filters, err := filter.Parse(o.filters, volumes.PruneFilters...)
	if err != nil {
		return err
	}
	if err := volumes.CheckPrune(o.all, filters); err != nil {
		return err
	}
	pruned, err := volumes.Prune(p.store, p.containers, o.all, filters)
	if err != nil {
		return err
	}
	if len(pruned.Names) > 0 {
		fmt.Fprintf(p.out, "Deleted Volumes:\n%s\n\n", strings.Join(pruned.Names, "\n"))
	}
	fmt.Fprintln(p.out, "Total reclaimed space:", units.HumanSize(float64(pruned.Freed)))
	return nil
}

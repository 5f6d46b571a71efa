package images_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/docker/go-units"
	"github.com/opencontainers/go-digest"
	"github.com/spf13/pflag"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/images/catalog"
	"drydock/final/images/remove"
	"drydock/final/images/show"
	"drydock/final/images/size"
	"drydock/stage4-images/archive"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// A program is a docker with the commands on images, and a list in place of containers.
type program struct {
	store      *image.Store
	containers []container
	now        time.Time
	out        io.Writer
}

type container struct {
	name string
	catalog.User
}

// options are the flags of all commands together. noPrune changes nothing: see package remove.
type options struct {
	all, quiet, whole, digests, force, noPrune, human bool
	filters                                           []string
	format                                            string
}

// reset has the program begin with the images of testdata/images.tar.
func (p *program) reset(t *testing.T) {
	t.Helper()
	p.store, p.containers = open(t), nil
	file, err := os.Open("testdata/images.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := archive.Load(p.store, file, apply); err != nil {
		t.Fatal(err)
	}
}

// apply unpacks a layer to nowhere, which takes no root.
func apply(blob io.Reader, _ string) (digest.Digest, error) {
	plain, err := layer.Open(blob)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	return digest.FromReader(plain)
}

// run runs a command line as Docker's client would.
func (p *program) run(t *testing.T, words []string) recorded {
	t.Helper()
	var o options
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.BoolVarP(&o.all, "all", "a", false, "")
	set.BoolVarP(&o.quiet, "quiet", "q", false, "")
	set.BoolVar(&o.whole, "no-trunc", false, "")
	set.BoolVar(&o.digests, "digests", false, "")
	set.BoolVar(&o.noPrune, "no-prune", false, "")
	set.BoolVarP(&o.human, "human", "H", true, "")
	if words[0] == "images" || words[0] == "history" {
		set.StringArrayVarP(&o.filters, "filter", "f", nil, "")
		set.StringVar(&o.format, "format", "", "")
	} else {
		set.StringArrayVar(&o.filters, "filter", nil, "")
	}
	if words[0] == "image" && words[1] == "inspect" {
		set.StringVarP(&o.format, "format", "f", "", "")
	} else if words[0] == "rmi" || words[0] == "image" {
		set.BoolVarP(&o.force, "force", "f", false, "")
	}
	if err := set.Parse(words); err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	var stdout bytes.Buffer
	p.out = &stdout
	exit, err := p.command(set.Args(), o)
	r := recorded{Words: words, Exit: exit, Stdout: stdout.String()}
	if err != nil {
		r.Stderr = err.Error()
	}
	return r
}

// command runs a command, and returns Docker's exit status.
func (p *program) command(words []string, o options) (exit int, err error) {
	args := words[1:]
	switch words[0] {
	case "run", "create":
		err = p.create(args[0], args[1], words[0] == "run")
	case "rm":
		p.containers = slices.DeleteFunc(p.containers, func(c container) bool { return c.name == args[0] })
		fmt.Fprintln(p.out, args[0])
	case "tag":
		err = catalog.Tag(p.store, args[0], args[1])
	case "images":
		err = p.images(append(args, "")[0], o)
	case "history":
		err = p.history(args[0], o)
	case "rmi":
		return p.rmi(args, o)
	case "image":
		if args[0] == "inspect" {
			return p.inspect(args[1:], o)
		}
		err = p.prune(o)
	default:
		err = fmt.Errorf("unknown command %q", words)
	}
	if err != nil {
		exit = 1
	}
	return exit, err
}

func (p *program) users() (users []catalog.User, err error) {
	for _, c := range p.containers {
		users = append(users, c.User)
	}
	return users, nil
}

func (p *program) create(name, ref string, running bool) error {
	c, damaged := catalog.Read(p.store)
	img, err := c.Find(ref, damaged)
	if err != nil {
		return err
	}
	p.containers = append(p.containers, container{name, catalog.User{Container: "CONTAINER", Image: img.ID(), Layers: img.ChainIDs(), Running: running}})
	fmt.Fprintln(p.out, "CONTAINER")
	return nil
}

func (p *program) images(name string, o options) error {
	filters, err := filter.Parse(o.filters, show.ListFilters...)
	if err != nil {
		return err
	}
	users, _ := p.users() // never fails
	listing := show.Listing{All: o.all, Name: name, Filters: filters, Digests: o.digests, Whole: o.whole, Users: users, Now: p.now}
	listing, list, err := listing.As(o.format, o.quiet)
	if err != nil {
		return err
	}
	c, damaged := catalog.Read(p.store)
	rows, err := show.List(p.store, c, listing)
	if rows == nil && err != nil {
		return err
	}
	return errors.Join(format.Write(p.out, list, show.RowHeader, rows), err, damaged)
}

func (p *program) history(ref string, o options) error {
	c, damaged := catalog.Read(p.store)
	img, err := c.Find(ref, damaged)
	if err != nil {
		return err
	}
	columns := show.Steps
	if !o.human {
		columns = show.ExactSteps
	}
	list, err := format.Parse(o.format, columns, o.quiet)
	if err != nil {
		return err
	}
	sizes, err := size.Of(p.store, img.Image)
	if err != nil {
		return err
	}
	steps, err := show.History(img, sizes, show.Telling{Exact: !o.human, Whole: o.whole, Now: p.now})
	if err != nil {
		return err
	}
	return format.Write(p.out, list, show.StepHeader, steps)
}

func (p *program) inspect(refs []string, o options) (exit int, err error) {
	how, err := format.ParseObjects(o.format)
	if err != nil {
		return 64, err
	}
	var objects []any
	c, damaged := catalog.Read(p.store)
	for _, ref := range refs {
		img, failed := c.Find(ref, damaged)
		if failed == nil {
			var object show.Object
			object, failed = show.Inspect(p.store, img)
			objects = append(objects, object)
		}
		err = errors.Join(err, failed)
	}
	if err = errors.Join(err, how.Write(p.out, objects)); err != nil {
		return 1, err
	}
	return 0, nil
}

func (p *program) rmi(refs []string, o options) (exit int, err error) {
	for _, ref := range refs {
		r, failed := remove.Image(p.store, ref, remove.Options{Force: o.force, Users: p.users})
		for _, name := range r.Untagged {
			fmt.Fprintln(p.out, "Untagged:", name)
		}
		for _, id := range r.Deleted {
			fmt.Fprintln(p.out, "Deleted:", id)
		}
		if forgiven := o.force && errors.As(failed, new(catalog.NotFound)); failed != nil && !forgiven {
			exit = 1
		}
		err = errors.Join(err, failed)
	}
	return exit, err
}

func (p *program) prune(o options) error {
	filters, err := filter.Parse(o.filters, remove.PruneFilters...)
	if err != nil {
		return err
	}
	r, err := remove.Prune(p.store, remove.Pruning{All: o.all, Filters: filters, Users: p.users, Now: p.now})
	if len(r.Untagged)+len(r.Deleted) > 0 {
		fmt.Fprintln(p.out, "Deleted Images:")
		for _, name := range r.Untagged {
			fmt.Fprintln(p.out, "untagged:", name)
		}
		for _, id := range r.Deleted {
			fmt.Fprintln(p.out, "deleted:", id)
		}
		fmt.Fprintln(p.out)
	}
	if err == nil {
		fmt.Fprintln(p.out, "Total reclaimed space:", units.HumanSize(float64(r.Freed)))
	}
	return err
}

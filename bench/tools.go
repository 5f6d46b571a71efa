package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A tool is one of those that are compared.
type tool struct {
	name, version string
	world         *world
	words         []string // what is called, before Docker's words
	run           []string // what run and create need besides
	env           []string
	daemon        int // its pid
}

// findTools starts what there is, each with the small image.
func (b *bench) findTools() error {
	for _, find := range []func() (*tool, error){b.drydock, b.docker, b.podman} {
		t, err := find()
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		_, err = t.do("load", "-i", b.small())
		if err == nil {
			_, err = t.do("run", "--rm", image, "true")
		}
		if err == nil {
			b.tools = append(b.tools, t)
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s cannot run a container here, and is left out: %v\n", t.name, err)
	}
	if len(b.tools) == 0 || b.tools[0].name != "drydock" {
		return errors.New("there is nothing to compare with")
	}
	return nil
}

func (b *bench) drydock() (*tool, error) {
	w, err := newWorld()
	return &tool{
		name: "drydock", version: firstLine("drydock", "version", "--format", "{{.Client.Version}}"), world: w, words: []string{"drydock"},
		env: []string{"DRYDOCK_ROOT=" + b.path("drydock")},
	}, err
}

// command is the tool called with Docker's words.
func (t *tool) command(args ...string) *exec.Cmd {
	words := append([]string{}, t.words...)
	for i, arg := range args {
		words = append(words, arg)
		if i == 0 && (arg == "run" || arg == "create") {
			words = append(words, t.run...)
		}
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), t.env...)
	return cmd
}

// do runs it, and returns how many milliseconds that has taken.
func (t *tool) do(args ...string) (float64, error) { return t.time(t.command(args...)) }

// time runs a command in the tool's world.
func (t *tool) time(cmd *exec.Cmd) (float64, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	var took time.Duration
	err := t.world.call(func() error {
		began := time.Now()
		err := cmd.Run()
		took = time.Since(began)
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(said.Bytes()))
	}
	return float64(took.Microseconds()) / 1000, err
}

// ask returns what it prints.
func (t *tool) ask(args ...string) (string, error) {
	out, err := t.world.output(t.command(args...))
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// remove removes containers, whether they run or not.
func (t *tool) remove(names ...string) error {
	_, err := t.ask(append([]string{"rm", "-f"}, names...)...)
	return err
}

func has(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// firstLine is the first line of what a command prints.
func firstLine(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput() // it is said that it is unknown
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

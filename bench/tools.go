package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A tool is one of those that are compared.
type tool struct {
	name, version string
	world         *world
	words         []string // what is called, before Docker's words
	run           []string // what run and create need besides
	env           []string
	daemon        int // its pid
	leave         func() error
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
	var began time.Time
	err := t.world.call(func() error {
		began = time.Now()
		return cmd.Run()
	})
	took := time.Since(began)
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
		b.tools = append(b.tools, t)
		_, err = t.do("load", "-i", b.small())
		if err == nil {
			_, err = t.do("run", "--rm", image, "true")
		}
		if err == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s cannot run a container here, and is left out: %v\n", t.name, err)
		b.tools = slices.DeleteFunc(b.tools, func(other *tool) bool { return other == t })
		if err := t.leave(); err != nil {
			return err
		}
	}
	if len(b.tools) == 0 || b.tools[0].name != "drydock" {
		return errors.New("there is nothing to compare with")
	}
	return nil
}

// clear removes all of a tool's containers.
func (t *tool) clear() error {
	ids, err := t.ask("ps", "-aq")
	if err == nil && ids != "" {
		_, err = t.ask(append([]string{"rm", "-f"}, strings.Fields(ids)...)...)
	}
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

func (b *bench) drydock() (*tool, error) {
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	root, group := filepath.Join(b.dir, "drydock"), "/bench-drydock"
	return &tool{
		name: "drydock", version: "this checkout", world: w, words: []string{"drydock"},
		env: []string{"DRYDOCK_ROOT=" + root, "DRYDOCK_CGROUP_PARENT=" + group},
		leave: func() error {
			return errors.Join(removeGroup(group), os.RemoveAll(root))
		},
	}, nil
}

// removeGroup removes a cgroup of which nothing is left but the directory.
func removeGroup(name string) error {
	err := os.Remove("/sys/fs/cgroup" + name)
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// docker starts a daemon.
func (b *bench) docker() (*tool, error) {
	if !has("dockerd") || !has("docker") {
		return nil, nil //nolint:nilnil // it is not here
	}
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "docker")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	socket := "unix://" + dir + "/socket"
	cmd := exec.Command("dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "-H", socket,
		"--feature", "containerd-snapshotter=false", "--storage-driver", "overlay2")
	log, err := os.Create(dir + "/log")
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := w.start(cmd); err != nil {
		return nil, err
	}
	t := &tool{name: "docker", world: w, words: []string{"docker"}, env: []string{"DOCKER_HOST=" + socket}, daemon: cmd.Process.Pid}
	t.leave = func() error { return stop(cmd, dir) }
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if t.version, err = t.ask("version", "--format", "{{.Server.Version}}"); err == nil {
			return t, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(err, t.leave())
		}
	}
}

// stop ends a daemon, if there is one, and unmounts what is left.
func stop(cmd *exec.Cmd, dir string) error {
	if cmd != nil {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		_ = cmd.Wait() // by a signal, as it says
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if at := strings.Fields(line)[4]; strings.HasPrefix(at, dir+"/") {
			err = errors.Join(err, unix.Unmount(at, unix.MNT_DETACH))
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func (b *bench) podman() (*tool, error) {
	if !has("podman") {
		return nil, nil //nolint:nilnil // it is not here
	}
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "podman")
	if err := os.MkdirAll("/run/lock", 0o755); err != nil {
		return nil, err
	}
	return &tool{
		name: "podman", version: firstLine("podman", "--version"), world: w,
		words: []string{"podman", "--root", dir + "/root", "--runroot", dir + "/run", "--tmpdir", dir + "/tmp", "--cgroup-manager", "cgroupfs", "--storage-driver", "overlay", "--runtime", "runc"},
		run:   []string{"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--pids-limit", "0"}, // not everywhere may root raise them
		leave: func() error { return stop(nil, dir) },
	}, nil
}

// A bundle is the directory of runc and crun: the same root directory and much the same config.json.
func (b *bench) bundle() (string, error) {
	dir := filepath.Join(b.dir, "bundle")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := b.smallRoot(filepath.Join(dir, "rootfs")); err != nil {
		return "", err
	}
	cmd := exec.Command("runc", "spec")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("runc spec: %w: %s", err, out)
	}
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var spec map[string]any
	if err := json.Unmarshal(text, &spec); err != nil {
		return "", err
	}
	spec["ociVersion"] = "1.0.2" // which older ones know too
	process := spec["process"].(map[string]any)
	process["terminal"], process["args"] = false, []string{"true"}
	delete(process, "rlimits") // not everywhere may root raise them
	spec["root"] = map[string]any{"path": "rootfs", "readonly": false}
	if text, err = json.Marshal(spec); err != nil {
		return "", err
	}
	return dir, os.WriteFile(path, text, 0o644)
}

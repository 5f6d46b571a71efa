package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// docker starts a daemon. Nobody stops it: it ends with its namespace.
func (b *bench) docker() (*tool, error) {
	if !has("dockerd") || !has("docker") {
		return nil, nil //nolint:nilnil // it is not here
	}
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	dir := b.path("docker")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(dir + "/log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	socket := "unix://" + dir + "/socket"
	// Layers as drydock keeps them: unpacked, and not beside their archives.
	cmd := exec.Command("dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "-H", socket,
		"--feature", "containerd-snapshotter=false", "--storage-driver", "overlay2")
	cmd.Stdout, cmd.Stderr = log, log
	if err := w.start(cmd); err != nil {
		return nil, err
	}
	t := &tool{name: "docker", world: w, words: []string{"docker"}, env: []string{"DOCKER_HOST=" + socket}, daemon: cmd.Process.Pid}
	deadline := time.After(time.Minute)
	for {
		if t.version, err = t.ask("version", "--format", "{{.Server.Version}}, API {{.Server.APIVersion}}"); err == nil {
			return t, nil
		}
		select {
		case <-deadline:
			text, _ := os.ReadFile(log.Name()) // that it does not answer is said anyhow
			return nil, fmt.Errorf("dockerd does not answer: %w: %s", err, text)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *bench) podman() (*tool, error) {
	if !has("podman") {
		return nil, nil //nolint:nilnil // it is not here
	}
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	dir := b.path("podman")
	return &tool{
		name: "podman", version: firstLine("podman", "--version"), world: w,
		words: []string{"podman", "--root", dir + "/root", "--runroot", dir + "/run", "--tmpdir", dir + "/tmp", "--cgroup-manager", "cgroupfs", "--storage-driver", "overlay", "--runtime", "runc"},
		run:   []string{"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--pids-limit", "0"}, // not everywhere may root raise them
	}, nil
}

// runtime is runc or crun: what Docker and Podman start containers with. It knows neither images nor networks.
func (b *bench) runtime(name string) (turn, error) {
	bundle, err := b.bundle(name)
	if err != nil {
		return turn{}, err
	}
	w, err := newWorld()
	t, number := &tool{name: name, world: w}, 0
	return turn{tool: name, do: func() (float64, error) {
		number++
		args := []string{"--root", b.path(name + "-state"), "run", fmt.Sprintf("bench-%s-%d", name, number)}
		if name == "crun" { // it raises a limit to have a cgroup, which root may not do everywhere
			args = append([]string{"--cgroup-manager", "disabled"}, args...)
		}
		cmd := exec.Command(name, args...)
		cmd.Dir = bundle
		return t.time(cmd)
	}}, err
}

// bundle is the folder that a runtime takes: the small image's root directory, and what the runtime itself proposes for it.
func (b *bench) bundle(name string) (string, error) {
	dir := b.path(name)
	if err := b.smallRoot(filepath.Join(dir, "rootfs")); err != nil {
		return "", err
	}
	cmd := exec.Command(name, "spec")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s spec: %w: %s", name, err, out)
	}
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var spec map[string]any
	if err := json.Unmarshal(text, &spec); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	process := map[string]any{"cwd": "/", "args": []string{"true"}, "env": []string{"PATH=/bin"}}
	if proposed, ok := spec["process"].(map[string]any); ok {
		process["user"], process["capabilities"], process["noNewPrivileges"] = proposed["user"], proposed["capabilities"], true
	}
	spec["process"], spec["root"] = process, map[string]any{"path": "rootfs", "readonly": false}
	if text, err = json.Marshal(spec); err != nil {
		return "", err
	}
	return dir, os.WriteFile(path, text, 0o644)
}

package process

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"drydock/internal/flags"
)

// A Program is what the container is to run.
type Program struct {
	Args   []string // the program and its arguments
	Env    []string // KEY=VALUE, all of them: nothing of the host's environment is added
	Dir    string   // the working directory, made if it is missing
	User   string   // UID or UID:GID, as numbers; empty is root
	Groups []int    `json:",omitempty"` // further groups of the user
}

// Flags are the flags that fill a Program.
func Flags(p *Program) []flags.Flag {
	return []flags.Flag{
		{Name: "env", Short: "e", Value: flags.List{To: &p.Env}, Usage: "set `NAME=VALUE`, or NAME as it is here"},
		{Name: "workdir", Short: "w", Value: flags.String{To: &p.Dir}, Usage: "working `DIR` inside the container"},
		{Name: "user", Short: "u", Value: flags.String{To: &p.User}, Usage: "run as this user, `UID[:GID]`, given as numbers"},
	}
}

// Complete adds to p what every container has, and refuses what cannot be.
func (p *Program) Complete(hostname string) error {
	if p.Dir == "" {
		p.Dir = "/"
	}
	if !path.IsAbs(p.Dir) {
		return fmt.Errorf("the working directory %q is invalid, it needs to be an absolute path", p.Dir)
	}
	if _, _, err := p.ids(); err != nil {
		return err
	}
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	if hostname != "" {
		env = append(env, "HOSTNAME="+hostname)
	}
	for _, variable := range p.Env {
		name, _, hasValue := strings.Cut(variable, "=")
		if name == "" {
			return fmt.Errorf("--env %q has no name: give NAME=VALUE", variable)
		}
		value, here := os.LookupEnv(name)
		if hasValue {
			env = append(env, variable)
		} else if here {
			env = append(env, name+"="+value)
		}
	}
	p.Env = (&exec.Cmd{Env: env}).Environ() // of two values for one name the later stays
	return nil
}

// ids are the numbers in User. Without a group it is 0, as in Docker.
func (p *Program) ids() (uid, gid int, err error) {
	user, group, hasGroup := strings.Cut(p.User, ":")
	if p.User == "" {
		return 0, 0, nil
	}
	if !hasGroup {
		group = "0"
	}
	u, err1 := strconv.ParseUint(user, 10, 31)
	g, err2 := strconv.ParseUint(group, 10, 31)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("the user %q is not UID or UID:GID in numbers: look its name up in the image's /etc/passwd", p.User)
	}
	return int(u), int(g), nil
}

// look finds the program's file as a shell would: along the PATH of the container,
// in the root directory of the caller, which is the container's by now.
func look(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		file, err := exec.LookPath(name)
		return file, failure(err)
	}
	for _, variable := range env {
		folders, isPath := strings.CutPrefix(variable, "PATH=")
		for _, folder := range filepath.SplitList(folders) {
			if !isPath || folder == "" {
				continue
			}
			if file, err := exec.LookPath(folder + "/" + name); err == nil {
				return file, nil
			}
		}
	}
	return "", failure(&exec.Error{Name: name, Err: exec.ErrNotFound})
}

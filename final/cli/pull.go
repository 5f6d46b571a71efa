package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"drydock/final/images/catalog"
)

// helper is the program that knows registries and archives. It is large and slow to start, which drydock is not to be.
const helper = "drydock-transfer"

// transfer has the helper do a command, with these words.
func (c *call) transfer(stdout any, words ...string) error {
	e, err := c.engine()
	if err != nil {
		return err
	}
	args := []string{"--root", e.Root}
	for _, host := range e.Config.InsecureRegistries {
		args = append(args, "--insecure-registry", host)
	}
	for _, url := range e.Config.RegistryMirrors {
		args = append(args, "--registry-mirror", url)
	}
	path, err := helperPath()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, append(args, words...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	if w, isWriter := stdout.(*os.File); isWriter {
		cmd.Stdout = w
	}
	err = cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return status(ended.ExitCode())
	}
	return err
}

// helperPath is where the helper is: beside us, or where programs are.
func helperPath() (string, error) {
	if self, err := os.Executable(); err == nil {
		if path := filepath.Join(filepath.Dir(self), helper); isProgram(path) {
			return path, nil
		}
	}
	return exec.LookPath(helper)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// pull pulls an image before a container is made of it: how that goes is no part of what the command prints.
func (c *call) pull(ref, platform string, quiet bool) error {
	words := []string{"pull"}
	if platform != "" {
		words = append(words, "--platform", platform)
	}
	if quiet {
		words = append(words, "--quiet")
	}
	stderr, _ := c.stderr.(*os.File)
	return c.transfer(stderr, append(words, ref)...)
}

// familiar is the name of an image with nothing left out that people say.
func familiar(ref string) string {
	name, err := catalog.Normal(ref)
	if err != nil {
		return ref
	}
	return name
}

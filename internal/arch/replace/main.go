// Replace writes into every module's go.mod the lines that name our other modules:
//
//	require drydock/internal v0.0.0
//	replace drydock/internal => ../internal
//
// It is run in the checkout's top folder: go run ./internal/arch/replace. A test of
// package arch holds the lines current.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"drydock/internal/arch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "replace:", err)
		os.Exit(1)
	}
}

func run() error {
	modules, err := arch.Modules(".")
	if err != nil {
		return err
	}
	for _, module := range modules {
		if err := write(module); err != nil {
			return err
		}
	}
	return nil
}

// write brings one module's lines to what its imports need.
func write(module string) error {
	named, err := arch.Named(".", module)
	if err != nil {
		return err
	}
	needs, err := arch.Needs(".", module)
	if err != nil {
		return err
	}
	args := []string{"mod", "edit"}
	for _, name := range named {
		if !slices.Contains(needs, name) {
			args = append(args, "-droprequire=drydock/"+name, "-dropreplace=drydock/"+name)
		}
	}
	for _, name := range needs {
		if !slices.Contains(named, name) {
			args = append(args, "-require=drydock/"+name+"@v0.0.0", "-replace=drydock/"+name+"=../"+name)
		}
	}
	if len(args) == 2 {
		return nil
	}
	if out, err := exec.Command("go", append(args, module+"/go.mod")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

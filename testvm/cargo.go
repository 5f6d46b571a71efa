package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed guest/init
var initScript []byte

// stateRoot is where the guest mounts its scratch disk.
const stateRoot = "/var/lib/drydock"

// Cargo is what travels to the VM besides the guest file: a second archive
// after the guest's own, made anew for each run.
type Cargo struct {
	Checkout string   // the folder that becomes /drydock
	Bin      string   // the folder that becomes /drydock/bin; may be missing
	Add      []string // HOSTPATH:GUESTPATH
	Modules  string   // another kernel's folder of modules, or ""
	Command  string   // for bash
	Terminal bool     // the command runs on this process's terminal
}

// tree loads the cargo.
func (c Cargo) tree() (Tree, error) {
	tree := Tree{}
	tree.Put("init", File{Mode: 0o755, Data: initScript})
	tree.putFile("testvm/command", 0o644, c.Command+"\n")
	if c.Terminal {
		tree.putFile("testvm/terminal", 0o644, "")
	}
	if err := addCheckout(tree, c.Checkout); err != nil {
		return nil, fmt.Errorf("pack the checkout %s: %w", c.Checkout, err)
	}
	if _, err := os.Stat(c.Bin); err == nil {
		if err := tree.addHost(c.Bin, "drydock/bin"); err != nil {
			return nil, fmt.Errorf("pack %s: %w", c.Bin, err)
		}
	}
	shareWithAll(tree)
	layOut(tree) // the kernel gives folders that are there the modes of this archive
	for _, add := range c.Add {
		if err := addPair(tree, add); err != nil {
			return nil, err
		}
	}
	if c.Modules != "" {
		if err := addModules(tree, c.Modules); err != nil {
			return nil, fmt.Errorf("pack the modules %s: %w", c.Modules, err)
		}
	}
	return tree, nil
}

// shareWithAll gives everyone the access that the owner has, as a checkout
// made with the usual umask would: the guest's learner is not its owner.
func shareWithAll(tree Tree) {
	for name, file := range tree {
		file.Mode |= file.Mode & 0o500 >> 3
		file.Mode |= file.Mode & 0o500 >> 6
		tree[name] = file
	}
}

// addCheckout adds what git would: the files that it tracks or would offer to.
// A folder without git (an unpacked tarball) is added whole but for what make
// builds.
func addCheckout(tree Tree, dir string) error {
	tree.putFolder("drydock", 0o755)
	list := exec.Command("git", "-C", dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names, err := list.Output()
	if err != nil {
		return addPlainFolder(tree, dir)
	}
	for name := range bytes.SplitSeq(names, []byte{0}) {
		file := string(name)
		if _, err := os.Lstat(filepath.Join(dir, file)); file == "" || err != nil {
			continue // deleted, and git has not been told
		}
		if err := tree.addHostFile(filepath.Join(dir, file), path.Join("drydock", file)); err != nil {
			return err
		}
	}
	return nil
}

func addPlainFolder(tree Tree, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains([]string{".git", ".vagrant", "bin", "build"}, entry.Name()) {
			continue
		}
		if err := tree.addHost(filepath.Join(dir, entry.Name()), path.Join("drydock", entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func addPair(tree Tree, pair string) error {
	source, target, ok := strings.Cut(pair, ":")
	if !ok || source == "" || !path.IsAbs(target) {
		return fmt.Errorf("--add %s: it wants HOSTPATH:GUESTPATH, the latter absolute", pair)
	}
	if strings.HasPrefix(target, stateRoot) {
		return fmt.Errorf("--add %s: %s is a disk that is made when the VM boots: copy it there from elsewhere", pair, stateRoot)
	}
	source, err := filepath.EvalSymlinks(source)
	if err == nil {
		err = tree.addHost(source, target)
	}
	if err != nil {
		return fmt.Errorf("--add %s: %w", pair, err)
	}
	return nil
}

// addModules adds, of the modules in dir (/lib/modules/RELEASE of some kernel),
// those that the guest's own kernel would have, and all of dir's indexes.
func addModules(tree Tree, dir string) error {
	var indexes [2][]byte
	for i, name := range []string{"modules.dep", "modules.builtin"} {
		var err error
		if indexes[i], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%w: it wants the folder of one kernel, with the indexes that depmod makes", err)
		}
	}
	names, err := ingredient("modules")
	if err != nil {
		return err
	}
	for i, name := range names {
		names[i] = "?" + strings.TrimPrefix(name, "?") // other kernels have others
	}
	files, err := readModuleIndex(indexes[0], indexes[1]).closure(names)
	if err != nil {
		return err
	}
	lists, err := filepath.Glob(filepath.Join(dir, "modules.*"))
	if err != nil {
		return err
	}
	for _, list := range lists {
		files = append(files, filepath.Base(list))
	}
	for _, file := range files {
		target := path.Join("usr/lib/modules", filepath.Base(dir), file)
		if err := tree.addHostFile(filepath.Join(dir, file), target); err != nil {
			return err
		}
	}
	return nil
}

// shellQuote quotes word for a POSIX shell.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// shellLine is the command line in args: one argument is taken as the shell
// would read it, several as the words of one command.
func shellLine(args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = shellQuote(arg)
	}
	return strings.Join(quoted, " ")
}

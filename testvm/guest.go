package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const guestUsage = `usage: testvm guest [--arch amd64|arm64] [--suite bookworm|trixie] [-o FILE]

Build the guest file: kernel, filesystem and manifest of the VM. It takes a
Debian machine and no privilege. A file that is there and was made by the same
recipe is left as it is.
`

// What the guest is made of, and the code that puts it together: a change in
// any of them makes existing guest files stale.
//
//go:embed guest/packages guest/modules guest/leave-out guest/etc
//go:embed busybox.go cpio.go guest.go modules.go packages.go tree.go
var ingredients embed.FS

func guestCommand(args []string, stdio Stdio) (int, error) {
	flags := flag.NewFlagSet("guest", flag.ContinueOnError)
	var which guestChoice
	which.register(flags)
	out := flags.String("o", "", "the `FILE` to write (default build/guest-SUITE-ARCH.guest)")
	if done, err := parse(flags, args, guestUsage, stdio); done {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("guest takes no argument %q", flags.Arg(0))
	}
	if *out == "" {
		*out = which.defaultFile(".")
	}
	want, err := recipe()
	if err != nil {
		return 0, err
	}
	have, err := readManifest(*out)
	if err == nil && have.Recipe == want && have.Suite == which.suite && have.Arch == which.arch {
		return 0, nil
	}
	fmt.Fprintf(stdio.Err, "testvm: building %s\n", *out)
	if err := buildGuest(*out, which, want); err != nil {
		return 0, fmt.Errorf("build guest: %w", err)
	}
	return 0, nil
}

// guestChoice is which guest: a Debian release for an architecture.
type guestChoice struct{ suite, arch string }

func (g *guestChoice) register(flags *flag.FlagSet) {
	flags.StringVar(&g.suite, "suite", "bookworm", "Debian's release: `bookworm` (Linux 6.1) or trixie (6.12)")
	flags.StringVar(&g.arch, "arch", hostArch, "`amd64` or arm64")
}

func (g guestChoice) defaultFile(top string) string {
	return filepath.Join(top, "build", fmt.Sprintf("guest-%s-%s.guest", g.suite, g.arch))
}

// recipe names what guest files are made of, by a hash.
func recipe() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(ingredients, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := ingredients.ReadFile(name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}

// ingredient lists the lines of an embedded file, without comments.
func ingredient(name string) ([]string, error) {
	text, err := ingredients.ReadFile("guest/" + name)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines, err
}

func buildGuest(out string, which guestChoice, recipe string) error {
	apt, err := newAPT(filepath.Join(filepath.Dir(out), "apt-"+which.suite+"-"+which.arch), which.suite, which.arch)
	if err != nil {
		return err
	}
	packages, err := choosePackages(apt, which.arch)
	if err != nil {
		return err
	}
	debs, err := apt.download(packages)
	if err != nil {
		return err
	}
	system := Tree{}
	layOut(system)
	for _, p := range packages {
		if err := unpackDeb(system, filepath.Join(debs, p.file())); err != nil {
			return err
		}
	}
	release, kernel, err := takeKernel(system)
	if err != nil {
		return err
	}
	if err := furnish(system); err != nil {
		return err
	}
	manifest := Manifest{Recipe: recipe, Suite: which.suite, Arch: which.arch, Kernel: release, Packages: packages}
	return writeGuest(out, manifest, kernel, system)
}

// choosePackages reads guest/packages. Of the kernel's package nothing else is
// taken: what it depends on would install it.
func choosePackages(apt *apt, arch string) ([]Package, error) {
	lines, err := ingredient("packages")
	if err != nil {
		return nil, err
	}
	var names, without []string
	var kernel string
	for _, line := range lines {
		switch line[0] {
		case '-':
			without = append(without, line[1:])
		case '=':
			kernel = line[1:] + "-" + arch
		default:
			names = append(names, line)
		}
	}
	packages, err := apt.closure(names, without)
	if err != nil {
		return nil, err
	}
	image, err := apt.kernelPackage(kernel)
	if err != nil {
		return nil, err
	}
	candidates, err := apt.closure([]string{image}, nil)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(candidates, func(p Package) bool { return p.Name == image })
	if i < 0 {
		return nil, fmt.Errorf("apt would not install %s", image)
	}
	return append(packages, candidates[i]), nil
}

// layOut makes the folders that a system has before anything is in it. /bin
// and its like are links into /usr, as in every Debian since 12; packages of 12
// still carry files by the old names.
func layOut(system Tree) {
	for _, folder := range []string{"bin", "sbin", "lib", "lib64"} {
		system.putFolder("usr/"+folder, 0o755)
		system.putLink(folder, "usr/"+folder)
	}
	for _, folder := range []string{"dev", "proc", "sys", "run", "mnt", "drydock", "var/lib/drydock"} {
		system.putFolder(folder, 0o755)
	}
	for _, folder := range []string{"tmp", "var/tmp"} {
		system.putFolder(folder, 0o777|fs.ModeSticky)
	}
	system.putFolder("root", 0o700)
}

// takeKernel takes the kernel out of the tree and leaves, of its modules, those
// that guest/modules names. It returns the kernel's release, uname -r, too.
func takeKernel(system Tree) (release string, kernel []byte, err error) {
	for name, file := range system {
		if after, ok := strings.CutPrefix(name, "boot/vmlinuz-"); ok {
			release, kernel = after, file.Data
		}
	}
	if release == "" {
		return "", nil, errors.New("the kernel package has no boot/vmlinuz")
	}
	folder := path.Join("usr/lib/modules", release)
	names, err := ingredient("modules")
	if err != nil {
		return "", nil, err
	}
	modules, err := chooseModules(system.under(folder), release, names)
	if err != nil {
		return "", nil, err
	}
	system.remove("boot")
	system.remove(folder)
	for name, file := range modules {
		system.Put(path.Join(folder, name), file)
	}
	return release, kernel, nil
}

// furnish adds what no package brings, and drops what nobody would read.
func furnish(system Tree) error {
	leaveOut, err := ingredient("leave-out")
	if err != nil {
		return err
	}
	for _, pattern := range leaveOut {
		system.remove(pattern)
	}
	busybox := system["usr/bin/busybox"].Data
	root, err := busyboxRoot(busybox)
	if err != nil {
		return err
	}
	for name, file := range root {
		system.Put("images/busybox/"+name, file)
	}
	// busybox stands in for the commands that no package brought.
	for name, file := range root.under("bin") {
		_, inBin := system["usr/bin/"+name]
		_, inSbin := system["usr/sbin/"+name]
		if file.Mode.Type() == fs.ModeSymlink && !inBin && !inSbin {
			system.putLink("usr/bin/"+name, "busybox")
		}
	}
	etc, err := fs.Sub(ingredients, "guest")
	if err != nil {
		return err
	}
	if err := system.addFS(etc, "etc"); err != nil {
		return err
	}
	// Debian's su wants PAM configured; busybox's does not.
	system.putLink("usr/bin/su", "busybox")
	return nil
}

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// apt is an apt of our own: configuration, package lists and downloads in one
// folder, with nothing installed in it. So another release or architecture than
// the host's can be fetched without privilege, and the host's apt stays as it is.
type apt struct {
	dir           string
	configuration string // the file that APT_CONFIG names
}

// newAPT prepares dir and fetches the package lists of suite.
func newAPT(dir, suite, arch string) (*apt, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	a := &apt{dir: dir, configuration: filepath.Join(dir, "apt.conf")}
	targets, err := output(exec.Command("apt-get", "indextargets"))
	if err != nil {
		return nil, err
	}
	sources, err := sourcesFor(suite, string(targets))
	if err != nil {
		return nil, err
	}
	// Acquire holds the user's proxies; the rest of the host's configuration
	// (hooks, pins) is about the host.
	acquire, err := output(exec.Command("apt-config", "dump", "Acquire"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		a.configuration:                   aptConfig(dir, arch) + string(acquire),
		filepath.Join(dir, "status"):      "", // what is installed: nothing
		filepath.Join(dir, "debian.list"): sources,
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	_, err = output(a.command("apt-get", "-qq", "update"))
	return a, err
}

// aptConfig is an apt.conf(5) for an apt that lives in dir.
func aptConfig(dir, arch string) string {
	return fmt.Sprintf(`Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::sourcelist "%[1]s/debian.list";
Dir::State "%[1]s";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s";
APT::Architecture "%[2]s";
APT::Architectures { "%[2]s"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
`, dir, arch)
}

// sourcesFor rewrites the host's own Debian sources, as `apt-get indextargets`
// tells them, for suite: a mirror that serves one release serves them all.
func sourcesFor(suite, targets string) (string, error) {
	var lines []string
	for stanza := range strings.SplitSeq(targets, "\n\n") {
		field := map[string]string{}
		for line := range strings.Lines(stanza) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			field[key] = value
		}
		if field["Created-By"] != "Packages" || field["Origin"] != "Debian" || field["Component"] != "main" {
			continue
		}
		_, pocket, _ := strings.Cut(field["Codename"], "-")
		if !slices.Contains([]string{"", "updates", "security"}, pocket) {
			continue
		}
		option := ""
		if key := field["Signed-By"]; strings.HasPrefix(key, "/") {
			option = "[signed-by=" + key + "] "
		}
		release := strings.TrimSuffix(suite+"-"+pocket, "-")
		lines = append(lines, fmt.Sprintf("deb %s%s %s main\n", option, field["Repo-URI"], release))
	}
	if len(lines) == 0 {
		return "", errors.New("apt on this machine has no Debian source: run `apt-get update`, or build the guest on a Debian machine and name it with GUEST=FILE")
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), ""), nil
}

// Package is one version of a Debian package.
type Package struct{ Name, Version, Arch string }

// file is the name that apt-get download gives it.
func (p Package) file() string {
	return fmt.Sprintf("%s_%s_%s.deb", p.Name, strings.ReplaceAll(p.Version, ":", "%3a"), p.Arch)
}

var installLine = regexp.MustCompile(`(?m)^Inst (\S+) \((\S+) .*\[(\w+)\]\)`)

// closure returns the packages called names and all that they depend on, as
// apt would install them on an empty machine, less those that match a pattern
// of without.
func (a *apt) closure(names, without []string) ([]Package, error) {
	simulated, err := output(a.command("apt-get", append([]string{"--simulate", "install"}, names...)...))
	if err != nil {
		return nil, err
	}
	var packages []Package
	for _, match := range installLine.FindAllStringSubmatch(string(simulated), -1) {
		leaveOut := func(pattern string) bool {
			ok, err := path.Match(pattern, match[1])
			return ok && err == nil
		}
		if !slices.ContainsFunc(without, leaveOut) {
			packages = append(packages, Package{match[1], match[2], match[3]})
		}
	}
	slices.SortFunc(packages, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	return packages, nil
}

// download fetches packages into the folder that it returns. Those that are
// there already from an earlier time are only checked.
func (a *apt) download(packages []Package) (string, error) {
	cmd := a.command("apt-get", "-qq", "download")
	for _, p := range packages {
		cmd.Args = append(cmd.Args, p.Name+"="+p.Version)
	}
	cmd.Dir = filepath.Join(a.dir, "archives")
	_, err := output(cmd)
	return cmd.Dir, err
}

// kernelPackage is the versioned package behind a meta-package like
// linux-image-cloud-amd64, which is all that the meta-package depends on.
func (a *apt) kernelPackage(meta string) (string, error) {
	depends, err := output(a.command("apt-cache", "depends", meta))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(depends)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("find the kernel behind %s: it depends on nothing", meta)
}

func (a *apt) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.configuration, "LC_ALL=C")
	return cmd
}

// output runs cmd; its error carries what cmd said.
func output(cmd *exec.Cmd) ([]byte, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args[:min(len(cmd.Args), 4)], " "), err, lastLine(said.String()))
	}
	return out, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// unpackDeb adds the files of a Debian package to tree. dpkg-deb knows the
// format's compressions; what it hands over is a plain tar.
func unpackDeb(tree Tree, deb string) error {
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	data, err := output(cmd)
	if err != nil {
		return err
	}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = addTarEntry(tree, header, archive)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(deb), err)
		}
	}
}

func addTarEntry(tree Tree, header *tar.Header, contents io.Reader) error {
	file := File{Mode: header.FileInfo().Mode()}
	switch header.Typeflag {
	case tar.TypeDir:
	case tar.TypeSymlink:
		file = File{Mode: fs.ModeSymlink | 0o777, Data: []byte(header.Linkname)}
	case tar.TypeLink:
		file = tree[tree.followFolders(path.Clean(header.Linkname))]
	case tar.TypeReg:
		data, err := io.ReadAll(contents)
		if err != nil {
			return err
		}
		file.Data = data
	default:
		return fmt.Errorf("%s: a file of type %q in a package", header.Name, header.Typeflag)
	}
	tree.Put(header.Name, file)
	return nil
}

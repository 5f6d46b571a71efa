package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// moduleIndex says where a kernel's modules are and what each needs, as
// depmod(8) wrote it down in modules.dep; built-in ones have an empty path.
type moduleIndex struct {
	files map[string]string   // "overlay" → "kernel/fs/overlayfs/overlay.ko"
	needs map[string][]string // path → paths
}

// readModuleIndex reads modules.dep and modules.builtin.
func readModuleIndex(dep, builtin []byte) moduleIndex {
	index := moduleIndex{map[string]string{}, map[string][]string{}}
	for lines := bufio.NewScanner(bytes.NewReader(builtin)); lines.Scan(); {
		index.files[moduleName(lines.Text())] = ""
	}
	for line := range strings.Lines(string(dep)) {
		file, needs, _ := strings.Cut(line, ":")
		index.files[moduleName(file)] = file
		index.needs[file] = strings.Fields(needs)
	}
	return index
}

// moduleName is what modprobe calls the module in file: dashes and underscores
// are the same to it.
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// closure returns the files of the modules called names and of all that these
// need. modules.dep is transitive already. A name after "?" may be missing.
func (index moduleIndex) closure(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		name, optional := strings.CutPrefix(name, "?")
		file, ok := index.files[name]
		if !ok && !optional {
			return nil, fmt.Errorf("choose modules: this kernel has no module %s", name)
		}
		if file != "" {
			files = append(append(files, file), index.needs[file]...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// chooseModules reduces all, a kernel's folder of modules, to those named and
// what they need, decompressed, with indexes of just these: modprobe reads all
// of an index, and under emulation that takes its time.
func chooseModules(all Tree, release string, names []string) (Tree, error) {
	indexed, err := depmod(all, release)
	if err != nil {
		return nil, err
	}
	index := readModuleIndex(indexed["modules.dep"].Data, indexed["modules.builtin"].Data)
	files, err := index.closure(names)
	if err != nil {
		return nil, err
	}
	chosen := Tree{}
	for _, file := range files {
		plain, data := file, all[file].Data
		if strings.HasSuffix(file, ".xz") {
			plain = strings.TrimSuffix(file, ".xz")
			if data, err = filter(exec.Command("xz", "-dc"), data); err != nil {
				return nil, fmt.Errorf("decompress %s: %w", file, err)
			}
		}
		chosen.Put(plain, File{Mode: 0o644, Data: data})
	}
	for _, list := range []string{"modules.builtin", "modules.builtin.modinfo", "modules.order"} {
		if file, ok := all[list]; ok {
			chosen.Put(list, file)
		}
	}
	return depmod(chosen, release)
}

// depmod returns modules with the indexes that depmod(8) makes for them.
func depmod(modules Tree, release string) (Tree, error) {
	base, err := os.MkdirTemp("", "testvm-modules-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(base)
	dir := filepath.Join(base, "lib", "modules", release)
	if err := modules.unpack(dir); err != nil {
		return nil, err
	}
	if _, err := output(exec.Command("depmod", "-b", base, release)); err != nil {
		return nil, fmt.Errorf("%w (depmod comes with the package kmod)", err)
	}
	indexed := Tree{}
	return indexed, indexed.addHost(dir, ".")
}

func filter(cmd *exec.Cmd, data []byte) ([]byte, error) {
	cmd.Stdin = bytes.NewReader(data)
	return output(cmd)
}

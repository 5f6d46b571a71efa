package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file, a folder or a symbolic link of a guest's filesystem. It has
// no owner: everything belongs to whoever unpacks it, in the guest to root.
type File struct {
	Mode fs.FileMode // type, permission, and the setuid, setgid and sticky bits
	Data []byte      // a file's contents, a link's target
}

// Tree is a filesystem in memory: slash-separated names without a leading
// slash. A folder exists for every file's parents.
type Tree map[string]File

// Put adds file under name, and the folders above it that are missing. A
// folder that is already there as a symbolic link (Debian's /bin is usr/bin) is
// followed, not replaced.
func (t Tree) Put(name string, file File) {
	name = t.followFolders(path.Clean(strings.TrimLeft(name, "/")))
	if name == "." {
		return
	}
	if old, ok := t[name]; ok && file.Mode.IsDir() && old.Mode.Type() == fs.ModeSymlink {
		return
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, ok := t[dir]; !ok {
			t[dir] = File{Mode: fs.ModeDir | 0o755}
		}
	}
	t[name] = file
}

// followFolders replaces the symbolic links among the folders of name, as far
// as they point to a sibling: more a merged /usr does not need.
func (t Tree) followFolders(name string) string {
	dir, base := path.Split(name)
	if dir == "" {
		return name
	}
	dir = t.followFolders(path.Clean(dir))
	if link, ok := t[dir]; ok && link.Mode.Type() == fs.ModeSymlink {
		dir = path.Join(path.Dir(dir), string(link.Data))
	}
	return path.Join(dir, base)
}

func (t Tree) putFile(name string, mode fs.FileMode, data string) {
	t.Put(name, File{Mode: mode, Data: []byte(data)})
}

func (t Tree) putLink(name, target string) {
	t.Put(name, File{Mode: fs.ModeSymlink | 0o777, Data: []byte(target)})
}

func (t Tree) putFolder(name string, mode fs.FileMode) {
	t.Put(name, File{Mode: fs.ModeDir | mode})
}

// names lists a folder before what is in it.
func (t Tree) names() []string { return slices.Sorted(maps.Keys(t)) }

// under returns what is below folder, named from there.
func (t Tree) under(folder string) Tree {
	below := Tree{}
	for name, file := range t {
		if rest, ok := strings.CutPrefix(name, folder+"/"); ok {
			below[rest] = file
		}
	}
	return below
}

// remove deletes what matches pattern, and everything below it.
func (t Tree) remove(pattern string) {
	depth := strings.Count(pattern, "/") + 1
	for name := range t {
		parts := strings.Split(name, "/")
		if len(parts) < depth {
			continue
		}
		if ok, err := path.Match(pattern, strings.Join(parts[:depth], "/")); ok && err == nil {
			delete(t, name)
		}
	}
}

// addHost adds what is at source on the host, a file or a folder, as target:
// modes and symbolic links as they are; sockets and devices are left out.
func (t Tree) addHost(source, target string) error {
	return filepath.WalkDir(source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(source, file)
		if err != nil {
			return err
		}
		return t.addHostFile(file, path.Join(target, filepath.ToSlash(below)))
	})
}

// addHostFile adds one file, link or empty folder.
func (t Tree) addHostFile(file, target string) error {
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		t.Put(target, File{Mode: info.Mode()})
	case fs.ModeSymlink:
		link, err := os.Readlink(file)
		if err != nil {
			return err
		}
		t.putLink(target, link)
	case 0:
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		t.Put(target, File{Mode: info.Mode(), Data: data})
	}
	return nil
}

// addFS adds the files of folder in source, an embedded filesystem, by the
// same names.
func (t Tree) addFS(source fs.FS, folder string) error {
	return fs.WalkDir(source, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(source, name)
		t.Put(name, File{Mode: 0o644, Data: data})
		return err
	})
}

// unpack writes the tree into dir, which it makes. It replaces files that are
// there and leaves others alone.
func (t Tree) unpack(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range t.names() {
		if err := unpackFile(root, name, t[name]); err != nil {
			return fmt.Errorf("unpack %s into %s: %w", name, dir, err)
		}
	}
	return nil
}

func unpackFile(root *os.Root, name string, file File) error {
	if file.Mode.IsDir() {
		if err := root.MkdirAll(name, 0o755); err != nil {
			return err
		}
		return root.Chmod(name, file.Mode)
	}
	if err := root.RemoveAll(name); err != nil {
		return err
	}
	if file.Mode.Type() == fs.ModeSymlink {
		return root.Symlink(string(file.Data), name)
	}
	if err := root.WriteFile(name, file.Data, 0o600); err != nil {
		return err
	}
	return root.Chmod(name, file.Mode)
}

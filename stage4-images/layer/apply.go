package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/readahead"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// Limits are how much a layer may make of itself.
type Limits struct {
	Bytes   int64 // of content, unpacked
	Entries int
}

// Usual are limits that no honest image comes near.
var Usual = Limits{Bytes: 64 << 30, Entries: 5_000_000}

// Apply unpacks a layer, compressed or not, into dir, which is empty. It returns the digest
// of the tar file, which images know as the layer's diff id. If it fails, dir is in any state,
// but nothing outside of it has been touched: each path is looked up by the kernel as if dir
// were the root directory (openat2(2), Linux 5.6), whatever links the layer has made there. An
// error names the entry.
func Apply(blob io.Reader, dir string, limits Limits) (digest.Digest, error) {
	stream, err := Open(blob)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", dir, err)
	}
	defer unix.Close(root)
	hash := digest.Canonical.Digester()
	hashed := readahead.NewReader(io.TeeReader(stream, hash.Hash())) // one processor unpacks, another one writes files
	defer hashed.Close()
	before, err := spot{root, "."}.stat()
	if err != nil {
		return "", fmt.Errorf("layer: %s: %w", dir, err)
	}
	a := applier{root: root, left: limits, times: []dirTime{{".", before.Mtim}}} // its time, unless an entry says otherwise
	if err := a.entries(tar.NewReader(hashed)); err != nil {
		return "", err
	}
	// What follows the end of the tar file is part of the digest too.
	rest, err := io.Copy(io.Discard, io.LimitReader(hashed, a.left.Bytes+1))
	if err == nil && rest > a.left.Bytes {
		err = errTooLarge
	}
	return hash.Digest(), errors.Join(err, a.setTimes())
}

var errTooLarge = errors.New("the layer is larger than it may be")

// An applier is one Apply at work.
type applier struct {
	root  int // the directory, O_PATH
	left  Limits
	times []dirTime
	files tree.Sparse
}

// A dirTime is set at the end: what is put into a directory changes its time.
type dirTime struct {
	name string
	time unix.Timespec
}

func (a *applier) entries(in *tar.Reader) error {
	for {
		header, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read the tar file: %w", err)
		}
		if err := a.entry(header, in); err != nil {
			return fmt.Errorf("entry %q: %w", header.Name, err)
		}
	}
}

func (a *applier) entry(header *tar.Header, content io.Reader) error {
	if err := a.count(max(header.Size, 0)); err != nil {
		return err
	}
	name, err := clean(header.Name)
	if err != nil {
		return err
	}
	if header.Typeflag == tar.TypeXGlobalHeader { // git archive writes one; it is no file
		return nil
	}
	if name == "." {
		if header.Typeflag != tar.TypeDir {
			return errors.New("the root can only be a directory")
		}
		return a.attributes(spot{a.root, "."}, name, header)
	}
	if name == opaqueMarker { // overlayfs takes no such mark on a root
		return errors.New("a layer cannot begin the root anew")
	}
	at, err := a.parent(name, true)
	if err != nil {
		return err
	}
	defer at.close()
	if strings.HasPrefix(at.base, whiteoutPrefix) {
		return at.hide()
	}
	if err := a.make(at, header, content); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeLink {
		return nil // the other name has set them
	}
	return a.attributes(at, name, header)
}

// count notes one more file with so many bytes of content.
func (a *applier) count(size int64) error {
	a.left.Entries--
	a.left.Bytes -= size
	if a.left.Entries < 0 || a.left.Bytes < 0 {
		return errTooLarge
	}
	return nil
}

// clean makes a name relative to the root, and refuses one that leads out of it.
func clean(name string) (string, error) {
	if strings.ContainsRune(name, 0) {
		return "", errors.New("its name has a zero byte in it")
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == ".." || strings.HasPrefix(name, "../") {
		return "", errors.New("its name leads out of the layer")
	}
	return name, nil
}

// parent opens the directory that a name is in. If it is to be made, what is missing of it
// is: a layer need not have an entry for a directory that it does not change.
func (a *applier) parent(name string, make bool) (spot, error) {
	dir, base := path.Split(name)
	fd, err := a.open(dir, 0)
	if make && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)) {
		if err = a.makeMissing(path.Clean(dir)); err == nil {
			fd, err = a.open(dir, 0)
		}
	}
	if err != nil {
		return spot{}, fmt.Errorf("its directory: %w", err)
	}
	return spot{fd, base}, nil
}

// open opens a directory as if ours were the root.
func (a *applier) open(dir string, flags uint64) (int, error) {
	how := unix.OpenHow{Flags: flags | unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	return unix.Openat2(a.root, path.Clean("/"+dir), &how)
}

// makeMissing makes a directory and those above it that are missing.
func (a *applier) makeMissing(dir string) error {
	at, err := a.parent(dir, true)
	if err != nil {
		return err
	}
	defer at.close()
	if strings.HasPrefix(at.base, whiteoutPrefix) {
		return fmt.Errorf("a directory cannot be called %s", at.base)
	}
	if there, err := at.stat(); err == nil && !isWhiteout(there) {
		return unix.ENOTDIR // or a link that leads nowhere
	}
	if err := a.count(0); err != nil {
		return err
	}
	a.times = append(a.times, dirTime{name: dir}) // 1970, so that it is always the same
	return a.directory(at)
}

// directory has a directory be at a place. One that is there stays. In place of a whiteout it
// must not be merged with what lies in layers below.
func (a *applier) directory(at spot) error {
	err := unix.Mkdirat(at.fd, at.base, 0o755)
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	there, err := at.stat()
	if err != nil || there.Mode&unix.S_IFMT == unix.S_IFDIR {
		return err
	}
	err = errors.Join(unix.Unlinkat(at.fd, at.base, 0), unix.Mkdirat(at.fd, at.base, 0o755))
	if err == nil && isWhiteout(there) {
		return at.setOpaque()
	}
	return err
}

// setTimes sets the times of directories. One that a later entry has replaced has none.
func (a *applier) setTimes() error {
	for _, d := range a.times {
		fd, err := a.open(d.name, unix.O_NOFOLLOW)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			continue
		}
		if err == nil {
			err = spot{fd, "."}.setTime(d.time)
			unix.Close(fd)
		}
		if err != nil {
			return fmt.Errorf("entry %q: time: %w", d.name, err)
		}
	}
	return nil
}

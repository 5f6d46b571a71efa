package main

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Mode bits as cpio and stat(2) have them (inode(7)); fs.FileMode keeps its own.
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeSetuid  = 0o4000
	modeSetgid  = 0o2000
	modeSticky  = 0o1000
)

// writeCPIO writes tree in the "newc" format, the one the kernel unpacks into
// its first root filesystem (Documentation/driver-api/early-userspace/buffer-format.rst).
//
// A record is a header of hexadecimal numbers, the name and the contents, each
// padded to four bytes. Everything belongs to root and is dated 1970, so that
// no privilege is needed to write it and the same tree gives the same bytes.
// Archives may follow each other in one file: the kernel unpacks them in turn.
func writeCPIO(w io.Writer, tree Tree) error {
	for i, name := range tree.names() {
		file := tree[name]
		if err := writeRecord(w, i+1, name, cpioMode(file.Mode), file.Data); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return writeRecord(w, 0, "TRAILER!!!", 0, nil)
}

func writeRecord(w io.Writer, inode int, name string, mode uint32, data []byte) error {
	links := 1
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name)+1, 0) + name + "\x00"
	if _, err := io.WriteString(w, header+padding(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, err := io.WriteString(w, padding(len(data)))
	return err
}

func padding(length int) string { return strings.Repeat("\x00", -length&3) }

func cpioMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	switch mode.Type() {
	case fs.ModeDir:
		bits |= modeDir
	case fs.ModeSymlink:
		bits |= modeSymlink
	default:
		bits |= modeRegular
	}
	for flag, bit := range map[fs.FileMode]uint32{
		fs.ModeSetuid: modeSetuid, fs.ModeSetgid: modeSetgid, fs.ModeSticky: modeSticky,
	} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

// Package layer turns the layers of an image, which are tar files, into the directories
// that overlayfs takes, and back.
//
// The problem: a layer travels as a stream of bytes with a digest, and is to arrive as
// files; whoever made it may have made it to break out of the folder it is unpacked in.
//
// The format: a tar file of what a layer adds and changes. What it deletes is a file
// called .wh.NAME, which overlayfs has as a device; that it begins a directory anew is a file
// called .wh..wh..opq in it, which overlayfs has as an extended attribute:
//
//	tar                        directory
//	etc/hosts                  etc/hosts
//	etc/.wh.passwd             etc/passwd, a character device 0:0
//	var/.wh..wh..opq           var, with trusted.overlay.opaque=y
//
// In a shell, but for these two: tar --xattrs -xf layer.tar -C dir. To read: the OCI image
// specification, layer.md; pax(1), tar(5), openat2(2).
package layer

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The names that stand for what is not there. A file cannot be called so in a layer.
const (
	whiteoutPrefix = ".wh."
	opaqueMarker   = ".wh..wh..opq"
)

const (
	opaque      = "trusted.overlay.opaque" // overlayfs's extended attribute of a directory that hides those below
	xattrRecord = "SCHILY.xattr."          // begins the names of PAX records that are extended attributes
)

// Open returns the tar file in a blob: whether that is plain, gzip or zstd is told by its
// first bytes. The caller closes it, which does not close the blob.
func Open(blob io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(blob, 1<<16)
	magic, err := buffered.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One frame may claim a window of any size; this much is what zstd -19 --long needs.
		decoder, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return decoder.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}

// Compress returns a writer that passes on what is written to it as gzip, always the same for
// the same. The caller closes it, which does not close w.
func Compress(w io.Writer) io.WriteCloser {
	return gzip.NewWriter(w) // without a name and a time
}

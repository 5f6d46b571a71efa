// Package size tells how large layers are when they are unpacked.
//
// The problem: an image is stored twice, as compressed blobs and, once it is used, as files.
// What people take for its size is that of the files; and to count these takes long, for a
// command that lists all images.
//
// The size of a layer is that of the regular files in its tar file, and of the targets of symbolic
// links:
//
//	zcat BLOB | tar -tvf - | awk '/^-/ { sum += $3 } /^l/ { sum += length($NF) } END { print sum }'
//
// which is what du --apparent-size says of its directory, without the directories' own. As it
// can never change for a diff id, it is kept in sizes.json in the folder of the images: an
// object of sizes by diff id: only once the tar file is known to be the one with that diff id, or
// an image could claim that of another and have that shown with a wrong size. Who deletes that file only loses the time to count again.
//
// To read: tar(5); du(1).
package size

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"

	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

const file = "sizes.json"

// Sizes are the sizes of layers in bytes, by their diff ids.
type Sizes map[digest.Digest]int64

// Of returns the sizes of all layers of an image. What is not known yet is counted, and kept for
// the next time. A layer that cannot be read has no size, and the error names it.
func Of(s *image.Store, img image.Image) (sizes Sizes, err error) {
	known := read(s)
	sizes = Sizes{}
	for i, diffID := range img.Config.RootFS.DiffIDs {
		bytes, found := known[diffID]
		if !found {
			var damage error
			if bytes, damage = count(s, img.Manifest.Layers[i].Digest, diffID); damage != nil {
				err = errors.Join(err, fmt.Errorf("size of layer %s: %w", diffID, damage))
				continue
			}
		}
		sizes[diffID] = bytes
	}
	before := len(known)
	if maps.Copy(known, sizes); len(known) > before {
		_ = s.Write(file, known) // or they are counted again: on a full disk, people want to see what is large
	}
	return sizes, err
}

// Total is the size of an image: of all its layers, of which it may have one more than once.
func (s Sizes) Total(img image.Image) (bytes int64) {
	for _, diffID := range img.Config.RootFS.DiffIDs {
		bytes += s[diffID]
	}
	return bytes
}

// read returns what is known. A file that is missing or damaged is written anew.
func read(s *image.Store) Sizes {
	known := Sizes{}
	text, err := os.ReadFile(filepath.Join(s.Dir, file))
	if err != nil || json.Unmarshal(text, &known) != nil || known == nil {
		return Sizes{}
	}
	return known
}

// count returns the size of the layer in a blob that has a diff id.
func count(s *image.Store, blob, diffID digest.Digest) (bytes int64, err error) {
	content, err := s.Blob(blob)
	if err != nil {
		return 0, err
	}
	defer content.Close()
	plain, err := layer.Open(content)
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	hash := diffID.Verifier()
	bytes, err = files(io.TeeReader(plain, hash), layer.Usual.Bytes)
	if err == nil && !hash.Verified() {
		err = errors.New("its tar file has another digest: remove the image and load it again")
	}
	return bytes, err
}

// files adds up the files and links in a tar file, and reads it to the end, with what is behind.
// It may have so many bytes at the most, and so may they.
func files(tape io.Reader, most int64) (bytes int64, err error) {
	limited := &io.LimitedReader{R: tape, N: most}
	tooLarge := fmt.Errorf("it is larger than %d bytes", most)
	for archive := tar.NewReader(limited); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, limited)
		} else if err == nil {
			size := sizeOf(header)
			if size > most-bytes { // a sparse file has only to say so
				return 0, tooLarge
			}
			bytes += size
			continue
		}
		if limited.N == 0 {
			err = tooLarge
		}
		return bytes, err
	}
}

// sizeOf is the size of a file or a link; of all else it is none, whatever the header says.
func sizeOf(header *tar.Header) int64 {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return header.Size
	case tar.TypeSymlink:
		return int64(len(header.Linkname))
	}
	return 0
}

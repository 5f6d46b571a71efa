// Package size tells how large layers are when they are unpacked.
//
// The problem: an image is stored twice, as compressed blobs and, once it is used, as files.
// What people take for its size is that of the files; and to count these takes long, for a
// command that lists all images.
//
// The size of a layer is that of the files and links in its tar file:
//
//	zcat BLOB | tar -tvf - | awk '{ sum += $3 } END { print sum }'
//
// which is what du --apparent-size says of its directory, without the directories' own. As it
// can never change for a diff id, it is kept in sizes.json in the folder of the images: an
// object of sizes by diff id. Who deletes that file only loses the time to count again.
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
			if bytes, damage = count(s, img.Manifest.Layers[i].Digest); damage != nil {
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

// count reads the tar file in a blob.
func count(s *image.Store, blob digest.Digest) (bytes int64, err error) {
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
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, content) // to the end, where the digest is compared
			return bytes, err
		} else if err != nil {
			return 0, err
		}
		bytes += header.Size
		if header.Typeflag == tar.TypeSymlink {
			bytes += int64(len(header.Linkname))
		}
	}
}

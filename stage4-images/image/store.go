package image

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/blob"
)

// A Store is the images and unpacked layers below one state root.
type Store struct {
	blob.Layout
	Layers string // the folder of unpacked layers, by chain id
}

// Open returns the store below root. What interrupted processes have left is removed, unless
// somebody is writing.
func Open(root string) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s := &Store{blob.Layout{Dir: filepath.Join(root, "images"), Drafts: filepath.Join(root, "drafts")}, filepath.Join(root, "layers")}
	for _, dir := range []string{s.Drafts, s.Layers, filepath.Join(s.Dir, ocispec.ImageBlobsDir, "sha256")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the state root: %w: use sudo, or --root DIR", err)
		}
	}
	if lock, err := s.Lock("lock", unix.LOCK_EX|unix.LOCK_NB); err == nil {
		left, err := os.ReadDir(s.Drafts)
		for _, draft := range left {
			if draft.Name() != "lock" {
				err = errors.Join(err, os.RemoveAll(filepath.Join(s.Drafts, draft.Name())))
			}
		}
		if err = errors.Join(err, lock.Close()); err != nil {
			return nil, err
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, ocispec.ImageIndexFile)); err == nil {
		return s, nil
	}
	err = s.Write(ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	return s, errors.Join(err, s.Update(slices.Clone))
}

// Hold keeps blobs that no image has yet, and layers that no container has, from being taken
// for rubbish: whoever adds an image holds the store from the first blob until that is listed,
// whoever makes a container until that has a record. To close it lets go.
func (s *Store) Hold() (io.Closer, error) { return s.Lock("lock", unix.LOCK_SH) }

// Add makes an image of a config and of layers that are stored already, bottom first, and
// gives it a name, or none if that is "".
func (s *Store) Add(config ocispec.Image, layers []ocispec.Descriptor, name string) (Image, error) {
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Layers: layers}
	var err error
	if manifest.Config, err = s.PutJSON(ocispec.MediaTypeImageConfig, config); err != nil {
		return Image{}, err
	}
	desc, err := s.PutJSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		return Image{}, err
	}
	if _, err := Read(s.Layout, desc, true); err != nil {
		return Image{}, err
	}
	if err := s.Tag(desc, name); err != nil {
		return Image{}, err
	}
	return s.Find(manifest.Config.Digest.String())
}

// Tag gives an image a name, and takes it from the image that has had it, which is left
// dangling if it has no other. With the name "", an image is listed without one.
func (s *Store) Tag(manifest ocispec.Descriptor, name string) error {
	if name != "" {
		var err error
		if name, err = Normalize(name); err != nil {
			return err
		}
	}
	return s.Update(func(all []ocispec.Descriptor) []ocispec.Descriptor { return Tagged(all, manifest, name) })
}

// Update changes the entries of the index while nobody else does.
func (s *Store) Update(change func([]ocispec.Descriptor) []ocispec.Descriptor) error {
	held, err := s.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	lock, err := s.Lock("index.lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	index, err := s.index()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.Write(ocispec.ImageIndexFile, Index(change(index.Manifests)))
}

// index reads index.json, which is only ever replaced as a whole.
func (s *Store) index() (index ocispec.Index, err error) {
	text, err := os.ReadFile(filepath.Join(s.Dir, ocispec.ImageIndexFile))
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil {
		return index, fmt.Errorf("the list of images: %w", err)
	}
	return index, nil
}

// Index is a list of images as it is stored.
func Index(entries []ocispec.Descriptor) ocispec.Index {
	return ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex,
		Manifests: append([]ocispec.Descriptor{}, entries...),
	} // null would be no list
}

// entry is how an index refers to an image. The name is the whole of it, busybox:latest:
// with that, skopeo inspect oci:images:busybox:latest compares all that is behind the folder.
func entry(manifest ocispec.Descriptor, name string) ocispec.Descriptor {
	e := ocispec.Descriptor{MediaType: manifest.MediaType, Digest: manifest.Digest, Size: manifest.Size}
	if name != "" {
		e.Annotations = map[string]string{ocispec.AnnotationRefName: name}
	}
	return e
}

// NameOf is the name that an entry of the index gives an image, or "".
func NameOf(entry ocispec.Descriptor) string { return entry.Annotations[ocispec.AnnotationRefName] }

// Tagged adds an image to an index in which a name is once, and an image without one is once.
func Tagged(all []ocispec.Descriptor, manifest ocispec.Descriptor, name string) []ocispec.Descriptor {
	for i := range all {
		if NameOf(all[i]) == name {
			all[i].Annotations = nil
		}
	}
	all = append(all, entry(manifest, name))
	// Names come first: so what comes without one is of an image that has none, or goes.
	slices.SortFunc(all, func(a, b ocispec.Descriptor) int {
		return cmp.Or(strings.Compare(NameOf(b), NameOf(a)), strings.Compare(string(a.Digest), string(b.Digest)))
	})
	seen := map[digest.Digest]bool{}
	return slices.DeleteFunc(all, func(e ocispec.Descriptor) bool {
		needless := NameOf(e) == "" && seen[e.Digest]
		seen[e.Digest] = true
		return needless
	})
}

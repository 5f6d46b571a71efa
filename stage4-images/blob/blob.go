// Package blob keeps content under its digest: an OCI image layout on disk.
//
// The problem: what comes over a network may be broken, cut off, or not what was asked for;
// and two images that share most of their content are not to take twice the disk.
//
// The format: a folder with a file for each blob, blobs/sha256/DIGEST, whose name is the
// SHA-256 of its content. So what is the same is there once, and whoever reads a blob can
// tell whether it is what it says. Beside it lie oci-layout and index.json, the list of what
// is there for its own sake. Other tools read such a folder in place.
//
//	sha256sum <blobs/sha256/DIGEST
//
// To read: the OCI image specification, image-layout.md and descriptor.md.
package blob

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A Layout is the folder of an OCI image layout, and one for what is being written.
type Layout struct {
	Dir, Drafts string
	Unflushed   bool // nobody is to see it yet, and whoever shows it flushes it: see FlushAll
}

// CheckDigest refuses what cannot be the name of a blob.
func CheckDigest(d digest.Digest) error {
	if d.Validate() != nil || d.Algorithm() != digest.SHA256 {
		return fmt.Errorf("digest %q is not sha256: and 64 digits", d)
	}
	return nil
}

// Path is where a blob lies, whose digest has been checked.
func (l Layout) Path(d digest.Digest) string {
	return filepath.Join(l.Dir, ocispec.ImageBlobsDir, "sha256", d.Encoded())
}

// Lock takes the lock called name, by flock(2): to close the file gives it back. Whoever
// writes drafts has the one called "lock" too, shared with others that do: when nobody has
// it, all else in the folder is left over, locks too. See Open.
func (l Layout) Lock(name string, how int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(l.Drafts, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Flock(int(file.Fd()), how)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return file, nil
}

// Write replaces a document of the layout that is no blob.
func (l Layout) Write(name string, value any) error {
	return l.publish(func(w io.Writer) (string, error) {
		return filepath.Join(l.Dir, name), json.NewEncoder(w).Encode(value)
	})
}

// Put stores a blob, and refuses one that does not have the digest that is wanted ("" wants
// none). Nobody sees it before all of it is there. It replaces one of that digest, which may be
// damaged.
func (l Layout) Put(mediaType string, r io.Reader, want digest.Digest) (ocispec.Descriptor, error) {
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: want}
	if want != "" {
		if err := CheckDigest(want); err != nil {
			return desc, err
		}
	}
	err := l.publish(func(w io.Writer) (path string, err error) {
		hash := digest.SHA256.Digester()
		desc.Size, err = io.Copy(io.MultiWriter(w, hash.Hash()), r)
		desc.Digest = hash.Digest()
		if err == nil && want != "" && want != desc.Digest {
			err = fmt.Errorf("blob %s: what came has the digest %s: get it again", want, desc.Digest)
		}
		return l.Path(desc.Digest), err
	})
	return desc, err
}

// PutJSON stores a document.
func (l Layout) PutJSON(mediaType string, value any) (ocispec.Descriptor, error) {
	from, to := io.Pipe()
	go func() { to.CloseWithError(json.NewEncoder(to).Encode(value)) }()
	desc, err := l.Put(mediaType, from, "")
	from.CloseWithError(err) // or the encoder would wait for ever
	return desc, err
}

// Blob returns the content of a blob. If that is not what the digest says, reading ends with
// an error in place of io.EOF: so whoever reads to the end knows.
func (l Layout) Blob(d digest.Digest) (io.ReadCloser, error) {
	if err := CheckDigest(d); err != nil {
		return nil, err
	}
	file, err := os.Open(l.Path(d))
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", d, errors.Unwrap(err))
	}
	return &verified{file, d, d.Verifier()}, nil
}

// verified is a blob that is being read. It is not an *os.File, whose WriteTo would have
// io.Copy pass Read by.
type verified struct {
	io.ReadCloser
	want digest.Digest
	hash digest.Verifier
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	_, _ = v.hash.Write(p[:n]) // a hash never fails
	if errors.Is(err, io.EOF) && !v.hash.Verified() {
		return n, fmt.Errorf("blob %s: the file is damaged: remove it and load the image again", v.want)
	}
	return n, err
}

// MaxJSON is how long a document may be, which is read into memory: registries' limit.
const MaxJSON = 4 << 20

// Remedy is for images in another format.
const Remedy = "try skopeo copy --format oci"

// dockers are Docker's names, from before OCI, for what are the same formats.
var dockers = map[string]string{
	"application/vnd.docker.distribution.manifest.list.v2+json": ocispec.MediaTypeImageIndex,
	"application/vnd.docker.distribution.manifest.v2+json":      ocispec.MediaTypeImageManifest,
	"application/vnd.docker.container.image.v1+json":            ocispec.MediaTypeImageConfig,
	"application/vnd.docker.image.rootfs.diff.tar":              ocispec.MediaTypeImageLayer,
	"application/vnd.docker.image.rootfs.diff.tar.gzip":         ocispec.MediaTypeImageLayerGzip,
}

// MediaType is OCI's name of a format that may be called by Docker's.
func MediaType(name string) string { return cmp.Or(dockers[name], name) }

// Document reads a blob that is JSON, of one media type.
func (l Layout) Document(desc ocispec.Descriptor, mediaType string, value any) error {
	switch {
	case MediaType(desc.MediaType) != mediaType:
		return fmt.Errorf("blob %q has the media type %q in place of %s: %s", desc.Digest, desc.MediaType, mediaType, Remedy)
	case desc.Size > MaxJSON:
		return fmt.Errorf("blob %q: %d bytes are more than the %d of a document", desc.Digest, desc.Size, MaxJSON)
	}
	blob, err := l.Blob(desc.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	if err := l.CheckSize(desc); err != nil {
		return err
	}
	text, err := io.ReadAll(blob)
	if err != nil {
		return err
	}
	return Unmarshal(desc, text, value)
}

// Unmarshal reads a document of the descriptor's media type. What is an index and a manifest at
// once, or says that it is something else, would be two images to two readers.
func Unmarshal(desc ocispec.Descriptor, text []byte, value any) error {
	var itself struct {
		MediaType                 string
		Manifests, Config, Layers json.RawMessage
	}
	if err := errors.Join(json.Unmarshal(text, &itself), json.Unmarshal(text, value)); err != nil {
		return fmt.Errorf("blob %s: %w", desc.Digest, err)
	}
	kind := MediaType(desc.MediaType)
	switch {
	case itself.MediaType != "" && itself.MediaType != desc.MediaType:
		return fmt.Errorf("blob %s says that it is %q, and its descriptor %q", desc.Digest, itself.MediaType, desc.MediaType)
	case kind == ocispec.MediaTypeImageManifest && itself.Manifests != nil,
		kind == ocispec.MediaTypeImageIndex && (itself.Config != nil || itself.Layers != nil):
		return fmt.Errorf("blob %s is an index and a manifest at once: get the image elsewhere", desc.Digest)
	}
	return nil
}

// CheckSize refuses a blob that is missing, or longer or shorter than it should be.
func (l Layout) CheckSize(desc ocispec.Descriptor) error {
	info, err := os.Stat(l.Path(desc.Digest))
	if err != nil {
		return fmt.Errorf("blob %s: %w", desc.Digest, errors.Unwrap(err))
	}
	if info.Size() != desc.Size {
		return fmt.Errorf("blob %s has %d bytes, and its descriptor says %d", desc.Digest, info.Size(), desc.Size)
	}
	return nil
}

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// small is the archive of the small image.
func (b *bench) small() string { return b.path("small.tar") }

// smallArchive makes an image of busybox and this program.
func (b *bench) smallArchive() error {
	root := b.path("small-root")
	if err := b.smallRoot(root); err != nil {
		return err
	}
	_, err := pack(b.small(), image, [][]string{{"-C", root, "."}})
	return errors.Join(err, os.RemoveAll(root))
}

// smallRoot makes its root directory.
func (b *bench) smallRoot(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("%w: apt-get install busybox-static", err)
	}
	script := fmt.Sprintf("mkdir -p %[1]s/bin %[1]s/etc %[1]s/tmp %[1]s/proc %[1]s/sys %[1]s/dev; cp %[2]s %[1]s/bin/busybox; cp %[3]s %[1]s/bin/bench; "+
		"for name in sh true sleep cat; do ln -s busybox %[1]s/bin/$name; done", dir, busybox, self)
	out, err := exec.Command("sh", "-ec", script).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a root directory: %w: %s", err, out)
	}
	return nil
}

// A layout is an image in a folder, as OCI has it.
type layout struct {
	dir    string
	digest string // of its manifest
}

// A descriptor is OCI's, of a blob.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`

	Annotations map[string]string `json:"annotations,omitempty"`
}

// The media types of an image.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// pack makes an image of layers, each what tar is to pack, and writes it to an archive that all tools load: an OCI layout with
// the manifest.json of docker save. The layout stays beside it.
func pack(archive, name string, layers [][]string) (layout, error) {
	l := layout{dir: strings.TrimSuffix(archive, ".tar")}
	if err := os.MkdirAll(filepath.Join(l.dir, "blobs/sha256"), 0o755); err != nil {
		return l, err
	}
	var blobs []descriptor
	var diffs, paths []string
	for _, what := range layers {
		blob, diff, err := l.layer(what)
		if err != nil {
			return l, err
		}
		blobs, diffs, paths = append(blobs, blob), append(diffs, diff), append(paths, path(blob))
	}
	config, err := l.document(configType, map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Env": []string{"PATH=/bin"}, "Cmd": []string{"true"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffs},
	})
	if err != nil {
		return l, err
	}
	manifest, err := l.document(manifestType, map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": blobs})
	if err != nil {
		return l, err
	}
	l.digest = manifest.Digest
	manifest.Annotations = map[string]string{"io.containerd.image.name": "docker.io/" + name + ":latest", "org.opencontainers.image.ref.name": "latest"}
	for file, content := range map[string]any{
		"index.json":    map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}},
		"oci-layout":    map[string]any{"imageLayoutVersion": "1.0.0"},
		"manifest.json": []any{map[string]any{"Config": path(config), "RepoTags": []string{name + ":latest"}, "Layers": paths}},
	} {
		text, err := json.Marshal(content)
		if err != nil {
			return l, err
		}
		if err := os.WriteFile(filepath.Join(l.dir, file), text, 0o644); err != nil {
			return l, err
		}
	}
	return l, exec.Command("tar", "-C", l.dir, "-cf", archive, "oci-layout", "index.json", "manifest.json", "blobs").Run()
}

// path is where a blob is in a layout.
func path(d descriptor) string { return strings.Replace("blobs/"+d.Digest, ":", "/", 1) }

// document adds a JSON document.
func (l layout) document(kind string, content any) (descriptor, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return descriptor{}, err
	}
	sum := sha256.Sum256(text)
	d := descriptor{MediaType: kind, Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(text))}
	return d, os.WriteFile(filepath.Join(l.dir, path(d)), text, 0o644)
}

// layer adds a layer, compressed, and returns the digest of what is in it too.
func (l layout) layer(what []string) (d descriptor, diff string, err error) {
	file, err := os.CreateTemp(l.dir, "layer-")
	if err != nil {
		return d, "", err
	}
	defer file.Close()
	inner, outer := sha256.New(), sha256.New()
	compressed, err := gzip.NewWriterLevel(io.MultiWriter(outer, file), gzip.BestSpeed)
	if err != nil {
		return d, "", err
	}
	var said bytes.Buffer
	cmd := exec.Command("tar", append([]string{"-c"}, what...)...)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(inner, compressed), &said
	if err := errors.Join(cmd.Run(), compressed.Close()); err != nil {
		return d, "", fmt.Errorf("pack %v: %w: %s", what, err, said.Bytes())
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return d, "", err
	}
	d = descriptor{MediaType: layerType, Digest: digest(outer), Size: size}
	return d, digest(inner), os.Rename(file.Name(), filepath.Join(l.dir, path(d)))
}

func digest(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

package remove

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// sweep deletes what no image and no container needs, and notes in r which of some layers,
// named by chain ids, bottom first, are gone for that.
//
// It holds the lock alone that whoever adds something shares: so what is about to be needed is
// never taken for rubbish. If somebody holds it, nothing is done: the next sweep finds it all
// again. If an image cannot be read, nobody knows what it needs: nothing is deleted, and the error
// says so.
func sweep(s *image.Store, r *Result, layers []digest.Digest, users catalog.Users) error {
	lock, err := s.Lock("lock", unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		r.Left = true
		return nil
	} else if err != nil {
		return err
	}
	defer lock.Close()
	trash, err := collect(s, r, layers, users)
	if err != nil {
		return err
	}
	// Others need not wait until all is deleted. They may not have the lock alone meanwhile: the
	// next to open the store would take the trash for what was left over.
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_SH); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	freed, err := onDisk(trash)
	r.Freed += freed
	return errors.Join(err, os.RemoveAll(trash))
}

// collect puts out of the way what is not needed: into a directory of drafts, which it returns. All
// is renamed, so that nobody ever sees a layer of which half is deleted.
func collect(s *image.Store, r *Result, layers []digest.Digest, users catalog.Users) (trash string, err error) {
	needBlobs, needLayers, err := needs(s, users)
	if err != nil {
		return "", err
	}
	for i := len(layers) - 1; i >= 0; i-- { // Docker's order
		if !needLayers[layers[i].Encoded()] && !slices.Contains(r.Deleted, layers[i]) {
			r.Deleted = append(r.Deleted, layers[i])
		}
	}
	trash, err = os.MkdirTemp(s.Drafts, "")
	if err != nil {
		return "", err
	}
	err = move(s.Layers, filepath.Join(trash, "layers"), needLayers)
	return trash, errors.Join(err, move(filepath.Join(s.Dir, ocispec.ImageBlobsDir, "sha256"), filepath.Join(trash, "blobs"), needBlobs))
}

// needs returns the names of the blobs and of the unpacked layers that images or containers need.
// They are apart, as the lowest layer's tar file and directory have the same name.
func needs(s *image.Store, users catalog.Users) (blobs, layers map[string]bool, err error) {
	all, damaged := s.List()
	if damaged != nil {
		return nil, nil, fmt.Errorf("nothing is deleted from disk, as it is not known what this needs: %w: remove it, by its name", damaged)
	}
	containers, err := users()
	if err != nil {
		return nil, nil, fmt.Errorf("nothing is deleted from disk, as it is not known what containers need: %w", err)
	}
	blobs, layers = map[string]bool{}, map[string]bool{}
	for _, img := range all {
		for _, blob := range img.Blobs() {
			blobs[blob.Digest.Encoded()] = true
		}
		for _, layer := range img.ChainIDs() {
			layers[layer.Encoded()] = true
		}
	}
	for _, container := range containers {
		for _, layer := range container.Layers {
			layers[layer.Encoded()] = true
		}
	}
	return blobs, layers, nil
}

// move moves what is not needed from one directory to another, which is made.
func move(from, to string, needed map[string]bool) error {
	entries, err := os.ReadDir(from)
	err = errors.Join(err, os.Mkdir(to, 0o700))
	for _, entry := range entries {
		if !needed[entry.Name()] {
			err = errors.Join(err, os.Rename(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())))
		}
	}
	return err
}

// onDisk is how many bytes of the disk are taken by what is below a directory. Of what somebody
// else has just removed there, it is none.
func onDisk(dir string) (bytes int64, err error) {
	seen := map[uint64]bool{} // files may have several links
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = entry.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && !seen[stat.Ino] {
			seen[stat.Ino] = true
			bytes += stat.Blocks * 512
		}
		return nil
	})
	return bytes, err
}

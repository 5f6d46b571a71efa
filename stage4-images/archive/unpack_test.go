package archive

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"

	"drydock/stage4-images/image"
)

// TestLoadUnpacks: what is loaded is unpacked, each layer once, though two load it at once.
func TestLoadUnpacks(t *testing.T) {
	from, s := open(t, t.TempDir()), open(t, t.TempDir())
	web := add(t, from, "web", 1, "one", "two")
	add(t, from, "db", 2, "one")
	archive := save(t, from, "web", "db")
	var calls atomic.Int32
	count := func(blob io.Reader, dir string) (digest.Digest, error) {
		calls.Add(1)
		return apply(blob, dir)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := Load(s, bytes.NewReader(archive), count); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if got := entries(t, s, "layers"); len(got) != 2 || calls.Load() != 2 {
		t.Errorf("2 layers were unpacked %d times, to %v", calls.Load(), got)
	}
	if _, err := s.Unpack(web, func(io.Reader, string) (digest.Digest, error) { return "", errors.New("again") }); err != nil {
		t.Error(err)
	}
	if problems := s.Fsck(apply, diff); problems != nil || entries(t, s, "drafts") != nil {
		t.Error(problems, entries(t, s, "drafts"))
	}
}

// TestLoadUnpacksNothing: if one layer cannot be unpacked, or is not what its image says, none stays.
func TestLoadUnpacksNothing(t *testing.T) {
	from, s := open(t, t.TempDir()), open(t, t.TempDir())
	add(t, from, "db", 2, "zero")
	add(t, from, "web", 1, "one", "two")
	for words, bad := range map[string]image.Apply{
		"no space": func(io.Reader, string) (digest.Digest, error) { return "", errors.New("no space") },
		"its tar file has the digest": func(blob io.Reader, _ string) (digest.Digest, error) {
			_, err := io.Copy(io.Discard, blob)
			return digest.FromString("other"), err
		},
	} {
		var calls int
		_, err := Load(s, bytes.NewReader(save(t, from, "db", "web")), func(blob io.Reader, dir string) (digest.Digest, error) {
			if calls++; calls == 3 {
				return bad(blob, dir)
			}
			return apply(blob, dir)
		})
		says(t, err, "load: unpack layer", words)
		if left := entries(t, s, "images/blobs/sha256", "drafts", "layers"); left != nil || calls != 3 {
			t.Errorf("%s: left are %v after %d layers", words, left, calls)
		}
	}
}

// TestLoadMeanwhile: a layer that somebody else unpacks at this moment is not replaced: a container
// may be running on it.
func TestLoadMeanwhile(t *testing.T) {
	from, s := open(t, t.TempDir()), open(t, t.TempDir())
	web := add(t, from, "web", 1, "one", "two")
	others := filepath.Join(s.Layers, web.ChainIDs()[0].Encoded())
	_, err := Load(s, bytes.NewReader(save(t, from, "web")), func(blob io.Reader, dir string) (digest.Digest, error) {
		if filepath.Base(dir) == web.ChainIDs()[1].Encoded() {
			if err := os.Mkdir(others, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return apply(blob, dir)
	})
	if left, _ := os.ReadDir(others); err != nil || len(left) != 0 {
		t.Errorf("%v: it was replaced by one with %v", err, left)
	}
	if got := entries(t, s, "layers"); len(got) != 2 || entries(t, s, "drafts") != nil {
		t.Errorf("layers are %v, drafts %v", got, entries(t, s, "drafts"))
	}
}

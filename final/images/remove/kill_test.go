package remove

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"drydock/final/filter"
	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// victim is set in the environment of this program where it is to remove images until it is
// killed: to the state root.
const victim = "REMOVE_UNTIL_KILLED"

// TestMain makes of this program one that is killed.
func TestMain(m *testing.M) {
	if root := os.Getenv(victim); root != "" {
		fmt.Fprintln(os.Stderr, removeForEver(root))
		os.Exit(1) //nolint:forbidigo // this is main
	}
	os.Exit(m.Run()) //nolint:forbidigo // this is main
}

// removeForEver makes images and removes them, in all ways, and writes a line before each.
func removeForEver(root string) error {
	s, err := image.Open(root)
	for i := 0; err == nil; i++ {
		name := fmt.Sprintf("image:%d", i%3)
		_, err = addTo(s, []string{"base", fmt.Sprint("layer ", i%5), fmt.Sprint("top ", i)}, name, "other:latest", "")
		fmt.Println(i)
		if err != nil {
			break
		}
		if i%2 == 0 {
			_, err = Image(s, name, Options{Users: by()})
		} else {
			_, err = Prune(s, Pruning{All: i%3 == 0, Users: by(), Now: time.Now()})
		}
	}
	return err
}

// TestKilled kills a process that removes images, thirty times, at random points, and wants each
// time that the store it leaves verifies, and that with the next prune all that is left over goes,
// and nothing else.
func TestKilled(t *testing.T) {
	root := inMemory(t)
	for range 30 {
		kill(t, root)
		wholeLayers(t, root)
		s := open(t, root)
		if problems := s.Fsck(apply, diff); len(problems) > 0 {
			t.Fatalf("after a kill: %v", problems)
		}
		if _, err := Prune(s, Pruning{Filters: filter.Set{"label": {"none"}}, Users: by(), Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if problems := s.Fsck(apply, diff); len(problems) > 0 {
			t.Fatalf("after the next prune: %v", problems)
		}
		onlyNeeded(t, s)
	}
}

// onlyNeeded wants on disk what images consist of, and nothing else. They need not be unpacked yet.
func onlyNeeded(t *testing.T, s *image.Store) {
	t.Helper()
	c, err := catalog.Read(s)
	if err != nil {
		t.Fatal(err)
	}
	var left []image.Image
	for _, img := range c {
		left = append(left, img.Image)
	}
	got := onDiskAre(t, s)
	want := slices.DeleteFunc(of(left...), func(name string) bool {
		return strings.HasPrefix(name, "layer ") && !slices.Contains(got, name)
	})
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("after the next prune (-want +got):\n%s", diff)
	}
}

// wholeLayers wants all files in each unpacked layer that can be seen.
func wholeLayers(t *testing.T, root string) {
	t.Helper()
	layers, err := filepath.Glob(filepath.Join(root, "layers", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		if files, err := os.ReadDir(layer); err != nil || len(files) != layerFiles {
			t.Fatalf("after a kill, there are %d of %d files in %s: %v", len(files), layerFiles, layer, err)
		}
	}
}

// inMemory returns a directory in memory, if there is such a place: the disk's time to flush would
// be most of the time.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "removed")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is in memory
	return dir
}

// kill starts the victim, and kills it within some thousandths of a second from a line on.
func kill(t *testing.T, root string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), victim+"="+root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 1 + rand.IntN(4) {
		if !lines.Scan() {
			t.Error("the victim has ended by itself")
			break
		}
	}
	timer := time.AfterFunc(time.Duration(rand.Int64N(int64(8*time.Millisecond))), func() { _ = cmd.Process.Kill() }) // it is there until Wait
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, out) // to its end
	_ = cmd.Wait()                  // it was killed
}

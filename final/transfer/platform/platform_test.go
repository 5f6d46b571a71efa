package platform

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"linux":          "linux/" + runtime.GOARCH,
		"linux/amd64":    "linux/amd64",
		"Linux/x86_64":   "linux/amd64",
		"linux/amd64/v3": "linux/amd64/v3",
		"linux/arm64/v8": "linux/arm64",
		"aarch64":        runtime.GOOS + "/arm64",
		"linux/arm":      "linux/arm/v7",
		"linux/arm/6":    "linux/arm/v6",
		"armel":          runtime.GOOS + "/arm/v6",
		"windows/amd64":  "windows/amd64",
		"foo":            `!"foo": unknown operating system or architecture`,
		"linux/":         `!invalid platform "linux/": give OS[/ARCHITECTURE[/VARIANT]], such as linux/arm64`,
		"a/b/c/d":        `!invalid platform "a/b/c/d": give OS[/ARCHITECTURE[/VARIANT]], such as linux/arm64`,
		"":               `!invalid platform "": give OS[/ARCHITECTURE[/VARIANT]], such as linux/arm64`,
	} {
		p, err := Parse(text)
		got := p.String()
		if err != nil {
			got = "!" + err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestChoose chooses from an index, by the number of the entry.
func TestChoose(t *testing.T) {
	var index ocispec.Index
	for i, text := range []string{"linux/amd64", "linux/amd64/v3", "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "unknown/unknown", "linux/arm/v6"} {
		words := append(strings.Split(text, "/"), "")
		index.Manifests = append(index.Manifests, ocispec.Descriptor{
			Size: int64(i), Platform: &ocispec.Platform{OS: words[0], Architecture: words[1], Variant: words[2]},
		})
	}
	index.Manifests = append(index.Manifests, ocispec.Descriptor{Size: 7})
	for text, want := range map[string]string{
		"linux/amd64": "0 true", "linux/amd64/v3": "1 true", "linux/arm64": "4 true", "linux/arm": "3 true",
		"linux/arm/v6": "6 true", "linux/arm/v5": "2 true", "linux/s390x": "0 false", "windows/amd64": "0 false",
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		best, found := p.Choose(index)
		if diff := cmp.Diff(want, fmt.Sprint(best.Size, " ", found)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// The tests are outside the package because they link the library that it does without:
// TestNoInit could not tell the two apart otherwise.
package images_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	_ "crypto/sha256" // the library knows the digests that the program has linked,
	_ "crypto/sha512" // and Docker has linked these

	"github.com/distribution/reference"
	"github.com/google/go-cmp/cmp"

	"drydock/final/images"
	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

func TestParse(t *testing.T) {
	for _, name := range names {
		text, want := filled(name[0]), filled(name[1])
		n, err := images.Parse(text)
		got := n.String()
		if err != nil {
			got = "!" + err.Error()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		compare(t, text)
	}
}

// TestStored has stage 4 store names in the form in which they are found here.
func TestStored(t *testing.T) {
	stored := 0
	for _, name := range names {
		if sameStored(t, filled(name[0])) {
			stored++
		}
	}
	if stored < 50 {
		t.Errorf("only %d names", stored)
	}
}

// sameStored tells whether text is a name, and wants stage 4 to agree. What has the
// form of an id, sha256:…, is none: nobody can give an image such a name, see catalog.Tag.
func sameStored(t *testing.T, text string) (isName bool) {
	ours, err := catalog.Normal(text)
	isName = err == nil && !strings.HasPrefix(ours, "sha256:")
	theirs, theirErr := image.Normalize(text)
	if isName != (theirErr == nil) || isName && ours != theirs {
		t.Errorf("%q is %q, %v, and in stage 4 %q, %v", text, ours, err, theirs, theirErr)
	}
	return isName
}

// FuzzParse looks for a name that Docker's library reads in another way.
func FuzzParse(f *testing.F) {
	for _, name := range names {
		f.Add(filled(name[0]))
	}
	f.Fuzz(compare)
}

// truncatedID is from a comment of Docker's, at checkTruncatedID.
var truncatedID = regexp.MustCompile(`^(sha256:)?([a-f0-9]{4,64})$`)

// compare has Docker's library and ours read the same text.
func compare(t *testing.T, text string) {
	if images.IsID(text) != truncatedID.MatchString(text) {
		t.Errorf("%q: an ID: %v", text, images.IsID(text))
	}
	sameStored(t, text)
	n, err := images.Parse(text)
	theirs, theirErr := reference.ParseNormalizedNamed(text)
	if diff := cmp.Diff(fmt.Sprint(theirErr), fmt.Sprint(err)); diff != "" {
		t.Fatalf("%q: the error (-Docker's +ours):\n%s", text, diff)
	}
	if err != nil {
		if n != (images.Name{}) {
			t.Errorf("%q: a name with the error %v: %+v", text, err, n)
		}
		return
	}
	dockerRef, err := reference.ParseDockerRef(text)
	if err != nil {
		t.Fatal(err)
	}
	withTag := reference.TagNameOnly(theirs)
	for _, forms := range [][2]any{
		{parts(theirs), n},
		{theirs.String(), n.String()},
		{reference.FamiliarString(theirs), n.Familiar()},
		{withTag.String(), n.WithDefaultTag().String()},
		{reference.FamiliarString(withTag), n.WithDefaultTag().Familiar()},
		{dockerRef.String(), n.TagOrDigest().String()},
	} {
		if diff := cmp.Diff(forms[0], forms[1]); diff != "" {
			t.Errorf("%q (-Docker's +ours):\n%s", text, diff)
		}
	}
	if again, err := images.Parse(n.String()); err != nil || again != n {
		t.Errorf("%q is %+v, and then %+v: %v", text, n, again, err)
	}
}

// parts is what Docker's library has read, as we hold it.
func parts(name reference.Named) images.Name {
	n := images.Name{Domain: reference.Domain(name), Path: reference.Path(name)}
	if tagged, ok := name.(reference.Tagged); ok {
		n.Tag = tagged.Tag()
	}
	if digested, ok := name.(reference.Digested); ok {
		n.Digest = digested.Digest().String()
	}
	return n
}

func TestIsID(t *testing.T) {
	for text, want := range map[string]bool{
		hex64:                true,
		"sha256:" + hex64:    true,
		"cafe":               true,
		"sha256:cafe":        true,
		"caf":                false,
		hex64 + "0":          false,
		"CAFE":               false,
		"cafeteria":          false,
		"sha512:cafe":        false,
		"sha256:sha256:cafe": false,
		"sha256:":            false,
		"":                   false,
	} {
		if got := images.IsID(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		compare(t, text)
	}
}

func TestShortID(t *testing.T) {
	for text, want := range map[string]string{
		"sha256:0123456789abcdef": "0123456789ab",
		"sha512:0123456789abcdef": "0123456789ab",
		"0123456789abcdef":        "0123456789ab",
		"0123456789ab":            "0123456789ab",
		"0123":                    "0123",
		"sha256:":                 "",
		"":                        "",
	} {
		if got := images.ShortID(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestNoInit has the runtime tell what each package does at the start of this program:
// the library something, ours nothing.
func TestNoInit(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("the counters of go test -cover are an init")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, trace)
	}
	for name, want := range map[string]bool{"github.com/distribution/reference": true, "drydock/final/images": false} {
		if strings.Contains(string(trace), "init "+name+" @") != want {
			t.Errorf("%s has an init, which should be %v:\n%s", name, want, trace)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	texts := []string{"busybox", "host:5000/a/b:tag", filled("ghcr.io/owner/app:1.2%s")}
	for reader, parse := range map[string]func(text string) error{
		"ours":     func(text string) error { _, err := images.Parse(text); return err },
		"Docker's": func(text string) error { _, err := reference.ParseNormalizedNamed(text); return err },
	} {
		for _, text := range texts {
			short, _, _ := strings.Cut(text, "@")
			b.Run(reader+"/"+strings.ReplaceAll(short, "/", "|"), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := parse(text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

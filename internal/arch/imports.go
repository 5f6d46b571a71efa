package arch

import (
	"fmt"
	"strconv"
	"strings"
)

const ours = "drydock/"

// fieldLibraries says which libraries a mechanism may use beyond the standard one
// and golang.org/x/sys/unix: those of the field that it is about, and why.
var fieldLibraries = map[string]map[string]string{
	"cgroup": {
		"github.com/moby/sys/mountinfo": "the mount table has escapes and optional fields, which it reads as Docker does",
	},
	"limit": {
		"github.com/docker/go-units": "64m is what Docker takes it for",
	},
	"network": {
		"github.com/vishvananda/netlink": "links, addresses and routes are netlink's",
		"github.com/vishvananda/netns":   "its sockets in another namespace take this type",
	},
	"flow": {
		"github.com/vishvananda/netlink": "the table of connections is read and written over netlink",
	},
	"rules": {
		"github.com/google/nftables": "rules are written over netlink, without the nft command",
	},
	"blob": {
		"github.com/opencontainers/image-spec": "its descriptors and the layout are this specification's",
		"github.com/opencontainers/go-digest":  "its digests are of this type",
	},
	"archive": {
		"github.com/opencontainers/image-spec": "an archive is a layout of this specification",
		"github.com/opencontainers/go-digest":  "its digests are of this type",
	},
	"image": {
		"github.com/opencontainers/image-spec": "an image's JSON is this specification's",
		"github.com/opencontainers/go-digest":  "its digests are of this type",
	},
	"layer": {
		"github.com/klauspost/readahead":      "layers are unpacked while the next bytes are read",
		"github.com/klauspost/compress":       "layers are gzip or zstd, and the standard library has no zstd",
		"github.com/opencontainers/go-digest": "the digests in an image's JSON are of this type",
	},
}

// Imports is the rule of who may import whom.
func Imports(root string) ([]string, error) {
	files, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			if reason := whyNot(f, imported); reason != "" {
				problems = append(problems,
					fmt.Sprintf("%s:%d: imports %s: %s", f.name, f.line(spec.Pos()), imported, reason))
			}
		}
	}
	return problems, nil
}

// whyNot returns the reason why a file may not import a package, or nothing.
func whyNot(f file, imported string) string {
	mine, isOurs := strings.CutPrefix(imported, ours)
	from, to := stage(f.name), stage(mine)
	switch {
	case isMechanism(f) && isOurs && !strings.HasPrefix(mine, "internal/") && to != from:
		return "a mechanism is read, and used, without those of other stages; only programs compose"
	case isMechanism(f) && !isOurs && !mechanismMay(f.syntax.Name.Name, imported):
		return "a mechanism shows the kernel's interface, not a library's; see fieldLibraries for exceptions"
	case isOurs && from != 0 && to > from:
		return "a stage knows the earlier ones only: readers come to it before the later ones exist for them"
	case isHelpers(imported) && !isHelpers(ours+f.name):
		return "what speaks to registries is large and slow to start: only the program drydock-transfer links it"
	case isOurs && from == 0 && to != 0 && !strings.HasPrefix(f.name, "final/"):
		return "what the stages share cannot know the stages"
	}
	return ""
}

// isHelpers says whether a package is linked by drydock's helper program alone.
func isHelpers(imported string) bool {
	return strings.HasPrefix(imported, ours+"final/transfer/") || strings.HasPrefix(imported, "github.com/google/go-containerregistry/")
}

// mechanismMay says whether the mechanism package may import a package that is not
// ours.
func mechanismMay(mechanism, imported string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library: its paths begin with no domain name
	}
	if imported == "golang.org/x/sys/unix" {
		return true
	}
	for library := range fieldLibraries[mechanism] {
		if imported == library || strings.HasPrefix(imported, library+"/") {
			return true
		}
	}
	return false
}

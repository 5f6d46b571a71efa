package image

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// A name is a registry's address, none for Docker Hub, a repository, and a tag or a digest.
var (
	addressed = regexp.MustCompile(`^(localhost|[^/]*[.:A-Z][^/]*)/`)
	hostRule  = regexp.MustCompile(`^([a-zA-Z0-9]+(-+[a-zA-Z0-9]+)*(\.[a-zA-Z0-9]+(-+[a-zA-Z0-9]+)*)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?/$`)
	nameRule  = regexp.MustCompile(`^([a-z0-9]+(?:(?:\.|__?|-+|/)[a-z0-9]+)*)(:\w[\w.-]*)?(@(sha256|sha384|sha512):([0-9a-f]+))?$`)
)

// How long what they match may be. It is not in the rules, which are compiled at each start, `{0,127}` as so many states.
const longestTag = 128

var digits = map[string]int{"": 0, "sha256": 64, "sha384": 96, "sha512": 128}

const hub, official = "docker.io/", "library/" // what goes without saying

// Normalize returns the whole of a name as it is stored and shown: busybox:latest, for busybox
// and docker.io/library/busybox. A digest says all, and a tag beside it goes. What could be an id
// is no name, nor what would be of another registry when it is read again.
func Normalize(name string) (string, error) {
	host := addressed.FindString(name)
	path := name[len(host):]
	ambiguous := len(name) == digits["sha256"] && strings.Trim(name, "0123456789abcdef") == ""
	switch {
	case host == hub || host == "index."+hub:
		host, ambiguous = "", addressed.MatchString(path)
	case !hostRule.MatchString(host):
		host, path = "", name
	}
	longest := 255
	if short := strings.TrimPrefix(path, official); host == "" && !strings.Contains(short, "/") {
		path, longest = short, longest-len(official)
	}
	part := nameRule.FindStringSubmatch(path)
	if ambiguous || part == nil || len(part[1]) > longest || host+part[1] == "sha256" ||
		len(part[2]) > len(":")+longestTag || len(part[5]) != digits[part[4]] {
		return "", fmt.Errorf("%q: invalid reference format", name)
	}
	return host + part[1] + cmp.Or(part[3], part[2], ":latest"), nil
}

// Split parts a name into the repository and the tag, or the digest.
func Split(name string) (repository, tag string) {
	path := strings.LastIndexByte(name, '/') + 1 // before it there may be a port
	if i := strings.IndexAny(name[path:], ":@"); i >= 0 {
		return name[:path+i], name[path+i+1:]
	}
	return name, ""
}

package volume

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"drydock/internal/flags"
	"drydock/stage5-volumes/bind"
)

// Values are the flags as they were typed.
type Values struct {
	Volumes []string // [SOURCE:]TARGET[:ro]
	From    []string // CONTAINER[:ro]
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "volume", Short: "v", Value: flags.List{To: &v.Volumes}, Usage: "mount a `VOLUME`: /HOST:/PATH, NAME:/PATH or /PATH, and :ro behind the first two"},
		{Name: "volumes-from", Value: flags.List{To: &v.From}, Usage: "mount what `CONTAINER`[:ro] has mounted"},
	}
}

// Mounts reads what was given with --volume. Two at one place are an error, unless at most one
// of them has a source.
func (v Values) Mounts() ([]Mount, error) {
	var mounts []Mount
	taken := map[string]bool{}
	for _, spec := range v.Volumes {
		m, err := Parse(spec)
		if err != nil {
			return nil, err
		}
		if !m.Anonymous && taken[m.Target] {
			return nil, fmt.Errorf("Duplicate mount point: %s: give another place to one of the two", m.Target) //nolint:staticcheck // Docker's words
		}
		taken[m.Target] = taken[m.Target] || !m.Anonymous
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// Parse reads one argument of --volume, as Docker's command and daemon do together.
func Parse(spec string) (m Mount, err error) {
	parts := strings.Split(spec, ":")
	switch {
	case spec == "":
		return m, fmt.Errorf("invalid empty volume spec: give [SOURCE:]TARGET[:ro]")
	case slices.Contains(parts, ""):
		return m, fmt.Errorf("invalid spec: %s: empty section between colons: give [SOURCE:]TARGET[:ro]", spec)
	case len(parts) > 3:
		return m, fmt.Errorf("invalid spec: %s: too many colons: give [SOURCE:]TARGET[:ro]", spec)
	case len(parts) == 1:
		m.Anonymous, m.Fill = true, true
		m.Target, err = target(spec)
	case len(parts) == 2 && slices.Contains([]string{"ro", "rw"}, parts[1]):
		return m, fmt.Errorf("invalid volume specification: '%s': a mode wants a source: give SOURCE:TARGET:%s", spec, parts[1])
	default:
		m, err = withSource(parts[0], parts[1])
	}
	if err == nil && len(parts) == 3 {
		m.ReadOnly, err = readOnly(parts[2])
	}
	if err == nil && !utf8.ValidString(m.Source+m.Target) {
		err = fmt.Errorf("a path that is not UTF-8 would be another one in the container's record: rename it")
	}
	if err != nil {
		return m, fmt.Errorf("invalid volume specification: '%s': %w", spec, err)
	}
	return m, nil
}

// withSource is a mount of the host's directory or file, or of a volume with a name.
func withSource(source, place string) (m Mount, err error) {
	if m.Target, err = target(place); err != nil {
		return m, err
	}
	switch {
	case path.IsAbs(source):
		m.Source = path.Clean(source)
	case strings.HasPrefix(source, "."):
		m.Source, err = filepath.Abs(source)
	default:
		m.Name, m.Fill, err = source, true, CheckName(source)
	}
	return m, err
}

func target(text string) (string, error) {
	switch {
	case !path.IsAbs(text):
		return "", fmt.Errorf("invalid mount path: '%s' mount path must be absolute", text)
	case path.Clean(text) == "/":
		return "", fmt.Errorf("invalid specification: destination can't be '/': name a directory in it")
	}
	return path.Clean(text), nil
}

// later are the modes that Docker has besides ro and rw.
var later = []string{"z", "Z", "nocopy", "private", "rprivate", "slave", "rslave", "shared", "rshared", "consistent", "cached", "delegated"}

func readOnly(mode string) (bool, error) {
	for option := range strings.SplitSeq(mode, ",") {
		if slices.Contains(later, option) {
			return false, fmt.Errorf("this stage has the modes ro and rw: %s is for drydock", option)
		}
	}
	if mode != "ro" && mode != "rw" {
		return false, fmt.Errorf("invalid mode: %s: give ro or rw", mode)
	}
	return mode == "ro", nil
}

// Inherit reads one argument of --volumes-from, and makes another container's mounts, which
// of returns, one's own.
func Inherit(spec string, of func(container string) ([]Mount, error)) ([]Mount, error) {
	container, mode, _ := strings.Cut(spec, ":")
	if container == "" {
		return nil, fmt.Errorf("volumes-from specification cannot be an empty string: give CONTAINER[:ro]")
	}
	ro, err := readOnly(cmp.Or(mode, "rw"))
	if err != nil {
		return nil, fmt.Errorf("--volumes-from %s: %w", spec, err)
	}
	mounts, err := of(container)
	for i := range mounts {
		mounts[i].Fill, mounts[i].ReadOnly = false, mounts[i].ReadOnly || ro
	}
	return mounts, err
}

// Merge puts together what a container has: what it inherits from others, what was given with
// --volume, and a volume for each place that its image declares. Where two are for one place,
// the more particular one wins: with a source before inherited (the last before the first),
// and both before anonymous. The result is in the order in which they can be mounted: what
// lies below another comes after it.
func Merge(inherited, given []Mount, declared []string) ([]Mount, error) {
	all := map[string]Mount{}
	for _, m := range inherited {
		all[m.Target] = m
	}
	for _, place := range declared {
		place, err := target(path.Join("/", place))
		if err != nil {
			return nil, fmt.Errorf("the image declares a volume: %w", err)
		}
		given = append(given, Mount{Mount: bind.Mount{Target: place}, Anonymous: true, Fill: true})
	}
	for _, m := range given {
		if _, taken := all[m.Target]; !taken || !m.Anonymous {
			all[m.Target] = m
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Mount) int {
		return cmp.Or(strings.Count(a.Target, "/")-strings.Count(b.Target, "/"), strings.Compare(a.Target, b.Target))
	}), nil
}

// nameRule is Docker's rule for the names of volumes.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CheckName refuses what cannot be a volume's name.
func CheckName(name string) error {
	switch {
	case len(name) == 1:
		return fmt.Errorf("create %s: volume name is too short, names should be at least two alphanumeric characters", name)
	case !nameRule.MatchString(name):
		return fmt.Errorf("create %s: %q includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path", name, name)
	}
	return nil
}

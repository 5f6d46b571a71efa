package mounts

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// addVolume keeps what one -v says. The same twice is once.
func (g *Given) addVolume(spec string) error {
	source, rest, hasSource := strings.Cut(spec, ":")
	to := &g.Places
	if hasSource {
		to = &g.Binds
	}
	if hasSource && strings.HasPrefix(source, ".") {
		absolute, err := filepath.Abs(source)
		if err != nil {
			return err
		}
		spec = absolute + ":" + rest
	}
	if !slices.Contains(*to, spec) {
		*to = append(*to, spec)
	}
	return nil
}

// Modes are what stands behind the second colon of -v.
type Modes struct {
	ReadOnly    bool
	NoCopy      bool
	Propagation string
}

// kinds are the modes that there are, of which each kind may be given once. z and Z are for
// SELinux, and mean nothing where it is off; the last three are for macOS.
var kinds = [][]string{
	{"ro", "rw"},
	{"z", "Z"},
	{"rprivate", "private", "rslave", "slave", "rshared", "shared"},
	{"nocopy"},
	{"consistent", "cached", "delegated"},
}

// ParseModes reads modes with commas between them.
func ParseModes(text string) (m Modes, err error) {
	given := make([]bool, len(kinds))
	for word := range strings.SplitSeq(text, ",") {
		kind := slices.IndexFunc(kinds, func(words []string) bool { return slices.Contains(words, word) })
		if kind < 0 || given[kind] {
			return m, fmt.Errorf("invalid mode: %s", text)
		}
		given[kind] = true
		if strings.EqualFold(word, "z") {
			err = checkLabel()
		}
		m.ReadOnly = m.ReadOnly || word == "ro"
		m.NoCopy = m.NoCopy || word == "nocopy"
		if _, found := bind.Propagations[word]; found {
			m.Propagation = word
		}
	}
	return m, err
}

// ParseVolume reads one argument of -v: the mount, and the modes as they were typed.
func ParseVolume(spec string) (m volume.Mount, modes string, err error) {
	parts := strings.Split(spec, ":")
	if len(parts) == 2 && parts[0] != "" && parts[1] != "" {
		if _, err := ParseModes(parts[1]); err == nil {
			return m, "", fmt.Errorf("invalid volume specification: '%s': a mode wants a source: give SOURCE:TARGET:%s", spec, parts[1])
		}
	}
	if len(parts) != 3 || slices.Contains(parts, "") {
		m, err := volume.Parse(spec)
		return m, "", err
	}
	modes = parts[2]
	parsed, err := ParseModes(modes)
	if err != nil {
		return m, modes, err
	}
	if m, err = volume.Parse(parts[0] + ":" + parts[1]); err != nil {
		return m, modes, err
	}
	refuse := func(kind, field string) error {
		return fmt.Errorf("invalid volume specification: '%s': invalid mount config for type %q: field %s must not be specified", spec, kind, field)
	}
	switch {
	case m.Name == "" && parsed.NoCopy:
		return m, modes, refuse(Bind, "VolumeOptions")
	case m.Name != "" && parsed.Propagation != "":
		return m, modes, refuse(Volume, "BindOptions")
	}
	m.ReadOnly, m.Propagation, m.Fill = parsed.ReadOnly, parsed.Propagation, m.Fill && !parsed.NoCopy
	return m, modes, nil
}

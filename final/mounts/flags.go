package mounts

import (
	"strings"

	"drydock/internal/flags"
)

// Flags are the flags that fill a Given.
func Flags(g *Given) []flags.Flag {
	return []flags.Flag{
		{Name: "volume", Short: "v", Value: parser(g.addVolume), Usage: "mount a `VOLUME`: /HOST:/PATH, NAME:/PATH or /PATH, and :ro and other modes behind the first two"},
		{Name: "mount", Value: parser(g.addMount), Usage: "mount `type=TYPE,KEY=VALUE,…`: a bind, a volume or a tmpfs"},
		{Name: "tmpfs", Value: parser(g.addTmpfs), Usage: "mount an empty file system in memory: `PATH[:OPTIONS]`"},
		{Name: "volume-driver", Value: flags.String{To: &g.VolumeDriver}, Usage: "the `DRIVER` of new volumes (local)"},
		{Name: "volumes-from", Value: flags.List{To: &g.VolumesFrom}, Usage: "mount what `CONTAINER`[:ro] has mounted"},
	}
}

// A parser is a flag.Value that a function reads.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

func (g *Given) addTmpfs(text string) error {
	place, options, _ := strings.Cut(text, ":")
	if g.Tmpfs == nil {
		g.Tmpfs = map[string]string{}
	}
	g.Tmpfs[place] = options
	return nil
}

package compare

import (
	"fmt"
	"regexp"
	"strings"
)

// A section is lines that count on each other, and on no others.
type section struct {
	name  string
	vm    bool // for machines with the cgroup controllers
	lines []line
}

// A line is one for the shell, in which $D is the tool.
type line struct {
	text string
	sets bool // it sets up, and is not compared
}

var heading = regexp.MustCompile(`^== ([a-z-]+)( \[vm\])?$`)

// parse reads the cases, whose head says how they are written. The lines before the first section are those with
// which every section begins.
func parse(text string) ([]section, error) {
	var before []line
	var sections []section
	seen := map[string]bool{}
	for i, text := range strings.Split(text, "\n") {
		l := line{text: text}
		l.text, l.sets = strings.CutPrefix(text, "+ ")
		switch found := heading.FindStringSubmatch(text); {
		case text == "" || strings.HasPrefix(text, "#"):
			continue
		case found != nil:
			sections = append(sections, section{name: found[1], vm: found[2] != "", lines: append([]line{}, before...)})
			continue
		case strings.HasPrefix(text, "=="):
			return nil, fmt.Errorf("line %d: %q is no heading: == NAME, or == NAME [vm]", i+1, text)
		case len(sections) == 0 && !l.sets:
			return nil, fmt.Errorf("line %d: what comes before the first section can only set up", i+1)
		case len(sections) == 0:
			before = append(before, l)
			continue
		}
		here := &sections[len(sections)-1]
		if key := here.name + ": " + l.text; !l.sets {
			if seen[key] {
				return nil, fmt.Errorf("line %d: %s is there twice: nobody could tell which of the two differs", i+1, key)
			}
			seen[key] = true
		}
		here.lines = append(here.lines, l)
	}
	return sections, nil
}

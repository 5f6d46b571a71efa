package kit

import (
	"fmt"
	"os"
	"strings"
)

// A block is a fenced block of a Markdown file.
type block struct {
	line  int      // of its first line, counted from 1
	info  []string // the words after the backquotes: the language and what follows
	lines []string
}

// readBlocks reads the fenced blocks of a Markdown file. Only fences of three
// backquotes at the start of a line count: the chapters use no others.
func readBlocks(file string) ([]block, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var blocks []block
	open := false
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			open = true
			blocks = append(blocks, block{line: i + 2, info: strings.Fields(info)})
		case open:
			last := &blocks[len(blocks)-1]
			last.lines = append(last.lines, line)
		}
	}
	if open {
		return nil, fmt.Errorf("%s:%d: this block is never closed", file, blocks[len(blocks)-1].line-1)
	}
	return blocks, nil
}

// is tells whether the block is in the given language.
func (b block) is(language string) bool { return len(b.info) > 0 && b.info[0] == language }

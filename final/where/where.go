// Package where says where a flag or a command is made true: in which stage, by which function, and what of the kernel's is
// behind it.
//
// The problem: who knows Docker knows the flag, and looks for the code; and who has found the code wants to know which
// file or call of the kernel it is about, and where that is described.
//
// Which flags and commands there are, the command line says itself; what is behind them is table.txt, a line each, kept
// by hand. Tests hold the two together: nothing is without a line, and no line names a function that is not there.
//
// In a shell: grep -rn '"memory"' stage*/*/ final/*/.
//
// To read: docs/where.md, which is all of it.
package where

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
)

//go:embed table.txt
var table string

// An Entry is one line.
type Entry struct {
	Of       string // --memory, run, or network create --opt
	File     string
	Function string
	Kernel   string // a file or a call, or nothing
	Man      string
}

// All are all entries, in the order of the table.
func All() (all []Entry) {
	for line := range strings.Lines(table) {
		words := strings.Split(strings.TrimSpace(line), "|")
		file, function, _ := strings.Cut(words[1], " ")
		e := Entry{Of: words[0], File: file, Function: function, Kernel: words[2], Man: words[3]}
		if e.Kernel == "-" {
			e.Kernel = ""
		}
		all = append(all, e)
	}
	return all
}

// Find is the entry of a command, or of a flag of a command: some commands have flags of the same name as run, and of another meaning.
func Find(command, flag string) (Entry, bool) {
	wanted := []string{command}
	if flag != "" {
		wanted = []string{command + " " + flag, flag}
	}
	for _, name := range wanted {
		for _, e := range All() {
			if e.Of == name {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// Stage is the chapter: 1 to 7, or final.
func (e Entry) Stage() string {
	first, _, _ := strings.Cut(e.File, "/")
	stage, _, _ := strings.Cut(first, "-")
	return strings.TrimPrefix(stage, "stage")
}

// String is an entry for people.
func (e Entry) String() string {
	text := fmt.Sprintf("%s\n  stage     %s\n  package   %s\n  function  %s, in %s\n", e.Of, e.Stage(), path.Dir(e.File), e.Function, e.File)
	if e.Kernel != "" {
		text += "  kernel    " + e.Kernel + "\n"
	}
	return text + "  man page  " + e.Man + "\n"
}

// Markdown is all entries as a page.
func Markdown() string {
	var out strings.Builder
	out.WriteString("# Where\n\nWhat is behind each flag of `run`, `create`, `exec`, `update`, `network create` and `volume create`, and behind each command.\n" +
		"This page is what `drydock where --markdown` prints; `drydock where --memory` is one line of it.\n\n" +
		"| Flag or command | Stage | Function | Of the kernel | To read |\n|---|---|---|---|---|\n")
	for _, e := range All() {
		fmt.Fprintf(&out, "| `%s` | %s | [%s](../%s) in %s | %s | %s |\n", e.Of, e.Stage(), e.Function, e.File, path.Dir(e.File), e.Kernel, e.Man)
	}
	return out.String()
}

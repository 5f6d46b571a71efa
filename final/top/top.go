// Package top lists the processes of a container, as docker top does.
//
// The problem: the host's ps knows every process, but not which container it is in, and what is to
// be shown of a process are ps's own options. So ps is asked with these, and of what it says are the
// lines kept whose PID is one of the container's cgroup. A host without ps gets the usual columns
// from /proc.
//
// In a shell: ps -ef -q "$(paste -sd, /sys/fs/cgroup/drydock/ID/cgroup.procs)". To read: ps(1),
// proc_pid_stat(5).
package top

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A Table is what docker top shows.
type Table struct {
	Titles    []string
	Processes [][]string // a value for each title
}

// Write writes a table in columns.
func (t Table) Write(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 20, 1, 3, ' ', 0)
	fmt.Fprintln(columns, strings.Join(t.Titles, "\t"))
	for _, process := range t.Processes {
		fmt.Fprintln(columns, strings.Join(process, "\t"))
	}
	return columns.Flush()
}

// usual are the options of ps if none are given.
const usual = "-ef"

// List lists the processes with the given pids of the host, those of them that are still there.
// options are ps's, as on its command line.
func List(pids []int, options []string) (Table, error) {
	words := strings.Join(options, " ")
	if words == "" {
		words = usual
	}
	if err := check(words); err != nil {
		return Table{}, err
	}
	text, err := ps(strings.Split(words, " "), pids)
	if errors.Is(err, exec.ErrNotFound) {
		if words == usual {
			return fromProc(pids)
		}
		return Table{}, fmt.Errorf("ps: %w: install it, procps in Debian, or give no options", err)
	} else if err != nil {
		return Table{}, err
	}
	return parse(text, pids)
}

// check refuses options by which another column than that of the pids would get its title: its
// values would choose what is shown, from all processes of the host.
func check(words string) error {
	renamed := regexp.MustCompile(`\s+([^\s]*)=\s*(PID[^\s]*)`) // a column that ps gets a title for, which begins with PID
	for _, match := range renamed.FindAllStringSubmatch(words, -1) {
		if match[1] != "pid" {
			return fmt.Errorf("specifying \"%s=%s\" is not allowed", match[1], match[2])
		}
	}
	return nil
}

// ps runs ps, for these processes alone if it can: some options do not go with -q.
func ps(options []string, pids []int) (string, error) {
	var numbers []string
	for _, pid := range pids {
		numbers = append(numbers, strconv.Itoa(pid))
	}
	text, err := exec.Command("ps", append(slices.Clone(options), "-q"+strings.Join(numbers, ","))...).Output()
	if err == nil || errors.Is(err, exec.ErrNotFound) {
		return string(text), err
	}
	text, err = exec.Command("ps", options...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if line, _, _ := strings.Cut(string(exit.Stderr), "\n"); line != "" {
			err = errors.New(line)
		}
	}
	if err != nil {
		return "", fmt.Errorf("ps: %w", err)
	}
	return string(text), nil
}

// parse keeps the lines of ps's output that are about the given processes. A line with - for a pid is
// about a thread of the process above.
func parse(text string, pids []int) (Table, error) {
	lines := strings.Split(text, "\n")
	t := Table{Titles: fields(lines[0])}
	column := slices.Index(t.Titles, "PID")
	if column < 0 {
		return Table{}, errors.New("Couldn't find PID field in ps output") //nolint:staticcheck // Docker's words
	}
	ours := false
	for _, line := range lines[1:] {
		values := fields(line)
		if len(values) <= column { // an empty line
			continue
		}
		if values[column] != "-" {
			pid, err := strconv.Atoi(values[column])
			if err != nil {
				return Table{}, fmt.Errorf("Unexpected pid '%s': %w", values[column], err) //nolint:staticcheck // the same
			}
			ours = slices.Contains(pids, pid)
		}
		if ours {
			t.Processes = append(t.Processes, fit(values, len(t.Titles)))
		}
	}
	return t, nil
}

// fields splits at the spaces of ASCII only: a command may have others.
func fields(line string) []string {
	return strings.FieldsFunc(line, func(char rune) bool { return strings.ContainsRune("\t\n\f\r ", char) })
}

// fit makes as many values as there are columns: the last one has spaces in it, or there is none.
func fit(values []string, columns int) []string {
	if len(values) < columns {
		return append(values, make([]string, columns-len(values))...)
	}
	return append(values[:columns-1:columns-1], strings.Join(values[columns-1:], " "))
}

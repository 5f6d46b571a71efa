package kernel

import "strings"

// Quote returns s as one word of a POSIX shell. Words that mean only themselves
// stay as they are, everything else goes between single quotes.
func Quote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_-+=:,./"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// command joins words to a shell command, quoting each.
func command(words ...string) string {
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, Quote(word))
	}
	return strings.Join(quoted, " ")
}

// A flagName is one bit of a flag word with its name in the kernel's headers and
// the option that util-linux has for it.
type flagName struct {
	bit    uintptr
	name   string // MS_RDONLY
	option string // ro
}

// names writes a flag word as C does: MS_NOSUID|MS_NODEV, and 0 if it is empty.
func names(table []flagName, flags uintptr) string {
	var found []string
	for _, f := range table {
		if flags&f.bit == f.bit {
			found = append(found, f.name)
		}
	}
	if len(found) == 0 {
		return "0"
	}
	return strings.Join(found, "|")
}

// options lists the util-linux options of a flag word.
func options(table []flagName, flags uintptr) []string {
	var found []string
	for _, f := range table {
		if flags&f.bit == f.bit && f.option != "" {
			found = append(found, f.option)
		}
	}
	return found
}

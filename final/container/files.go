package container

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Variables are those of files, and then those of the command line. One without a value is as it is here, if it is.
func Variables(files, given []string) (all []string, err error) {
	for _, file := range files {
		some, err := lines(file, os.LookupEnv)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	for _, text := range given {
		name, _, hasValue := strings.Cut(text, "=")
		if name == "" {
			return nil, fmt.Errorf("invalid argument %q for \"-e, --env\" flag: invalid environment variable: %s", text, text)
		}
		if value, isHere := os.LookupEnv(name); !hasValue && isHere {
			text = name + "=" + value
		} else if !hasValue {
			continue
		}
		all = append(all, text)
	}
	return all, nil
}

// labels are those of files, and then those of the command line.
func labels(files, given []string) (map[string]string, error) {
	all := map[string]string{}
	for _, file := range files {
		some, err := lines(file, nil)
		if err != nil {
			return nil, err
		}
		given = append(some, given...)
	}
	for _, text := range given {
		name, value, _ := strings.Cut(text, "=")
		if name == "" {
			return nil, fmt.Errorf("invalid label '%s': empty name", text)
		}
		all[name] = value
	}
	return all, nil
}

// lines reads a file of NAME=VALUE, or NAME, which look then knows. Lines that are empty, or begin with #, say nothing.
func lines(path string, look func(name string) (string, bool)) (all []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimLeftFunc(strings.TrimPrefix(scanner.Text(), "\ufeff"), unicode.IsSpace)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, hasValue := strings.Cut(line, "=")
		switch {
		case !utf8.ValidString(line):
			return nil, fmt.Errorf("env file %s contains invalid utf8 bytes at line %d: %q", path, number, line)
		case name == "":
			return nil, fmt.Errorf("no variable name on line '%s'", line)
		case strings.ContainsFunc(name, unicode.IsSpace):
			return nil, fmt.Errorf("variable '%s' contains whitespaces", name)
		case hasValue:
			all = append(all, line)
			continue
		case look == nil:
			continue
		}
		if value, isHere := look(name); isHere {
			all = append(all, name+"="+value)
		}
	}
	return all, scanner.Err()
}

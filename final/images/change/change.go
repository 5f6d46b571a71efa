// Package change reads the instructions of a Dockerfile that change how an image's containers start, without a Dockerfile: those
// of docker commit --change.
//
// The problem: a container that somebody has set up by hand becomes an image, and is to start another program than the shell that
// he has used.
//
//	CMD ["nginx", "-g", "daemon off;"]     a list of words is JSON
//	CMD nginx                              all else is for a shell
//	ENV A=1 B="two words"                  words, in quotes if need be
//
// To read: docker-commit(1) on --change; docs.docker.com on the Dockerfile.
package change

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"drydock/final/images/show"
	"drydock/final/networks/publish"
)

// Apply changes how an image's containers start, as instructions say. Another entrypoint does not want the arguments that were there for
// the one before.
func Apply(c *show.Config, instructions []string) error {
	hasCommand := false
	for _, instruction := range instructions {
		word, err := apply(c, instruction)
		if err != nil {
			return err
		}
		hasCommand = hasCommand || word == "CMD"
		if word == "ENTRYPOINT" && !hasCommand {
			c.Cmd = nil
		}
	}
	return nil
}

// apply does one, and returns its first word.
func apply(c *show.Config, instruction string) (word string, err error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(instruction), " ")
	word, rest = strings.ToUpper(word), strings.TrimSpace(rest)
	change, isKnown := known[word]
	switch {
	case !isKnown:
		return word, fmt.Errorf("%s is not a valid change command", word)
	case rest == "":
		return word, fmt.Errorf("%s requires at least one argument", word)
	}
	return word, change(c, rest)
}

// known are the instructions that there are.
var known = map[string]func(c *show.Config, rest string) error{
	"CMD": func(c *show.Config, rest string) error { c.Cmd = command(c, rest); return nil },
	"ENTRYPOINT": func(c *show.Config, rest string) error {
		c.Entrypoint = command(c, rest)
		return nil
	},
	"ENV":         setVariables,
	"EXPOSE":      expose,
	"HEALTHCHECK": check,
	"LABEL":       setLabels,
	"ONBUILD":     onBuild,
	"STOPSIGNAL":  func(c *show.Config, rest string) error { c.StopSignal = rest; return nil },
	"USER":        func(c *show.Config, rest string) error { c.User = rest; return nil },
	"VOLUME":      addVolumes,
	"WORKDIR":     setDir,
}

// list reads a list of words in JSON, if it is one.
func list(text string) (words []string, isList bool) {
	if !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &words) != nil {
		return nil, false
	}
	return words, true
}

// command is a program with its arguments: a list, or a line for the shell.
func command(c *show.Config, text string) []string {
	if words, isList := list(text); isList {
		return words
	}
	shell := c.Shell
	if len(shell) == 0 {
		shell = []string{"/bin/sh", "-c"}
	}
	return append(slices.Clone(shell), text)
}

// pairs reads NAME=VALUE, or as Docker had it once, one NAME VALUE.
func pairs(instruction, text string) (all [][2]string, err error) {
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(words[0], "=") {
		name, value, found := strings.Cut(text, " ")
		if !found {
			return nil, fmt.Errorf("%s must have two arguments", instruction)
		}
		return [][2]string{{name, strings.TrimSpace(value)}}, nil
	}
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return nil, fmt.Errorf("syntax error - can't find = in %q. Must be of the form: name=value", word)
		case name == "":
			return nil, fmt.Errorf("%s names can not be blank", instruction)
		}
		all = append(all, [2]string{name, value})
	}
	return all, nil
}

// split parts words at spaces, but not in quotes nor behind a backslash, and takes these away.
func split(text string) (words []string, err error) {
	var word strings.Builder
	var quote rune
	escaped, begun := false, false
	for _, char := range text {
		switch {
		case escaped:
			if quote == '"' && char != '"' && char != '\\' && char != '$' {
				word.WriteRune('\\')
			}
			word.WriteRune(char)
			escaped = false
		case char == '\\' && quote != '\'':
			escaped, begun = true, true
		case char == quote:
			quote = 0
		case quote == 0 && (char == '"' || char == '\''):
			quote, begun = char, true
		case quote == 0 && (char == ' ' || char == '\t' || char == '\n'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(char)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("unexpected end of statement while looking for matching %c-quote", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

func setVariables(c *show.Config, text string) error {
	all, err := pairs("ENV", text)
	for _, pair := range all {
		variable := pair[0] + "=" + pair[1]
		same := func(other string) bool { return strings.HasPrefix(other, pair[0]+"=") }
		if i := slices.IndexFunc(c.Env, same); i >= 0 {
			c.Env[i] = variable
		} else {
			c.Env = append(c.Env, variable)
		}
	}
	return err
}

func setLabels(c *show.Config, text string) error {
	all, err := pairs("LABEL", text)
	for _, pair := range all {
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[pair[0]] = pair[1]
	}
	return err
}

func expose(c *show.Config, text string) error {
	for word := range strings.FieldsSeq(text) {
		port, _, _ := strings.Cut(word, "/")
		if strings.Trim(port, "0123456789-") != "" {
			return fmt.Errorf("invalid containerPort: %s", port)
		}
		ports, err := publish.Values{Expose: []string{word}}.Exposed(nil)
		if err != nil {
			return err
		}
		for _, p := range ports {
			if c.ExposedPorts == nil {
				c.ExposedPorts = map[string]struct{}{}
			}
			c.ExposedPorts[fmt.Sprintf("%d/%s", p.Container, p.Protocol)] = struct{}{}
		}
	}
	return nil
}

func addVolumes(c *show.Config, text string) error {
	places, isList := list(text)
	if !isList {
		places = strings.Fields(text)
	}
	for _, place := range places {
		if strings.TrimSpace(place) == "" {
			return errors.New("VOLUME specified can not be an empty string")
		}
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		c.Volumes[place] = struct{}{}
	}
	return nil
}

// setDir sets the directory in which the program starts. One that is relative is so to the one before.
func setDir(c *show.Config, text string) error {
	if !path.IsAbs(text) {
		text = path.Join("/", c.WorkingDir, text)
	}
	c.WorkingDir = path.Clean(text)
	return nil
}

func onBuild(c *show.Config, text string) error {
	switch word, _, _ := strings.Cut(text, " "); strings.ToUpper(word) {
	case "ONBUILD":
		return errors.New("chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
	case "MAINTAINER", "FROM":
		return fmt.Errorf("%s isn't allowed as an ONBUILD trigger", strings.ToUpper(word))
	}
	c.OnBuild = append(c.OnBuild, text)
	return nil
}

package arch

import (
	"bytes"
	"fmt"
	"strings"
)

// unwanted are words that no file may hold, each with the reason. They are written in
// two halves, so that this file does not hold them either.
var unwanted = map[string]string{
	"/work/" + "main":          "a path of one machine means nothing on another",
	"/work/" + "shared":        "a path of one machine means nothing on another",
	"/work/" + ".library":      "a path of one machine means nothing on another",
	"proxy.golang" + ".org":    "which registry serves a module is the user's own configuration",
	"sum.golang" + ".org":      "which registry vouches for a module is the user's own configuration",
	"deb.debian" + ".org":      "which mirror serves a package is the user's own configuration",
	"security.debian" + ".org": "which mirror serves a package is the user's own configuration",
	"registry.npmjs" + ".org":  "which registry serves a package is the user's own configuration",
}

// Text is the rule of what is in no file: the line ends of another system, and words
// that hold on one machine only.
func Text(root string) ([]string, error) {
	var problems []string
	err := walk(root, func(name string, text []byte) error {
		if bytes.IndexByte(text, 0) >= 0 {
			return nil // not text
		}
		raw := strings.Contains(name, "/testdata/raw/") // see .gitattributes
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if strings.HasSuffix(line, "\r\n") && !raw {
				problems = append(problems, fmt.Sprintf("%s:%d: ends with CR LF: "+
					"scripts run in a Linux VM and transcripts are compared byte by byte", name, number))
				break
			}
		}
		for word, reason := range unwanted {
			if bytes.Contains(text, []byte(word)) {
				problems = append(problems, fmt.Sprintf("%s: contains %q: %s", name, word, reason))
			}
		}
		return nil
	})
	return problems, err
}

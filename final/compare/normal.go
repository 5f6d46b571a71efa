package compare

import (
	"regexp"
	"strings"
)

// A rule replaces what can be no two times the same.
type rule struct {
	pattern *regexp.Regexp
	by      string
}

func rules(pairs ...string) []rule {
	var all []rule
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, rule{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return all
}

var (
	// What differs between two runs of the same tool.
	everywhere = rules(
		`\b[0-9a-f]{64}\b`, "ID64",
		`\b[0-9a-f]{12}\b`, "ID12",
		`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d))?( UTC)?`, "TIME",
		`\b1\d{9}(\d{9})?\b`, "TIME",
		`\b(Less than a second|About an? (minute|hour)|\d+ (second|minute)s?)\b`, "SPAN",
		`\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b`, "MAC",
		`(\S) {2,}`, "$1  ", // columns are as wide as what was replaced
	)
	// What depends on how a tool stores.
	sizes = rules(`\b\d+(\.\d+)?[kMG]i?B\b`, "SIZE")
	// Docker is called something else.
	names = rules(
		`'docker\b`, "'drydock",
		`(?m)^(Usage: )?([ \t]+)docker\b`, "${1}${2}drydock",
		`\ba docker command\b`, "a drydock command",
		`unknown command: docker\b`, "unknown command: drydock",
	)
	// Between Docker and the container are containerd, its shim and runc, and each of them adds its words.
	between = rules(
		`failed to create task for container: (failed to create shim task: )?`, "",
		`OCI runtime (create|exec) failed: (runc create failed: |exec failed: )?`, "",
		`unable to start container process: (error during container init: )?`, "",
		`(?m): unknown(: permission denied)?$`, "",
	)
	// Docker says of some errors that they are its own, and of some that they are the daemon's. There is no daemon here,
	// and all are ours.
	theirPrefix = rules(`(?m)^(docker: )?(Error response from daemon: |Error: )?`, "")
	ourPrefix   = rules(`(?m)^drydock: (Error: )?`, "")
)

func replace(text string, rules []rule) string {
	for _, r := range rules {
		text = r.pattern.ReplaceAllString(text, r.by)
	}
	return text
}

// normal returns what a line that ran in the folder printed to stdout, without what has to differ.
func normal(text, dir string) string { return replace(normalError(text, dir), sizes) }

// normalError does the same for stderr, where a size is one to be kept to.
func normalError(text, dir string) string {
	return replace(strings.ReplaceAll(text, dir, "DIR"), everywhere)
}

// translated is what Drydock has to answer where Docker answered this.
func translated(docker answer) answer {
	docker.Stdout = replace(docker.Stdout, names)
	docker.Stderr = replace(replace(replace(docker.Stderr, theirPrefix), between), names)
	return docker
}

// plain is our answer without the prefix of its errors.
func plain(ours answer) answer {
	ours.Stderr = replace(replace(ours.Stderr, ourPrefix), between)
	return ours
}

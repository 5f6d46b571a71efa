package compare

import (
	"fmt"
	"strings"
)

// inForce is whether Drydock has to answer as Docker does. Until it is, what differs is only shown.
const inForce = false

// A difference is lines in which Drydock does not answer what Docker does, and why.
type difference struct {
	why   string
	lines []string // SECTION: LINE
}

// differences are all there are: one that is none any more has to go.
var differences = []difference{}

// reasons returns why a line differs, by its key.
func reasons(all []difference) map[string]string {
	why := map[string]string{}
	for _, d := range all {
		for _, key := range d.lines {
			why[key] = d.why
		}
	}
	return why
}

// document returns docs/differences.md.
func document(all []difference, lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Where Drydock's answers differ from Docker's

%d command lines are asked of Docker 29 and of Drydock: they are in final/compare/testdata/cases. Exit code, stdout
and stderr are the same, but for ids, times, sizes and the name of the program. Where Docker's errors begin with
"docker:", "Error response from daemon:", both or nothing, ours begin with "drydock:", and may go on, with what can be
done about it; what containerd, its shim and runc add to Docker's is left out. The lines below differ, on purpose.
The list is written from final/compare/differences.go, and a test keeps it true.
`, lines)
	for _, d := range all {
		fmt.Fprintf(&b, "\n- %s\n\n", d.why)
		for _, key := range d.lines {
			_, text, _ := strings.Cut(key, ": ")
			fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(text, "$D", "drydock"))
		}
	}
	return b.String()
}

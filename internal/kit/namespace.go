package kit

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdSame(ts *testscript.TestScript, _ *script, args []string) {
	eachNamespace(ts, "same", args, func(kind, one, other string) {
		if one != other {
			ts.Fatalf("%s namespaces differ: %s and %s", kind, one, other)
		}
	})
}

func cmdDiffer(ts *testscript.TestScript, _ *script, args []string) {
	eachNamespace(ts, "differ", args, func(kind, one, other string) {
		if one == other {
			ts.Fatalf("%s namespaces are the same: %s", kind, one)
		}
	})
}

// eachNamespace calls check with the two processes' namespaces of every kind, as the
// kernel names them: net:[4026531840]. See namespaces(7).
func eachNamespace(ts *testscript.TestScript, name string, args []string, check func(kind, one, other string)) {
	if len(args) < 3 {
		ts.Fatalf("usage: %s kind... pid1 pid2", name)
	}
	read := func(pid, kind string) string {
		if pid == "self" {
			pid = "thread-self" // the script's network is its thread's alone
		}
		link, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
		ts.Check(err)
		return link
	}
	kinds, pids := args[:len(args)-2], args[len(args)-2:]
	for _, kind := range kinds {
		check(kind, read(pids[0], kind), read(pids[1], kind))
	}
}

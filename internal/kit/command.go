package kit

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// commands returns the kit's commands in the form testscript takes. None can be
// negated: a status that must not be 0 is said exactly.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, *script, []string){
		"status": cmdStatus,
		"start":  cmdStart,
		"signal": cmdSignal,
		"finish": cmdFinish,
		"gone":   cmdGone,
		"same":   cmdSame,
		"differ": cmdDiffer,
		"until":  cmdUntil,
		"repeat": cmdRepeat,
		"needs":  cmdNeeds,
		"serve":  cmdServe,
		"hush":   cmdHush,
		"ask":    cmdAsk,

		"terminal": cmdTerminal,
		"type":     cmdType,
		"screen":   cmdScreen,
		"resize":   cmdResize,
		"cooked":   cmdCooked,
	}
	wrapped := map[string]func(*testscript.TestScript, bool, []string){}
	for name, run := range all {
		wrapped[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("unsupported: ! %s", name)
			}
			run(ts, ts.Value(scriptKey{}).(*script), args)
		}
	}
	return wrapped
}

// cmdStatus runs a command by testscript itself, which gives it the stdin and the
// terminal that earlier lines set, and takes its output for stdout and stderr.
func cmdStatus(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) < 2 || !isStatus(args[0]) {
		ts.Fatalf("usage: status N|SIGNAME cmd args...")
	}
	// A process that outlives the command and holds its output would keep us
	// waiting: end whatever runs.
	var late atomic.Bool
	timer := time.AfterFunc(sc.limit, func() {
		late.Store(true)
		sc.kill()
	})
	err := ts.Exec(args[1], args[2:]...)
	timer.Stop()
	if late.Load() {
		ts.Fatalf("it, or something it left holding its output, still ran after %v", sc.limit)
	}
	checkStatus(ts, err, args[0])
}

func cmdStart(ts *testscript.TestScript, sc *script, args []string) {
	text := ""
	if len(args) > 2 && args[0] == "-wait" {
		text, args = args[1], args[2:]
	}
	if len(args) < 2 || !isName(args[0]) {
		ts.Fatalf("usage: start [-wait text] name cmd args...")
	}
	name, args := args[0], args[1:]
	if sc.programs[name] != nil {
		ts.Fatalf("%s is already started", name)
	}
	p, err := startProgram(prepare(ts, args).command())
	ts.Check(err)
	sc.programs[name] = p
	ts.Setenv(name, strconv.Itoa(p.cmd.Process.Pid))
	if sc.isTested(args) {
		ts.Setenv(name+"_INIT", sc.awaitInit(ts, name, p))
	}
	if text == "" {
		return
	}
	said := func() bool { return strings.Contains(p.stdout.String(), text) }
	poll(sc.limit, func() bool { return said() || p.ended() })
	if !said() {
		p.show(ts)
		ts.Fatalf("%s did not print %q", name, text)
	}
}

func cmdSignal(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: signal SIG name|pid")
	}
	sig := unix.SignalNum("SIG" + strings.TrimPrefix(args[0], "SIG"))
	if sig == 0 {
		ts.Fatalf("unknown signal %s", args[0])
	}
	if p := sc.programs[args[1]]; p != nil {
		ts.Check(p.cmd.Process.Signal(sig))
		return
	}
	pid, err := strconv.Atoi(args[1])
	if err != nil || pid <= 1 {
		ts.Fatalf("%q is neither a started program nor a pid", args[1])
	}
	ts.Check(unix.Kill(pid, sig))
}

func cmdFinish(ts *testscript.TestScript, sc *script, args []string) {
	want := "0"
	if len(args) == 2 {
		want = args[1]
	}
	if len(args) < 1 || len(args) > 2 || !isStatus(want) {
		ts.Fatalf("usage: finish name [N|SIGNAME]")
	}
	p := sc.programs[args[0]]
	if p == nil {
		ts.Fatalf("%s is not started", args[0])
	}
	select {
	case <-p.done:
	case <-time.After(sc.limit):
		p.show(ts)
		ts.Fatalf("%s still runs after %v", args[0], sc.limit)
	}
	delete(sc.programs, args[0])
	if p.terminal != nil {
		p.terminal.master.Close()
	}
	p.show(ts)
	checkStatus(ts, p.err, want)
}

func cmdGone(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: gone pid")
	}
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%q is not a pid", args[0])
	}
	if !poll(sc.limit, func() bool { return gone(pid) }) {
		ts.Fatalf("process %d is still there after %v: %s", pid, sc.limit, commandLine(pid))
	}
	for _, p := range sc.programs {
		if p.cmd.Process.Pid == pid {
			return // somebody waits for it already
		}
	}
	_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil) // or it is no child that we have inherited
}

func cmdUntil(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: until cmd args...")
	}
	l := prepare(ts, args)
	var last *program
	ok := poll(sc.limit, func() bool {
		last = l.run(ts, sc.limit)
		return last.err == nil
	})
	last.show(ts)
	if !ok {
		ts.Fatalf("it did not succeed in %v; the last status was %s", sc.limit, statusOf(last.err))
	}
}

func cmdRepeat(ts *testscript.TestScript, sc *script, args []string) {
	n := 0
	if len(args) > 1 {
		n, _ = strconv.Atoi(args[0]) // 0 if it is no number
	}
	if n < 1 {
		ts.Fatalf("usage: repeat N cmd args...")
	}
	l := prepare(ts, args[1:])
	for i := range n {
		p := l.run(ts, sc.limit)
		if p.err != nil {
			p.show(ts)
			ts.Fatalf("run %d of %d: status %s", i+1, n, statusOf(p.err))
		}
		if i == n-1 {
			p.show(ts)
		}
	}
}

func cmdNeeds(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: needs feature")
	}
	ok, err := have(args[0])
	ts.Check(err)
	if !ok {
		skip(sc.t, "this host has no "+args[0])
	}
}

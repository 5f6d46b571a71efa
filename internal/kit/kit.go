// Package kit runs a stage's kernel tests: scripts that read as documents, and
// the transcripts of its chapter.
//
// A program that makes containers can only be believed when the kernel itself is
// asked: which namespaces a process is in, what is mounted, which processes are
// left. The kit is a thin layer over testscript with commands that ask, and with
// a snapshot of the machine around every script, so that nothing a program leaves
// behind goes unnoticed. A stage folder uses it so:
//
//	func TestKernel(t *testing.T) { kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "stage1"}) }
//	func TestKernelChapter(t *testing.T) { kit.Transcripts(t, "README.md") }
//	func TestExcerpts(t *testing.T) { kit.Excerpts(t, "README.md") }
//
// The program under test is a real binary, called in scripts by its name:
// ../bin/NAME beside the module's folder, or the one that $BIN names. Every other
// program in ../bin is on the scripts' PATH too.
//
// A script runs as root, alone, with a network namespace, a state root
// ($DRYDOCK_ROOT) and a busybox root to run containers on ($ROOTFS) of its own, and
// the programs make their cgroups below a directory of its own ($CGROUP). $SCRIPTS is the
// folder of the scripts. $LONG, if it is set, has those that could go on for ever do so for longer.
// Besides testscript's own commands it has these:
//
//	status N CMD…              run CMD; its exit status must be N, or the signal
//	                           that killed it (SIGKILL). Reads what stdin FILE set.
//	start [-wait TEXT] NAME CMD…
//	                           start CMD in the background; its pid is in $NAME. If
//	                           it runs the program under test, $NAME_INIT is the
//	                           process this has made, once that runs a program of
//	                           its own: the container's PID 1, by its pid on the
//	                           host. With -wait, until CMD has printed TEXT.
//	signal SIG NAME|PID        send a signal: signal TERM box
//	finish NAME [N]            wait until it ends; its status must be N (default 0)
//	gone PID                   wait until the process is gone (or a zombie)
//	same KIND… PID1 PID2       the two are in the same namespaces of these kinds
//	differ KIND… PID1 PID2     they are in another one each; self is the script
//	until CMD…                 run CMD again and again until it succeeds
//	repeat N CMD…              run CMD N times; every run must succeed
//	serve NAME PID tcp|udp PORT
//	                           answer at a port of the process's network, without a
//	                           program there: "NAME hears ADDRESS". hush NAME ends it
//	ask PID tcp|udp ADDRESS:PORT
//	                           ask from the process's network, and print the answer,
//	                           the error, or "no answer"; self is the script. By UDP
//	                           it may be from a port: ask PID udp ADDRESS:PORT PORT
//	terminal [-init] NAME CMD…
//	                           start CMD on a terminal of 24 rows and 80 columns; with
//	                           -init, $NAME_INIT is as with start
//	type NAME KEYS             type there: 'echo hello\r', or '\x03' for Ctrl-C
//	screen NAME REGEXP         wait until that is printed on it, after what the screen
//	                           before has found
//	resize NAME ROWS COLUMNS   give its window another size
//	cooked NAME                wait until it echoes and collects lines again
//	needs FEATURE              skip on a host without the feature: userns,
//	                           kernel:6.1 (or newer), cgroup2:CONTROLLER, command:NAME.
//	                           [feature:…] and [kernel:6.1] are conditions, and
//	                           [later] where a later stage's program is tested.
//
// stdout, stderr and cmp look at the output of status, finish, until, repeat and ask as
// they do after exec. Every wait has a deadline. In the VM ($DRYDOCK_VM=1), and
// with $DRYDOCK_NO_SKIP=1, a skip is a failure.
package kit

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A Suite is a folder of scripts about one program.
type Suite struct {
	Dir string // the scripts, *.txtar
	Bin string // the name of the program under test

	// A later stage has to pass the scripts of an earlier one: As is then the program
	// that scripts get when they call Bin, and Except has the names of those that are
	// not for it, each with the reason.
	As     string
	Also   []string          // programs of still earlier stages that scripts call, and get As
	Run    []string          // further flags of As's command run, to be what Bin's is
	Words  map[string]string // what other commands, of one or two words, are for As: "load -i" for "load"; "" leaves one to its own stage
	Except map[string]string

	// After are a shell's commands that take away what is meant to stay: they run in the
	// network of each script when it has ended.
	After string

	limit  time.Duration // of every wait; waitLimit if zero
	settle time.Duration // how long the machine may take to be as before; 5 s if zero
}

// Run runs every script of the suite, one after the other.
func Run(t *testing.T, s Suite) {
	t.Helper()
	needRoot(t)
	bin, err := s.find()
	if err != nil {
		t.Fatal(err)
	}
	files, err := s.scripts()
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	base := workFolder(t)
	links := filepath.Join(base, "bin")
	if err := os.Mkdir(links, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{s.Bin}, s.Also...) {
		if err := s.link(bin, filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	params := testscript.Params{
		Files:       files,
		WorkdirRoot: base,
		Cmds:        commands(),
		Condition:   s.condition,
		Setup: func(env *testscript.Env) error {
			sc := env.T().(scriptT).script
			env.Vars = append(env.Vars, sc.place.env(links)...)
			env.Vars = append(env.Vars, "SCRIPTS="+scripts)
			env.Values[scriptKey{}] = sc
			return nil
		},
	}
	if deadline, ok := t.Deadline(); ok {
		params.Deadline = deadline
	}
	model := script{
		name:  s.Bin,
		bin:   bin,
		clear: s.After,
		limit: cmp.Or(s.limit, waitLimit()), settle: cmp.Or(s.settle, settleTime),
	}
	testscript.RunT(scriptT{T: t, base: base, script: &model}, params)
}

// link has scripts find the program by its name.
func (s Suite) link(bin, name string) error {
	if s.Run == nil && s.Words == nil {
		return os.Symlink(bin, name)
	}
	words := maps.Clone(s.Words)
	if words == nil {
		words = map[string]string{}
	}
	words["run"] = strings.Join(append([]string{"run"}, s.Run...), " ")
	var b strings.Builder
	b.WriteString("#!/bin/sh\n[ \"$1\" != --root ] || { export DRYDOCK_ROOT=\"$2\"; shift 2; }\ncase \"$1 $2 \" in\n")
	for _, command := range slices.Backward(slices.Sorted(maps.Keys(words))) { // "run --keep" before "run"
		to := bin + " " + words[command]
		if words[command] == "" {
			to = filepath.Join(filepath.Dir(bin), filepath.Base(name)) + " " + command
		}
		fmt.Fprintf(&b, "'%s '*) shift %d; exec %s \"$@\" ;;\n", command, len(strings.Fields(command)), to)
	}
	fmt.Fprintf(&b, "esac\nexec %s \"$@\"\n", bin)
	return os.WriteFile(name, []byte(b.String()), 0o755) //nolint:gosec // a program
}

// scripts returns the files of the suite's scripts. An exception that is not there any
// more is an error.
func (s Suite) scripts() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(s.Dir, "*.txtar"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no scripts in %s", s.Dir)
	}
	for name := range s.Except {
		file := filepath.Join(s.Dir, name+".txtar")
		if !slices.Contains(files, file) {
			return nil, fmt.Errorf("the excepted script %s does not exist", file)
		}
		files = slices.DeleteFunc(files, func(f string) bool { return f == file })
	}
	return files, err
}

// find returns the path of the program under test.
func (s Suite) find() (string, error) {
	path := os.Getenv("BIN")
	if path == "" {
		bin, err := binFolder()
		if err != nil {
			return "", err
		}
		path = filepath.Join(bin, cmp.Or(s.As, s.Bin))
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("find the program under test: %w; run make build", err)
	}
	return path, nil
}

// binFolder returns bin, which lies beside the folder of the module whose tests run.
func binFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "bin"), nil
		}
		if dir == "/" {
			return "", fmt.Errorf("find bin: no go.mod above %s", start)
		}
	}
}

// A script is what the commands of one running script share.
type script struct {
	t        *testing.T
	name     string        // the program under test, as scripts call it
	bin      string        // its file
	clear    string        // what takes away what is meant to stay
	limit    time.Duration // of every wait
	settle   time.Duration // of the wait for the machine to be as before
	place    place
	programs map[string]*program // those that start started and finish has not seen
	servers  map[string][]io.Closer
}

type scriptKey struct{}

// scriptT is the test as testscript sees it: scripts run one after the other,
// each enclosed in a place of its own, and a skip goes through the kit's rule.
type scriptT struct {
	*testing.T
	base   string
	script *script
}

// Parallel does nothing: the snapshots around two scripts would see each other.
func (t scriptT) Parallel() {}

// Verbose is false, so that a log shows the phases, and commands only where one fails.
func (t scriptT) Verbose() bool { return false }

// Skip skips the script, where skipping is allowed.
func (t scriptT) Skip(reason ...any) { skip(t.T, fmt.Sprint(reason...)) }

// Run runs one script.
func (t scriptT) Run(name string, run func(testscript.T)) {
	t.T.Run(name, func(tt *testing.T) {
		sc := *t.script
		sc.t, sc.programs, sc.servers = tt, map[string]*program{}, map[string][]io.Closer{}
		enclose(tt, filepath.Join(t.base, "script-"+name), fmt.Sprintf("%s-%d", parentGroup, os.Getpid()), sc.settle, func(p place) {
			sc.place = p
			defer sc.after()
			defer sc.end()
			run(scriptT{T: tt, base: t.base, script: &sc})
		})
	})
}

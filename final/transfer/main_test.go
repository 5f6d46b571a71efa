package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"drydock/final/transfer/testimage"
	"drydock/final/transfer/testregistry"
)

// TestMain lets tests start this program as the tool itself, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("DRYDOCK_TRANSFER_TEST") == "1" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) //nolint:forbidigo // as main does
	}
	os.Exit(m.Run()) //nolint:forbidigo // as without TestMain
}

// tool is a process of the tool, with a state root.
func tool(t testing.TB, root string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "DRYDOCK_TRANSFER_TEST=1", "DRYDOCK_ROOT="+root, "DOCKER_CONFIG="+filepath.Join(root, "docker"))
	return cmd
}

// does runs the tool in this process, and returns all that it prints and its exit code.
func does(t testing.TB, root, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(append([]string{"--root", root}, args...), strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), code
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWords compares lines with those of docker 29: its words, behind our name.
func TestWords(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	root := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"pull", "there are arguments missing: drydock pull [FLAG…] NAME[:TAG|@DIGEST]"},
		{"pull a b", `"b" is one argument too many: drydock pull [FLAG…] NAME[:TAG|@DIGEST]`},
		{"pull --bad x", "unknown flag: --bad"},
		{"pull A:b", "invalid reference format: repository name (library/A) must be lowercase"},
		{"pull -a box:latest", "tag can't be used with --all-tags/-a"},
		{"--insecure-registry 10.0.0.0/8 pull box", `invalid argument "10.0.0.0/8" for "--insecure-registry" flag: give HOST or HOST:PORT`},
		{"--insecure-registry http://h:5000 pull box", `invalid argument "http://h:5000" for "--insecure-registry" flag: give HOST or HOST:PORT`},
		{"--insecure-registry=h:5000 --insecure-registry=[::1]:5000 save none", "no such image: none:latest"},
		{"push box:x:y", "invalid reference format"},
		{"push -a box:x", "tag can't be used with --all-tags/-a"},
		{"push -q box@sha256:" + strings.Repeat("0", 64), "cannot push a digest reference"},
		{"push -q box", "An image does not exist locally with the tag: box"},
		{"push -qa box", "an image does not exist locally with the tag: box"},
		{"pull -q --platform foo box", `"foo": unknown operating system or architecture`},
		{"load -i /none", "open /none: no such file or directory"},
		{"load", "load: unrecognized image format: it has neither manifest.json nor index.json"},
		{"save", "there are arguments missing: drydock save [FLAG…] IMAGE…"},
		{"save box", "no such image: box:latest"},
		{"login -u a --password-stdin -p x", "conflicting options: cannot specify both --password and --password-stdin"},
		{"login --password-stdin", "the --password-stdin option requires --username to be set"},
		{"login -u a --password-stdin", "password is empty"},
		{"login -u a", "cannot perform an interactive login from a non-TTY device: use --username with --password-stdin"},
		{"logout a b", `"b" is one argument too many: drydock logout [SERVER]`},
	} {
		_, stderr, code := does(t, root, "", strings.Fields(c.args)...)
		if d := cmp.Diff("drydock: "+c.want+"\n", stderr); d != "" || code != 1 {
			t.Error(c.args, code, d)
		}
	}
	for _, args := range []string{"", "help", "pull --help", "push -h", "load --help", "save --help", "login --help", "logout --help"} {
		if stdout, _, code := does(t, root, "", strings.Fields(args)...); code != 0 || !strings.HasPrefix(stdout, "Usage: ") {
			t.Errorf("%s: %d %s", args, code, stdout)
		}
	}
	if _, stderr, code := does(t, root, "", "frob"); code != 1 || !strings.Contains(stderr, "'frob' is not a drydock-transfer command") {
		t.Error(code, stderr)
	}
}

// TestEscapes: a registry words its own errors, but does not write to the terminal.
func TestEscapes(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	r := testregistry.New(t)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"errors":[{"code":"DENIED","message":"\u001b[2Jgone\nLogin Succeeded\r"}]}`))
	})
	_, stderr, code := does(t, t.TempDir(), "", "pull", r.Host+"/box")
	if strings.ContainsAny(stderr, "\x1b\r") || !strings.Contains(stderr, "\ndrydock: Login Succeeded\\r") || code != 1 {
		t.Errorf("%d %q", code, stderr)
	}
}

// TestSaveAndLoad goes through files.
func TestSaveAndLoad(t *testing.T) {
	from, to, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "x.tar")
	end := strings.Repeat("\x00", 1024) // of a tar file, and so all of an empty one
	testimage.Add(t, testimage.Store(t, from), "box", end)
	nameless := testimage.Add(t, testimage.Store(t, from), "", end+end)
	if _, stderr, code := does(t, from, "", "save", "-o", file, "box", nameless.ShortID()); code != 0 {
		t.Fatal(stderr)
	}
	stdout, stderr, code := does(t, to, "", "load", "-i", file)
	if d := cmp.Diff("Loaded image: box:latest\nLoaded image ID: "+nameless.ID().String()+"\n", stdout); d != "" || code != 0 {
		t.Error(d, stderr)
	}
	if _, stderr, code := does(t, from, "", "save", "-o", file, "none"); code != 1 {
		t.Error(code, stderr)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("an archive that fails changes something: %v, %v", left, err)
	}
	archive, _, code := does(t, from, "", "save", "box")
	if stdout, stderr, again := does(t, t.TempDir(), archive, "load", "-q"); stdout != "Loaded image: box:latest\n" || code+again != 0 {
		t.Error(stdout, stderr)
	}
}

// TestStopUnpacking: whoever presses Ctrl-C need not wait until a layer is unpacked.
func TestStopUnpacking(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stoppedError{unix.SIGINT})
	blob := strings.NewReader(strings.Repeat("\x00", 1024))
	if _, err := (call{ctx: ctx}).apply(blob, t.TempDir()); !errors.Is(err, stoppedError{unix.SIGINT}) {
		t.Error(err)
	}
}

// guarded is a registry that wants a password.
func guarded(t *testing.T) *testregistry.Registry {
	t.Helper()
	r := testregistry.New(t)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if user, password, _ := request.BasicAuth(); user+password != "mesecret" {
			w.Header().Set("Www-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, request)
	})
	return r
}

// TestLogin goes in and out: what is wrong is not stored, and what is stored is used.
func TestLogin(t *testing.T) {
	r, dir, root := guarded(t), t.TempDir(), t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	testimage.Add(t, testimage.Store(t, root), r.Host+"/box", "one")
	push := func() (string, int) {
		_, stderr, code := does(t, root, "", "push", "-q", r.Host+"/box")
		return stderr, code
	}
	if stderr, code := push(); code != 1 || !strings.Contains(stderr, "push access denied for box, repository does not exist or may require authorization: ") {
		t.Error(code, stderr)
	}
	_, stderr, code := does(t, root, "", "login", "-u", "me", "-p", "wrong", r.Host)
	want := "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\ndrydock: login attempt to http://" + r.Host + "/v2/ failed with status: 401 Unauthorized\n"
	if d := cmp.Diff(want, stderr); d != "" || code != 1 {
		t.Error(code, d)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	stdout, stderr, code := does(t, root, "secret\n", "login", "-u", "me", "--password-stdin", r.Host)
	want = "\nWARNING! Your credentials are stored unencrypted in '" + dir + "/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n"
	if d := cmp.Diff([]any{"Login Succeeded\n", want, 0}, []any{stdout, stderr, code}); d != "" {
		t.Error(d)
	}
	if stderr, code := push(); code != 0 {
		t.Error(code, stderr)
	}
	if stdout, stderr, code := does(t, root, "", "login", r.Host); stdout != "Login Succeeded\n" || code != 0 {
		t.Error(stdout, stderr)
	}
	stdout, _, code = does(t, root, "", "logout", r.Host)
	if d := cmp.Diff("Removing login credentials for "+r.Host+"\n", stdout); d != "" || code != 0 {
		t.Error(code, d)
	}
	if stderr, code := push(); code != 1 {
		t.Error(code, stderr)
	}
	var left map[string]any
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &left))
	if d := cmp.Diff(map[string]any{"auths": map[string]any{}}, left); d != "" {
		t.Error(d)
	}
}

// TestNoHelper: what needs no password goes on without the program that keeps it, and says so; to
// log in does not.
func TestNoHelper(t *testing.T) {
	r, dir, root := testregistry.New(t), t.TempDir(), t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"credsStore":"none"}`), 0o600))
	testimage.Add(t, testimage.Store(t, root), r.Host+"/box", "one")
	missing := `exec: "docker-credential-none": executable file not found in $PATH: install it, or take it out of config.json` + "\n"
	_, stderr, code := does(t, root, "", "push", "-q", r.Host+"/box")
	if d := cmp.Diff("drydock: warning: going on without a password: "+missing, stderr); d != "" || code != 0 {
		t.Error(code, d)
	}
	_, stderr, code = does(t, root, "secret", "login", "-u", "me", "--password-stdin", r.Host)
	if d := cmp.Diff("drydock: error saving credentials: "+missing, stderr); d != "" || code != 1 {
		t.Error(code, d)
	}
}

// TestSignals: told to stop while something is on its way, the tool ends as the shell expects, at
// once, and leaves nothing half.
func TestSignals(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	r := testregistry.New(t)
	from := t.TempDir()
	testimage.Add(t, testimage.Store(t, from), r.Host+"/box", strings.Repeat("content ", 1<<14))
	if _, stderr, code := does(t, from, "", "push", r.Host+"/box"); code != 0 {
		t.Fatal(stderr)
	}
	arrived := make(chan struct{}, 1)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if strings.Contains(request.URL.Path, "/blobs/") {
			arrived <- struct{}{}
			<-request.Context().Done()
			return
		}
		registry.ServeHTTP(w, request)
	})
	for _, c := range []struct {
		signal unix.Signal
		code   int
		args   []string
	}{{unix.SIGINT, 130, []string{"pull", r.Host + "/box"}}, {unix.SIGTERM, 143, []string{"pull", r.Host + "/box"}}, {unix.SIGINT, 130, []string{"load"}}} {
		root := t.TempDir()
		cmd := tool(t, root, c.args...)
		stdin, err := cmd.StdinPipe()
		must(t, err)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		must(t, cmd.Start())
		if c.args[0] == "pull" {
			<-arrived
		} else {
			begun := tar.NewWriter(stdin)
			must(t, begun.WriteHeader(&tar.Header{Name: "layer", Size: 2 << 20}))
			_, err := begun.Write(make([]byte, 1<<20)) // it reads, as a pipe has not so much room
			must(t, err)
		}
		must(t, cmd.Process.Signal(c.signal))
		_ = cmd.Wait() // the exit code tells
		if got := cmd.ProcessState.ExitCode(); got != c.code || stderr.Len() > 0 {
			t.Errorf("%v: %d %s", c.args, got, stderr.String())
		}
		for _, left := range names(t, filepath.Join(root, "drafts")) {
			if !strings.HasSuffix(left, "lock") && !strings.HasSuffix(left, ".blob") { // locks are empty files
				t.Error("left is", left)
			}
		}
	}
}

// names are those in a folder.
func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

package prompt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
)

// terminal opens a new one: what is written to the one end is typed at the other.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return keyboard, screen
}

// echoes tells whether a terminal shows what is typed.
func echoes(t *testing.T, screen *os.File) bool {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Lflag&unix.ECHO != 0
}

// watched is a reader that notes whether the terminal echoes when it is read from.
type watched struct {
	io.Reader
	t      *testing.T
	screen *os.File
	echoed []bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.echoed = append(w.echoed, echoes(w.t, w.screen))
	return w.Reader.Read(p)
}

// TestLogin: the name is shown, the password is not, and afterwards all is as before.
func TestLogin(t *testing.T) {
	keyboard, screen := terminal(t)
	if !IsTerminal(screen) || IsTerminal(strings.NewReader("")) {
		t.Error("what is a terminal?")
	}
	if _, err := keyboard.WriteString("me\nsecret\n"); err != nil {
		t.Fatal(err)
	}
	in := &watched{Reader: screen, t: t, screen: screen}
	var out bytes.Buffer
	var user, password string
	if err := Login(screen, in, &out, &user, &password); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{"me", "secret", "Username: Password: \n", []bool{true, false}, true}, []any{user, password, out.String(), in.echoed, echoes(t, screen)}); d != "" {
		t.Error(d)
	}
}

// TestNothing: nothing typed is an error, and so is a reader that stops; the terminal echoes again.
func TestNothing(t *testing.T) {
	_, screen := terminal(t)
	why := errors.New("stopped")
	user, none := "me", ""
	err := Login(screen, io.MultiReader(strings.NewReader("x"), errReader{why}), io.Discard, &user, &none)
	if !errors.Is(err, why) || !echoes(t, screen) {
		t.Error(err)
	}
	for want, typed := range map[string]string{"username is required": "\nx\n", "password is required": "me\n\n"} {
		user, password := "", ""
		if err := Login(screen, strings.NewReader(typed), io.Discard, &user, &password); fmt.Sprint(err) != want {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

type errReader struct{ error }

func (e errReader) Read([]byte) (int, error) { return 0, e.error }

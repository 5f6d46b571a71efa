// Package progress shows how far several things are that happen at once.
//
// The problem: three layers are on their way at a time. Who looks on wants to see which, and
// how much is missing; a log file wants to have each thing that has happened once, in order.
//
// The mechanism: a terminal obeys sequences of bytes. Each layer has a row; to change one, the
// cursor goes up to it, the row is cleared and written again, and the cursor goes back:
//
//	printf '\033[3A\r\033[2K%s\033[3B\r' '98fe69ba0f87: Download complete'
//
// What is no terminal gets one plain line for each change of a state, and no bars. Other sequences
// than ours are escaped: a registry's words would be obeyed too.
//
// To read: console_codes(4); TIOCGWINSZ in ioctl_tty(2).
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/docker/go-units"

	"drydock/final/format"
)

// A Display is where all is shown. It may be used by many at once.
type Display struct {
	lock  sync.Mutex
	out   io.Writer
	width func() int // of the terminal in characters; nil is no terminal
	rows  int        // that have been begun since the last plain line
}

// New returns a display on w, with rows that change if that is a terminal.
func New(w io.Writer) *Display {
	d := &Display{out: w}
	if file, isFile := w.(*os.File); isFile {
		if _, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil {
			d.width = func() int {
				size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
				if err != nil || size.Col == 0 {
					return 80
				}
				return int(size.Col)
			}
		}
	}
	return d
}

// Println writes a line below all that is shown. The rows above it do not change any more.
func (d *Display) Println(words ...any) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.rows = 0
	fmt.Fprintln(d.out, format.Escaped(strings.TrimSuffix(fmt.Sprintln(words...), "\n")))
}

// Row returns the row of something new, which appears when it has something to say.
func (d *Display) Row(id string) *Row { return &Row{display: d, id: id} }

// A Row is one of the things that happen.
type Row struct {
	display *Display
	id      string
	number  int // from the top, counted from 1; 0 is not there yet
	drawn   time.Time
}

// Say shows what state it is in.
func (r *Row) Say(state string) {
	r.display.lock.Lock()
	defer r.display.lock.Unlock()
	r.draw(state)
}

// often is how often a bar is drawn again: more cannot be seen, and takes time.
const often = 100 * time.Millisecond

// Reader returns what reads from, and shows as a bar how much of size has been read.
func (r *Row) Reader(from io.Reader, state string, size int64) io.Reader {
	if r.display.width == nil {
		return from
	}
	return &counted{from, r, state, 0, size}
}

type counted struct {
	io.Reader
	row      *Row
	state    string
	at, size int64
}

// Read is part of io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.at += int64(n)
	c.row.display.lock.Lock()
	defer c.row.display.lock.Unlock()
	if time.Since(c.row.drawn) >= often {
		c.row.drawn = time.Now()
		c.row.draw(c.state + " " + bar(c.at, c.size, c.row.display.width()))
	}
	return n, err
}

// bar draws a bar as Docker does: 50 characters if there is room.
func bar(at, size int64, width int) string {
	numbers := fmt.Sprintf("%8v/%v", units.HumanSize(float64(at)), units.HumanSize(float64(size)))
	if width <= 110 || size <= 0 {
		return numbers
	}
	full := int(min(at*50/size, 50))
	if full == 50 {
		return "[" + strings.Repeat("=", 50) + ">] " + numbers
	}
	return "[" + strings.Repeat("=", full) + ">" + strings.Repeat(" ", 50-full) + "] " + numbers
}

// draw writes the row again. It is cut to the width: one that goes on in the next row would
// not be where it is looked for.
func (r *Row) draw(state string) {
	d, text := r.display, format.Escaped(r.id+": "+state)
	if d.width == nil {
		fmt.Fprintln(d.out, text)
		return
	}
	if runes := []rune(text); len(runes) >= d.width() {
		text = string(runes[:d.width()-1])
	}
	if r.number == 0 || r.number > d.rows {
		d.rows++
		r.number = d.rows
		fmt.Fprintln(d.out, text)
		return
	}
	up := d.rows - r.number + 1
	fmt.Fprintf(d.out, "\x1b[%dA\r\x1b[2K%s\x1b[%dB\r", up, text, up)
}

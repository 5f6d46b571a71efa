// Package logs keeps what a container prints, in the files and the form of Docker's json-file
// driver, and shows it again.
//
// The problem: a container runs for months with nobody looking, and then somebody wants to know
// what it said an hour ago, on which of its two outputs, and what it says now.
//
// A line that the program prints is a line in the container's file:
//
//	{"log":"hello\n","stream":"stdout","time":"2024-01-01T00:00:00.123456789Z"}
//
// What is printed without a line's end is there when the end, or the end of the program, comes. A
// line longer than 16 KiB is several entries, and all but the last have no \n. The JSON is text:
// bytes that are no UTF-8 are lost, as in Docker.
//
// Package lines has how the files are rotated, and followed.
//
// To read: docker logs --help; https://docs.docker.com/engine/logging/drivers/json-file.
package logs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/docker/go-units"
)

// Options are how much is kept.
type Options struct {
	MaxSize int64           // a file with so many bytes is full; 0: never
	MaxFile int             // there are at most so many files; 0 is 1
	Failed  func(err error) // told once if the log cannot be written; may be nil
}

// ParseOptions reads Docker's options of the driver json-file (--log-opt), by their names.
func ParseOptions(options map[string]string) (o Options, err error) {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		switch name {
		case "max-size":
			o.MaxSize, err = units.FromHumanSize(value)
			if err == nil && o.MaxSize <= 0 {
				err = errors.New("max-size must be a positive number")
			}
		case "max-file":
			o.MaxFile, err = strconv.Atoi(value)
			if err == nil && o.MaxFile < 1 {
				err = errors.New("max-file cannot be less than 1")
			}
		case "compress", "env", "env-regex", "labels", "labels-regex", "tag", "mode", "max-buffer-size":
			return o, fmt.Errorf("log opt '%s' is not supported: there are max-file and max-size", name)
		default:
			return o, fmt.Errorf("unknown log opt '%s' for json-file log driver", name)
		}
		if err != nil {
			return o, fmt.Errorf("failed to initialize logging driver: %w", err)
		}
	}
	return o, nil
}

// An Entry is a line, or a piece of one, that a container has printed.
type Entry struct {
	Log    []byte // with the line's end, if it has one
	Stream string // stdout or stderr
	Time   time.Time
	Attrs  map[string]string // what log drivers other than ours add
}

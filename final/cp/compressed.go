package cp

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"os/exec"
	"time"

	"drydock/stage4-images/layer"
)

// uncompressed returns the tar stream in what may be compressed, in any of the ways that Docker knows:
// gzip, zstd, bzip2, and xz, which takes the program of that name. The caller closes it.
func uncompressed(in io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(in)
	magic, err := buffered.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte("BZh")):
		return io.NopCloser(bzip2.NewReader(buffered)), nil
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")):
		return startXz(buffered)
	}
	return layer.Open(buffered)
}

// An xz is the program at work.
type xz struct {
	io.Reader
	cmd *exec.Cmd
}

func startXz(in io.Reader) (io.ReadCloser, error) {
	cmd := exec.Command("xz", "-dcq")
	cmd.Stdin = in
	cmd.WaitDelay = time.Second // so much longer is its input waited for when it has ended
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &xz{out, cmd}, cmd.Start()
}

// Close ends the program. What it says of its end is not asked: a stream that it could not read to the
// end has no end that tar takes for one.
func (x *xz) Close() error {
	_ = x.cmd.Process.Kill() // it may have ended
	_ = x.cmd.Wait()         // the same
	return nil
}

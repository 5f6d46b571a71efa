package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"drydock/final/transfer/wire"
)

// TestIsPassing: an untrusted host is not asked again, nor one without TLS; and a full disk stays
// full.
func TestIsPassing(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&tls.CertificateVerificationError{Err: errors.New("x")}, false},
		{&url.Error{Op: "Get", Err: wire.PlainError{Host: "x"}}, false},
		{&os.PathError{Op: "open", Err: os.ErrNotExist}, false},
		{errors.New("blob x: the file is damaged"), false},
		{&transport.Error{StatusCode: http.StatusNotFound}, false},
		{&url.Error{Op: "Get", Err: &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}}, true},
		{fmt.Errorf("blob: %w", io.ErrUnexpectedEOF), true},
		{&url.Error{Op: "Get", Err: os.ErrDeadlineExceeded}, true},
		{laterError{&transport.Error{StatusCode: http.StatusTooManyRequests}, 0}, true},
		{&transport.Error{StatusCode: http.StatusBadGateway}, true},
	} {
		if got := IsPassing(c.err); got != c.want {
			t.Errorf("%T: %v", c.err, got)
		}
	}
}

// TestStream: with HTTP/2, what breaks is not the line but a stream on it.
func TestStream(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler has the server break it
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); answer.ProtoMajor != 2 || !IsPassing(err) {
		t.Errorf("%T: %v", err, err)
	}
}

// TestWait: the registry says when, but not for how long we would wait at most.
func TestWait(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := (Pauses{time.Hour}).Wait(ctx, 1, nil); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Error(err)
	}
	begun := time.Now()
	if err := (Pauses{time.Millisecond}).Wait(t.Context(), 2, laterError{errors.New("x"), 20 * time.Millisecond}); err != nil || time.Since(begun) < 20*time.Millisecond {
		t.Error(err, time.Since(begun))
	}
}

package wire

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func says(t testing.TB, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("the error does not say %q: %v", words, err)
	}
}

// TestPlain: only hosts that may do without TLS are asked without it, whoever sends us there.
func TestPlain(t *testing.T) {
	o := Options{Insecure: []string{"named.example", "ported.example:5000"}}
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "127.8.8.8": true, "[::1]:5000": true,
		"named.example": true, "named.example:80": true, "ported.example:5000": true, "ported.example:5001": false,
		"10.0.0.1:5000": false, "192.168.1.1": false, "localhost.example": false, "127.0.0.1.example": false,
	} {
		if got := o.IsInsecure(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
	carrier, err := o.To("localhost:5000", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"10.0.0.1:5000", "elsewhere.example"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := carrier.RoundTrip(request)
		if err == nil {
			answer.Body.Close()
		}
		if d := cmp.Diff(error(PlainError{host}), err); d != "" {
			t.Error(d)
		}
	}
	for _, scheme := range []string{"http", "https"} {
		if carrier, err = o.To("localhost:5000", scheme); err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, map[string]string{"http": "https", "https": "http"}[scheme]+"://localhost:5000/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := carrier.RoundTrip(request)
		if err == nil {
			answer.Body.Close()
		}
		says(t, err, "localhost:5000 is asked over "+scheme+" only")
	}
}

// TestCertificates has a registry whose certificate nobody has signed but itself.
func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	server.Config.ErrorLog = nil
	o := Options{Certs: t.TempDir()}
	get := func() error {
		reached, err := o.To("example.com:443", "")
		if err != nil {
			return err
		}
		reached.(wire).own.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com:443/", nil)
		if err != nil {
			return err
		}
		answer, err := reached.RoundTrip(request)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	says(t, get(), "certificate signed by unknown authority")
	dir := filepath.Join(o.Certs, "example.com:443")
	file := filepath.Join(dir, "ca.crt")
	write := func(text []byte) {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("nothing"))
	says(t, get(), file+" has no certificate in it")
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if err := get(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "client.cert"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, get(), "client.key")
}

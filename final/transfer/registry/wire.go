package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A wire carries requests to one registry, and to wherever that sends us: token servers, and
// other hosts that have its blobs. What is trusted for the registry is not for those.
type wire struct {
	host        string
	isInsecure  func(host string) bool
	own, others http.RoundTripper
}

// RoundTrip is part of http.RoundTripper. Passwords and tokens travel with the requests: so
// none goes out without TLS but to hosts that may do without.
func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "https" && !w.isInsecure(request.URL.Host) {
		return nil, plainError{request.URL.Host}
	}
	if request.URL.Host == w.host {
		return w.own.RoundTrip(request)
	}
	return w.others.RoundTrip(request)
}

// A plainError is about a host that is not to be spoken to without TLS.
type plainError struct{ host string }

func (e plainError) Error() string {
	return fmt.Sprintf("%s is not asked without TLS: use --insecure-registry %s if that is what you want", e.host, e.host)
}

// patience is how long a registry may think about a request: to store a large blob takes time.
const patience = 5 * time.Minute

// wire returns how a registry's host is reached.
func (o Options) wire(host string) (http.RoundTripper, error) {
	usual, isUsual := http.DefaultTransport.(*http.Transport)
	if !isUsual {
		return nil, errors.New("the standard library's HTTP transport has been replaced")
	}
	own := usual.Clone()
	own.ResponseHeaderTimeout = patience
	var err error
	if own.TLSClientConfig, err = certificates(o.Certs, host); err != nil {
		return nil, err
	}
	own.TLSClientConfig.InsecureSkipVerify = o.isInsecure(host)
	return wire{host: host, isInsecure: o.isInsecure, own: own, others: usual}, nil
}

// isInsecure tells whether a host may do without TLS: those of this machine, as nobody is
// on the line, and those that the user has named.
func (o Options) isInsecure(host string) bool {
	name := host
	if without, _, err := net.SplitHostPort(host); err == nil {
		name = without
	}
	address := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || address != nil && address.IsLoopback() ||
		slices.Contains(o.Insecure, host) || slices.Contains(o.Insecure, name)
}

// certificates reads what Docker reads from a host's folder: *.crt are authorities to trust
// beside the system's, and X.cert with X.key shows the host who we are.
func certificates(dir, host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	authorities, _ := filepath.Glob(filepath.Join(dir, host, "*.crt")) // the only error is of the pattern
	if len(authorities) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("the system's certificates: %w", err)
		}
		config.RootCAs = pool
	}
	for _, file := range authorities {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in it, in the form of PEM", file)
		}
	}
	own, _ := filepath.Glob(filepath.Join(dir, host, "*.cert"))
	for _, file := range own {
		pair, err := tls.LoadX509KeyPair(file, strings.TrimSuffix(file, ".cert")+".key")
		if err != nil {
			return nil, fmt.Errorf("%s: %w: a key of the same name, .key, belongs to it", file, err)
		}
		config.Certificates = append(config.Certificates, pair)
	}
	return config, nil
}

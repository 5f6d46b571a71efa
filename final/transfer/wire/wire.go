// Package wire is how the hosts of registries are reached: with TLS, but for a few.
//
// The problem: passwords go over the line, and what a registry answers may send us anywhere:
// to a server for tokens, to another that has the layers. Some registries are on this very machine, or in a
// house where nobody has bought a certificate.
//
// The rule is Docker's: TLS, with a certificate that the system's authorities vouch for, or one
// of a folder for that host. Only a host of this machine, or one that the user has named,
// may have any certificate, or none and no TLS.
//
//	curl --cacert /etc/docker/certs.d/registry.example:5000/ca.crt https://registry.example:5000/v2/
//
// To read: dockerd(8), --insecure-registry; Docker's "Verify repository client with certificates".
package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Options are what the user says of hosts.
type Options struct {
	Insecure []string // hosts (HOST or HOST:PORT) that need no valid certificate, or not even TLS
	Certs    string   // a folder with certificates for hosts: CERTS/HOST/*.crt
}

// Insecure is a flag that may be given several times: a host, and no network as with Docker, as
// only what is written in a name is compared.
type Insecure struct{ To *[]string }

// String is part of flag.Value.
func (i Insecure) String() string { return "" }

var hostRule = regexp.MustCompile(`^([a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]+)?$`)

// Set is part of flag.Value.
func (i Insecure) Set(text string) error {
	if !hostRule.MatchString(text) {
		return errors.New("give HOST or HOST:PORT")
	}
	*i.To = append(*i.To, text)
	return nil
}

// A wire carries requests to one registry, and to wherever that sends us: token servers, and
// other hosts that have its blobs. What is trusted for the registry is not for those.
type wire struct {
	host        string
	scheme      string // the only one that host is asked with; if empty, either
	isInsecure  func(host string) bool
	own, others http.RoundTripper
}

// RoundTrip is part of http.RoundTripper. Passwords and tokens travel with the requests: so
// none goes out without TLS but to hosts that may do without.
func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "https" && !w.isInsecure(request.URL.Host) {
		return nil, PlainError{request.URL.Host}
	}
	if request.URL.Host == w.host {
		if w.scheme != "" && w.scheme != request.URL.Scheme {
			return nil, fmt.Errorf("%s is asked over %s only", w.host, w.scheme)
		}
		return w.own.RoundTrip(request)
	}
	return w.others.RoundTrip(request)
}

// A PlainError is about a host that is not to be spoken to without TLS.
type PlainError struct{ Host string }

// Error is part of error.
func (e PlainError) Error() string {
	return e.Host + " is not asked without TLS"
}

// To returns how a registry's host is reached: with http or https, or either for "".
func (o Options) To(host, scheme string) (http.RoundTripper, error) {
	usual, isUsual := http.DefaultTransport.(*http.Transport)
	if !isUsual {
		return nil, errors.New("the standard library's HTTP transport has been replaced")
	}
	own := usual.Clone()
	var err error
	if own.TLSClientConfig, err = certificates(o.Certs, host); err != nil {
		return nil, err
	}
	own.TLSClientConfig.InsecureSkipVerify = o.IsInsecure(host)
	return wire{host: host, scheme: scheme, isInsecure: o.IsInsecure, own: own, others: usual}, nil
}

// IsInsecure tells whether a host may do without TLS: those of this machine, as nobody is
// on the line, and those that the user has named.
func (o Options) IsInsecure(host string) bool {
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

package engine

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drydock/final/networks/hosts"
)

// TestGateway has the file of the default network be damaged, missing and good: only who asks for its address hears of that.
func TestGateway(t *testing.T) {
	e := &Engine{Root: t.TempDir()}
	named := []hosts.Extra{{Name: "a", Address: netip.MustParseAddr("192.0.2.1")}}
	means := append(named, hosts.Extra{Name: "b"})
	if err := os.Mkdir(filepath.Join(e.Root, "networks"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want string }{
		{"{", "networks/bridge: unexpected end of JSON input"},
		{"{}", "unable to derive the IP value for host-gateway"},
		{`{"bridge":"docker0","subnet":"172.17.0.0/16","gateway":"172.17.0.1"}`, "172.17.0.1"},
	} {
		if err := os.WriteFile(filepath.Join(e.Root, "networks", "bridge"), []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := e.gateway(named); err != nil {
			t.Errorf("%s: nobody asks: %v", test.text, err)
		}
		got, err := e.gateway(means)
		words := got.String()
		if err != nil {
			words = err.Error()
		}
		if !strings.Contains(words, test.want) {
			t.Errorf("%s: %s, want %s", test.text, words, test.want)
		}
	}
}

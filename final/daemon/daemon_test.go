package daemon

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "daemon.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	c, err := Read(file(t, `{
		"data-root": "/srv/drydock", "storage-driver": "overlay2", "bip": "10.9.0.1/24", "icc": false,
		"dns": ["10.0.0.53"], "dns-search": ["example.com"], "dns-opts": ["ndots:2"],
		"registry-mirrors": ["http://mirror:5000"], "insecure-registries": ["registry:5000"],
		"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DataRoot: "/srv/drydock", StorageDriver: "overlay", Bridge: "10.9.0.1/24", ICC: new(bool),
		DNS: []netip.Addr{netip.MustParseAddr("10.0.0.53")}, DNSSearch: []string{"example.com"}, DNSOptions: []string{"ndots:2"},
		RegistryMirrors: []string{"http://mirror:5000"}, InsecureRegistries: []string{"registry:5000"},
		LogDriver: "json-file", LogOptions: map[string]string{"max-size": "10m", "max-file": "3"},
	}
	if diff := cmp.Diff(want, c, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !c.Silent() || c.Address() != netip.MustParsePrefix("10.9.0.1/24") {
		t.Errorf("silent %v, address %s", c.Silent(), c.Address())
	}
	for _, text := range []string{"", " \n", "{}", `{"icc": true}`} {
		if c, err := Read(file(t, text)); err != nil || c.Silent() || c.Address().IsValid() {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRefused has the file named, and the key, and what is wrong.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"hosts": ["tcp://0.0.0.0"]}`:           "the following directives don't match any configuration option: hosts: there are bip, data-root, dns",
		`[]`:                                     "it is no JSON object: ",
		`{"icc": false`:                          "it is no JSON object: unexpected end of JSON input",
		`{"icc": "false"}`:                       "icc: a string is no boolean",
		`{"bip": 10}`:                            "bip: a number is no string",
		`{"dns-search": "example.com"}`:          "dns-search: a string is no list of strings",
		`{"log-opts": {"max-file": 3}}`:          "log-opts: a number is no object of strings",
		`{"dns": ["nowhere"]}`:                   `dns: ParseAddr("nowhere"): unable to parse IP`,
		`{"bip": "10.9.0.1"}`:                    `bip: "10.9.0.1" is not an IPv4 address with the length of its subnet, such as 10.9.0.1/24`,
		`{"bip": "10.9.0.0/24"}`:                 `bip: "10.9.0.0/24" is not an IPv4 address`,
		`{"bip": "fd00::1/64"}`:                  `bip: "fd00::1/64" is not an IPv4 address`,
		`{"storage-driver": "zfs"}`:              `storage-driver: there is no storage driver "zfs"`,
		`{"log-driver": "syslog"}`:               "log-driver: no log driver named 'syslog' is registered",
		`{"log-opts": {"max-sizes": "1"}}`:       "log-opts: unknown log opt 'max-sizes'",
		`{"data-root": "srv"}`:                   `data-root: "srv" is not an absolute path`,
		`{"icc": true, "icc": 1, "bip": "1/2/3"`: "it is no JSON object",
	} {
		path := file(t, text)
		_, err := Read(path)
		if want := "the configuration file " + path + ": " + want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a file that --config names and is not there: %v", err)
	}
}

package show

import (
	"bufio"
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/network"
)

// said is what Docker printed for a command line, the last time that it was asked before another one.
func said(t *testing.T, line, before string) (stdout string) {
	t.Helper()
	file, err := os.Open("../testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Words  []string
			Stdout string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		switch strings.Join(c.Words, " ") {
		case line:
			stdout = c.Stdout
		case before:
			return stdout
		}
	}
	t.Fatalf("%s, and then %s, is not in the record: %v", line, before, lines.Err())
	return ""
}

// of is a network of the record, with the container web on it, as the record hides what is never the same.
func of(name, subnet, gateway string, e networks.Endpoint) networks.Network {
	e.ID, e.Name, e.Hostname, e.Hardware = "ID", "web", "webhost", "MAC"
	return networks.Network{
		Name: name,
		Pool: lease.Pool{
			Bridge: network.Bridge{Subnet: netip.MustParsePrefix(subnet), Gateway: netip.MustParseAddr(gateway)},
			Leases: map[netip.Addr]string{e.Address: "ID"},
		},
		More: networks.More{ID: "ID", Endpoints: map[string]networks.Endpoint{"ID": e}},
	}
}

// TestInspect shows a network with a container on it as Docker does.
func TestInspect(t *testing.T) {
	n := of("s1", "10.50.0.0/24", "10.50.0.1", networks.Endpoint{Address: netip.MustParseAddr("10.50.0.2")})
	got, err := json.MarshalIndent([]Object{Inspect(n, nil)}, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	want := said(t, "network inspect s1", "exec web cat /etc/hosts")
	if diff := cmp.Diff(strings.Replace(want, `"TIME"`, `"0001-01-01T00:00:00Z"`, 1), string(got)+"\n"); diff != "" {
		t.Errorf("(-Docker +ours):\n%s", diff)
	}
	// One of stage 6's has no name in the file.
	n.Endpoints = nil
	if o := Inspect(n, func(id string) string { return "name of " + id }); o.Containers["ID"].Name != "name of ID" || o.Containers["ID"].IPv4Address != "10.50.0.2/24" {
		t.Errorf("%v", o.Containers)
	}
}

// TestSettings shows a container's places as Docker does.
func TestSettings(t *testing.T) {
	s1 := of("s1", "10.50.0.0/24", "10.50.0.1", networks.Endpoint{Address: netip.MustParseAddr("10.50.0.2"), Aliases: []string{"www"}})
	s3 := of("s3", "10.52.0.0/24", "10.52.0.254", networks.Endpoint{Address: netip.MustParseAddr("10.52.0.200"), Aliases: []string{"second"}})
	got, err := json.Marshal(map[string]Settings{
		"s1": SettingsOf(s1, "ID", endpoint.Wish{Aliases: []string{"www"}}),
		"s3": SettingsOf(s3, "ID", endpoint.Wish{Aliases: []string{"second"}, Address: netip.MustParseAddr("10.52.0.200")}),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := said(t, "inspect -f {{json .NetworkSettings.Networks}} web", "network connect s3 web")
	want = strings.Replace(want, `"DriverOpts":{}`, `"DriverOpts":null`, 1) // we have no such flag
	if diff := cmp.Diff(want, string(got)+"\n"); diff != "" {
		t.Errorf("(-Docker +ours):\n%s", diff)
	}
	inner := of("inner", "172.21.0.0/16", "172.21.0.1", networks.Endpoint{Address: netip.MustParseAddr("172.21.0.2")})
	inner.Internal = true
	e := inner.Endpoints["ID"]
	e.Name, e.Hostname = "p7", ""
	inner.Endpoints["ID"] = e
	if got, err = json.Marshal(map[string]Settings{"inner": SettingsOf(inner, "ID", endpoint.Wish{})}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said(t, "inspect -f {{json .NetworkSettings.Networks}} p7", "run -d --name p8 --network v6both -p 8400:80 box"), string(got)+"\n"); diff != "" {
		t.Errorf("(-Docker +ours):\n%s", diff)
	}
	// One that does not run has wishes only.
	idle := SettingsOf(s1, "another", endpoint.Wish{Aliases: []string{"later"}, Address6: netip.MustParseAddr("fd00::2")})
	if diff := cmp.Diff(Settings{NetworkID: "ID", Aliases: []string{"later"}, IPAMConfig: &Wanted{IPv6Address: "fd00::2"}}, idle); diff != "" {
		t.Error(diff)
	}
}

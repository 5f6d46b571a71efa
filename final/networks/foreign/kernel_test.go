package foreign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks/testnet"
)

const own = "nft 'add table ip drydock; add chain ip drydock forward { type filter hook forward priority 0; }; add rule ip drydock forward oifname br-0 drop'; "

// TestKernelWarnings has firewalls of others, as their programs make them, and does what the warnings say: then there
// are none. Nothing of anybody's is changed meanwhile.
func TestKernelWarnings(t *testing.T) {
	for _, test := range []struct {
		name, firewall string
		six            bool
		want           []string
	}{
		{"none", "true", true, nil},
		{"ours", own, true, nil},
		{"accepts", "nft 'add table inet theirs; add chain inet theirs f { type filter hook forward priority 0; policy accept; }; add chain inet theirs i { type filter hook input priority 0; policy drop; }'", true, nil},
		{"nft", own + "nft 'add table inet theirs; add chain inet theirs f { type filter hook forward priority 0; policy drop; }'", false, []string{
			"table inet theirs, chain f, policy drop): containers on br-0 reach nobody until it has these rules: nft insert rule inet theirs f iifname br-0 accept; nft insert rule inet theirs f oifname br-0 accept",
		}},
		{"iptables", "iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i br-1 -j ACCEPT; ip6tables-nft -P FORWARD DROP", false, []string{
			"table ip filter, chain FORWARD, policy drop): containers on br-0 reach nobody until it has these rules: iptables -I FORWARD -i br-0 -j ACCEPT; iptables -I FORWARD -o br-0 -j ACCEPT",
		}},
		{"Docker", "iptables-nft -P FORWARD DROP; iptables-nft -N DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-USER; iptables-nft -A FORWARD -o docker0 -j ACCEPT", true, []string{
			"table ip filter, chain FORWARD, policy drop): containers on br-0 reach nobody until it has these rules: iptables -I DOCKER-USER -i br-0 -j ACCEPT; iptables -I DOCKER-USER -o br-0 -j ACCEPT",
		}},
		{"both", "iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP", true, []string{"iptables -I FORWARD -i br-0", "ip6tables -I FORWARD -i br-0"}},
		{"one half", "iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i br-0 -j ACCEPT", true, []string{"iptables -I FORWARD -o br-0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			testnet.Host(t)
			testnet.Sh(t, test.firewall)
			before := testnet.Sh(t, "nft list ruleset")
			warnings, err := Warnings("br-0", test.six)
			if err != nil || len(warnings) != len(test.want) {
				t.Fatalf("%v: %q", err, warnings)
			}
			if diff := cmp.Diff(before, testnet.Sh(t, "nft list ruleset")); diff != "" {
				t.Errorf("to look has changed the firewall: %s", diff)
			}
			for i, want := range test.want {
				if !strings.Contains(warnings[i], want) {
					t.Errorf("%s\nwant %s", warnings[i], want)
				}
				_, rules, _ := strings.Cut(warnings[i], "these rules: ")
				testnet.Sh(t, rules)
			}
			if warnings, err := Warnings("br-0", test.six); err != nil || warnings != nil {
				t.Errorf("when that is done: %v, %q", err, warnings)
			}
		})
	}
}

package rules

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// attempts is how often the table is changed that somebody else changes meanwhile.
const attempts = 20

// A test tells whether a rule is one of those that are meant.
type test func(*nftables.Rule) bool

// isFor means the rules that are for something, as their comments say.
func isFor(purpose string) test {
	return func(rule *nftables.Rule) bool {
		comment, _ := userdata.GetString(rule.UserData, userdata.TypeComment)
		return comment == purpose
	}
}

// isAbout means the rules that give packets this destination, or look for packets from it or to it.
func isAbout(address netip.Addr) test {
	return func(rule *nftables.Rule) bool {
		return slices.ContainsFunc(rule.Exprs, func(e expr.Any) bool {
			switch e := e.(type) {
			case *expr.Immediate:
				return slices.Equal(e.Data, address.AsSlice())
			case *expr.Cmp:
				return slices.Equal(e.Data, address.AsSlice())
			}
			return false
		})
	}
}

// withTable has change read and change the table, until nobody else has changed it meanwhile. An error is about a purpose.
func (six family) withTable(purpose string, change func(*nftables.Conn) error) error {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("open a netlink socket for nftables: %w", err)
	}
	defer func() { _ = conn.CloseLasting() }() // it was for reading and writing, and that is done
	for range attempts {
		// ENOENT: a rule has gone between reading and removing it.
		if err = change(conn); !errors.Is(err, unix.ENOENT) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("change the firewall for the %s: %w: see nft list table %s %s", purpose, err, six, table)
	}
	return nil
}

// Ensure has rules be there that are for the same. If each chain has as many for that as it is to have, that is a
// matter of reading. (A change has to wait until no packet is under the old rules any more.)
func Ensure(rules []Rule) error {
	six, want := family(rules[0].Six), map[string]int{}
	for _, r := range rules {
		want[r.Chain]++
	}
	areThere := false
	err := six.withTable(rules[0].For, func(conn *nftables.Conn) error {
		there, err := six.find(conn, isFor(rules[0].For))
		have := map[string]int{}
		for _, rule := range there {
			have[rule.Chain.Name]++
		}
		areThere = maps.Equal(want, have)
		return err
	})
	if err != nil || areThere {
		return err
	}
	return Apply(rules)
}

// put puts rules in the table in place of those that are for the same, in one step.
func (six family) put(purpose string, rules []Rule) error {
	return six.withTable(purpose, func(conn *nftables.Conn) error {
		if err := six.isOurs(conn); err != nil {
			return err
		}
		if _, err := six.deleteRules(conn, isFor(purpose)); err != nil {
			return err
		}
		conn.AddTable(six.table())
		for _, chain := range six.chains() {
			conn.AddChain(chain)
		}
		for _, r := range rules {
			// In front: should there be one for the same port, of a container that has died, it means nothing any more.
			conn.InsertRule(r.message())
		}
		return conn.Flush()
	})
}

// withdraw takes rules away. What is read while somebody else changes it may lack some: so it looks until there are
// none.
func (six family) withdraw(purpose string, which test) error {
	return six.withTable(purpose, func(conn *nftables.Conn) error {
		for range attempts {
			count, err := six.deleteRules(conn, which)
			if err != nil || count == 0 {
				return err
			}
			if err := conn.Flush(); err != nil {
				return err
			}
		}
		return errors.New("there are always more")
	})
}

// isOurs refuses a table of our name with chains that are none of ours.
func (six family) isOurs(conn *nftables.Conn) error {
	there, err := conn.ListChainsOfTableFamily(six.table().Family)
	if err != nil {
		return err
	}
	var own []string
	for _, chain := range six.chains() {
		own = append(own, six.declaration(chain))
	}
	for _, chain := range there {
		if chain.Table.Name == table && !slices.Contains(own, six.declaration(chain)) {
			return fmt.Errorf("the table is somebody else's, with a chain %s that is none of ours: rename it, or remove it (nft delete table %s %s)", chain.Name, six, table)
		}
	}
	return nil
}

// find reads those of our table's rules that are meant.
func (six family) find(conn *nftables.Conn, which test) (found []*nftables.Rule, err error) {
	for _, chain := range six.chains() {
		there, err := conn.GetRules(six.table(), chain)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(there, func(rule *nftables.Rule) bool { return !which(rule) })...)
	}
	return found, nil
}

// deleteRules has the next batch begin with the end of rules. It returns how many.
func (six family) deleteRules(conn *nftables.Conn, which test) (count int, err error) {
	there, err := six.find(conn, which)
	if err != nil {
		return 0, err
	}
	for _, rule := range there {
		if err := conn.DelRule(rule); err != nil {
			return 0, err
		}
	}
	return len(there), nil
}

// message is the rule as the kernel takes it.
func (r Rule) message() *nftables.Rule {
	var expressions []expr.Any
	for _, part := range r.Parts {
		expressions = append(expressions, part.expressions...)
	}
	table := family(r.Six).table()
	return &nftables.Rule{
		Table: table, Chain: &nftables.Chain{Table: table, Name: r.Chain}, Exprs: expressions,
		UserData: userdata.AppendString(nil, userdata.TypeComment, r.For),
	}
}

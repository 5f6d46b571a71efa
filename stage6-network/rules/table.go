package rules

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// attempts is how often the table is changed that somebody else changes meanwhile.
const attempts = 20

// Ensure has rules be there that are for the same, and are always the same for that: if there are as many
// already, that is a matter of reading. (A change has to wait until no packet is under the old rules any more.)
func Ensure(rules []Rule) error {
	six := family(rules[0].Six)
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("open a netlink socket for nftables: %w", err)
	}
	defer func() { _ = conn.CloseLasting() }() // as below
	there, err := six.find(conn, rules[0].For)
	if err != nil || len(there) == len(rules) {
		return six.context(err, rules[0].For)
	}
	return Apply(rules)
}

// replace takes away the rules that are for something, and puts others in their place, in one step.
func (six family) replace(purpose string, rules []Rule) error {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("open a netlink socket for nftables: %w", err)
	}
	defer func() { _ = conn.CloseLasting() }() // it was for reading and writing, and that is done
	for range attempts {
		var before int
		before, err = six.exchange(conn, purpose, rules)
		switch {
		case errors.Is(err, unix.ENOENT): // a rule has gone between reading and removing it
			continue
		case err != nil || before == 0:
			return six.context(err, purpose)
		case rules == nil:
			// What is read while somebody else changes it may lack some: so look again.
			continue
		}
		return nil
	}
	return six.context(err, purpose)
}

func (six family) context(err error, purpose string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("change the firewall for the %s: %w: see nft list table %s %s", purpose, err, six, table)
}

// find reads the rules that are for something.
func (six family) find(conn *nftables.Conn, purpose string) (found []*nftables.Rule, err error) {
	for _, chain := range six.chains() {
		there, err := conn.GetRules(six.table(), chain)
		if err != nil {
			return nil, err
		}
		for _, rule := range there {
			if comment, _ := userdata.GetString(rule.UserData, userdata.TypeComment); comment == purpose {
				found = append(found, rule)
			}
		}
	}
	return found, nil
}

// exchange is one attempt. It returns how many rules there were before.
func (six family) exchange(conn *nftables.Conn, purpose string, rules []Rule) (before int, err error) {
	there, err := six.find(conn, purpose)
	if err != nil {
		return 0, err
	}
	for _, rule := range there {
		if err := conn.DelRule(rule); err != nil {
			return 0, err
		}
	}
	byName := map[string]*nftables.Chain{}
	if rules != nil {
		conn.AddTable(six.table())
		for _, chain := range six.chains() {
			byName[chain.Name] = conn.AddChain(chain)
		}
	}
	for _, r := range rules {
		var expressions []expr.Any
		for _, part := range r.Parts {
			expressions = append(expressions, part.expressions...)
		}
		// In front: should there be one for the same port, of a container that has died, it means nothing any more.
		conn.InsertRule(&nftables.Rule{
			Table: six.table(), Chain: byName[r.Chain], Exprs: expressions,
			UserData: userdata.AppendString(nil, userdata.TypeComment, r.For),
		})
	}
	return len(there), conn.Flush()
}

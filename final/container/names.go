package container

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// What a container is called if nobody says: an adjective, and what is found in a harbour.
const (
	adjectives = `able amber bold brave brisk bright calm clever cool coral dapper deep eager early east fair fast fine free
		fresh gentle glad golden grand green happy hardy high keen kind light lively lucky mellow merry mighty modest neat nimble
		noble north patient placid plain polite proud quick quiet ready red robust round royal sharp silent silver sleek
		smart smooth snug solid south spry stable steady stout strong sunny sure swift tall tidy tough true trusty vivid
		warm west white wise young`
	things = `anchor ballast barge beacon berth boat bollard boom bosun bow bridge brig buoy cabin canvas capstan captain cargo
		chart clipper compass convoy crane crew crow current cutter deck derrick dinghy dock dolphin ferry flag fleet fog frigate
		funnel galley gangway gull harbour hatch hawser helm hold hull jetty keel kelp ketch knot lagoon lantern ledger lighthouse
		lock log mast mate mole mooring oar pier pilot pontoon port porthole prow pump quay raft rigging rope rudder sail sailor
		schooner sextant ship shipyard shore skiff slipway sloop spar steamer stern tackle tide tiller trawler tug wake
		wave wharf winch windlass yard yawl`
)

// RandomName returns a name as Docker gives one to a container. Others may have it already.
func RandomName() string { return pick(adjectives) + "_" + pick(things) }

func pick(words string) string {
	all := strings.Fields(words)
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(all))))
	if err != nil {
		return all[0] // never, says the documentation of rand.Reader
	}
	return all[n.Int64()]
}

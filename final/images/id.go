package images

import "strings"

const (
	idDigits    = 64 // of SHA-256
	shownDigits = 12 // what tables show of them
	leastDigits = 4  // of what IsID takes, as Docker with containerd; catalog.Find, as Docker without, takes fewer
)

// IsID tells whether text may be the ID of an image, or the beginning of one, with or
// without "sha256:" before it.
//
// It may be a name as well: both are tried, as Docker does. All 64 digits are an ID, whatever
// images there are; with fewer, an image of that name comes first: `run cafe` runs cafe:latest.
func IsID(text string) bool {
	hex := strings.TrimPrefix(text, "sha256:")
	return leastDigits <= len(hex) && len(hex) <= idDigits && only(hex, lowerHex)
}

// ShortID is the beginning of an ID as tables show it: 12 digits, without the algorithm.
// digest is sha256:… or the digits alone; of fewer digits, all are returned.
func ShortID(digest string) string {
	if _, hex, found := strings.Cut(digest, ":"); found {
		digest = hex
	}
	return digest[:min(len(digest), shownDigits)]
}

package images

import (
	"errors"
	"strings"
)

// Characters, for only.
const (
	digits   = "0123456789"
	lower    = "abcdefghijklmnopqrstuvwxyz"
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerHex = digits + "abcdef"
	anyHex   = lowerHex + "ABCDEF"
)

// only tells whether text has at least one character, and no other than these.
func only(text, characters string) bool {
	return text != "" && strings.TrimLeft(text, characters) == ""
}

// match reads a name that has all its parts:
//
//	name   = [ domain "/" ] path [ ":" tag ] [ "@" digest ]
//
// It takes the first word for the domain if it can be one, and does not know Docker Hub.
func match(text string) (n Name, ok bool) {
	domain, rest, _ := strings.Cut(text, "/")
	if !isDomain(domain) {
		domain, rest = "", text
	}
	// Neither path nor tag can have these characters, so the first of each is the one.
	rest, digest, hasDigest := strings.Cut(rest, "@")
	path, tag, hasTag := strings.Cut(rest, ":")
	ok = isPath(path) && (!hasTag || isTag(tag)) && (!hasDigest || isDigest(digest))
	return Name{Domain: domain, Path: path, Tag: tag, Digest: digest}, ok
}

// isDomain reads a host, perhaps with a port:
//
//	domain = ( host | "[" IPv6 address "]" ) [ ":" digits ]
//	host   = word { "." word }, of letters, digits and, inside a word, dashes
//
// Addresses are not looked at closely: [::::] is one. Zones (%eth0) are none.
func isDomain(text string) bool {
	host := text
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		if !only(text[colon+1:], digits) {
			return false
		}
		host = text[:colon]
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return only(host[1:len(host)-1], anyHex+":")
	}
	for word := range strings.SplitSeq(host, ".") {
		if !only(word, lower+upper+digits+"-") || strings.Trim(word, "-") != word {
			return false
		}
	}
	return true
}

// isPath reads a repository, which is the <name> of the OCI distribution specification:
//
//	path   = word { "/" word }
func isPath(text string) bool {
	for word := range strings.SplitSeq(text, "/") {
		if !isPathWord(word) {
			return false
		}
	}
	return true
}

// isPathWord reads letters and digits, in which there may be separators:
//
//	word      = (a-z0-9)+ { separator (a-z0-9)+ }
//	separator = "." | "_" | "__" | "-" { "-" }
func isPathWord(text string) bool {
	for {
		rest := strings.TrimLeft(text, lower+digits)
		if rest == text {
			return false
		}
		if rest == "" {
			return true
		}
		text = strings.TrimLeft(rest, "._-")
		separator := rest[:len(rest)-len(text)]
		if separator != "." && separator != "_" && separator != "__" && !only(separator, "-") {
			return false
		}
	}
}

// isTag reads up to 128 letters, digits, underscores, and after the first dots and dashes.
func isTag(text string) bool {
	return len(text) <= 128 && only(text, lower+upper+digits+"_.-") && !only(text[:1], ".-")
}

// isDigest reads a digest whose algorithm may not have been invented yet:
//
//	digest = algorithm ":" at least 32 hexadecimal digits
func isDigest(text string) bool {
	algorithm, hex, _ := strings.Cut(text, ":")
	return isAlgorithm(algorithm) && len(hex) >= 32 && only(hex, anyHex)
}

// isAlgorithm reads words of letters and digits, which begin with a letter:
//
//	algorithm = word { ( "+" | "." | "-" | "_" ) word }
func isAlgorithm(text string) bool {
	if i := strings.IndexAny(text, "+.-_"); i >= 0 {
		return isAlgorithm(text[:i]) && isAlgorithm(text[i+1:])
	}
	return only(text, lower+upper+digits) && !only(text[:1], digits)
}

// checkDigest tells what is wrong with a digest for today's algorithms. isDigest has taken
// it. Capitals are refused: one digest would have two spellings.
func checkDigest(digest string) error {
	algorithm, hex, _ := strings.Cut(digest, ":")
	length := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	switch {
	case length != 0 && len(hex) != length:
		return errors.New("invalid checksum digest length")
	case length != 0 && !only(hex, lowerHex), algorithm != strings.ToLower(algorithm):
		return errors.New("invalid checksum digest format")
	case length == 0:
		return errors.New("unsupported digest algorithm")
	}
	return nil
}

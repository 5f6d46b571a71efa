package logs

import (
	"time"
	"unicode/utf8"
)

// appendEntry appends an entry's line. tail is its ending.
func appendEntry(line, text, tail []byte) []byte {
	line = append(line, `{"log":"`...)
	line = appendText(line, text)
	return append(line, tail...)
}

// ending is what follows the text in each entry of a stream and time.
func ending(stream string, at time.Time) []byte {
	tail := append(make([]byte, 0, 80), `","stream":"`...)
	tail = append(tail, stream...)
	tail = append(tail, `","time":"`...)
	tail = at.UTC().AppendFormat(tail, time.RFC3339Nano)
	return append(tail, "\"}\n"...)
}

// asIs are the bytes that stand for themselves in JSON, as Docker writes it: < > & do not.
var asIs = func() (as [256]bool) {
	for char := byte(' '); char < utf8.RuneSelf; char++ {
		as[char] = char != '"' && char != '\\' && char != '<' && char != '>' && char != '&'
	}
	return as
}()

// appendText appends what stands between the quotes of a JSON string. encoding/json does the
// same for whatever it is given; this is for the one thing that a container has a lot of.
func appendText(line, text []byte) []byte {
	for len(text) > 0 {
		plain := 0
		for plain < len(text) && asIs[text[plain]] {
			plain++
		}
		line = append(line, text[:plain]...)
		if text = text[plain:]; len(text) == 0 {
			break
		}
		char, size := utf8.DecodeRune(text)
		switch {
		case char == '\n':
			line = append(line, `\n`...)
		case char == '\r':
			line = append(line, `\r`...)
		case char == '"', char == '\\':
			line = append(line, '\\', byte(char))
		case char == utf8.RuneError && size == 1:
			line = append(line, `\ufffd`...)
		case char < utf8.RuneSelf, char == '\u2028', char == '\u2029': // these are no ends of lines
			line = append(line, '\\', 'u', hex[char>>12], hex[char>>8&0xf], hex[char>>4&0xf], hex[char&0xf])
		default:
			line = append(line, text[:size]...)
		}
		text = text[size:]
	}
	return line
}

const hex = "0123456789abcdef"

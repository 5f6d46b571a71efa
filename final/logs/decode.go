package logs

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// A decoder reads entries.
type decoder struct{ text []byte }

// decode reads an entry's line: one as we write it quickly, and all others by encoding/json, which
// takes twenty times as long.
func (d *decoder) decode(line []byte) (Entry, error) {
	if e, ours := d.ours(line); ours {
		return e, nil
	}
	var in struct {
		Log    string            `json:"log"`
		Stream string            `json:"stream"`
		Time   time.Time         `json:"time"`
		Attrs  map[string]string `json:"attrs"`
	}
	err := json.Unmarshal(line, &in)
	return Entry{[]byte(in.Log), in.Stream, in.Time, in.Attrs}, err
}

// ours reads a line if it is exactly as appendEntry makes it.
func (d *decoder) ours(line []byte) (e Entry, is bool) {
	rest, is := bytes.CutPrefix(line, []byte(`{"log":"`))
	if !is {
		return e, false
	}
	if d.text, rest, is = unquote(d.text[:0], rest); !is {
		return e, false
	}
	e.Log = d.text
	for _, e.Stream = range []string{"stdout", "stderr"} {
		at, is := bytes.CutPrefix(rest, []byte(`,"stream":"`+e.Stream+`","time":"`))
		if at, ends := bytes.CutSuffix(at, []byte(`"}`)); is && ends {
			return e, e.Time.UnmarshalText(at) == nil
		}
	}
	return e, false
}

// unquote appends the text of a JSON string up to its closing quote, and returns what follows it.
// It is not ok with what appendText does not write.
func unquote(text, quoted []byte) (unquoted, rest []byte, ok bool) {
	for len(quoted) > 0 {
		plain := 0
		for plain < len(quoted) && quoted[plain] != '"' && quoted[plain] != '\\' {
			if quoted[plain] < ' ' {
				return text, nil, false
			}
			plain++
		}
		text, quoted = append(text, quoted[:plain]...), quoted[plain:]
		switch {
		case len(quoted) < 2:
			return text, nil, false
		case quoted[0] == '"':
			return text, quoted[1:], utf8.Valid(text)
		}
		size := 2
		switch char := quoted[1]; char {
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case '"', '\\':
			text = append(text, char)
		case 'u':
			size = 6
			code, err := strconv.ParseUint(string(quoted[2:min(size, len(quoted))]), 16, 16)
			if err != nil || len(quoted) < size || code >= 0xd800 && code < 0xe000 { // a half of a character
				return text, nil, false
			}
			text = utf8.AppendRune(text, rune(code))
		default:
			return text, nil, false
		}
		quoted = quoted[size:]
	}
	return text, nil, false
}

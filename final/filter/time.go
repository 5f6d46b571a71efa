package filter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Time reads a time as Docker does: so long before now (1h30m), a date, with a time of day or
// without and with a zone or in now's (2024-01-31T12:00Z), or seconds since 1970 (1700000000.5).
func Time(text string, now time.Time) (time.Time, error) {
	if strings.TrimSpace(text) == "" {
		return time.Time{}, errors.New("failed to parse value as time or duration: value is empty")
	}
	if ago, err := time.ParseDuration(text); err == nil && text != "0" {
		return now.Add(-ago), nil
	}
	layout := layoutOf(text)
	at, err := time.ParseInLocation(layout, text, now.Location())
	if err != nil && !strings.Contains(text, "-") {
		return unix(text)
	}
	return at, err
}

// layoutOf is how a time must be written of which so much is there.
func layoutOf(text string) string {
	layout := "2006-01-02"
	if _, clock, found := strings.Cut(text, "T"); found {
		if zone := strings.IndexAny(clock, "zZ+-"); zone >= 0 {
			clock = clock[:zone]
		}
		layout += []string{"T15", "T15:04", "T15:04:05"}[min(2, strings.Count(clock, ":"))]
	}
	if strings.ContainsAny(text, "zZ+") || strings.Count(text, "-") == 3 {
		layout += "Z07:00"
	}
	return layout
}

// unix reads seconds, of which there may be parts, down to a nanosecond.
func unix(text string) (time.Time, error) {
	whole, parts, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanoseconds, err2 := strconv.ParseUint((parts + "000000000")[:9], 10, 32)
	if err != nil || err2 != nil {
		return time.Time{}, fmt.Errorf("failed to parse value as time or duration: invalid seconds %q: invalid syntax", text)
	}
	return time.Unix(seconds, int64(nanoseconds)), nil
}

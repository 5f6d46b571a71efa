package filter

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	set, err := Parse([]string{"", "a=1", " A = 2 ", "a=1", "b=x=y"}, "a", "b")
	if diff := cmp.Diff(Set{"a": {"1", "2"}, "b": {"x=y"}}, set); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"a":   "bad format of filter (expected name=value)",
		"c=1": "invalid filter 'c': there are a, b",
	} {
		if _, err := Parse([]string{text}, "a", "b"); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestBool(t *testing.T) {
	for value, want := range map[string]string{
		"true": "true", "1": "true", "false": "false", "0": "false", "": "true",
		"yes": "invalid filter 'b=[yes]': give true or false", "1 0": "invalid filter 'b=[1 0]': give true or false",
	} {
		set := Set{}
		if value != "" {
			set["b"] = strings.Fields(value)
		}
		yes, err := set.Bool("b", true)
		got := map[bool]string{true: "true", false: "false"}[yes]
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestPrunes(t *testing.T) {
	now := time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)
	created := now.Add(-time.Hour)
	labels := map[string]string{"a": "1", "b": ""}
	for _, c := range []struct {
		set  Set
		want bool
	}{
		{Set{}, true},
		{Set{"label": {"a"}}, true},
		{Set{"label": {"a=1", "b"}}, true},
		{Set{"label": {"a=1", "c"}}, false},
		{Set{"label": {"a="}}, false},
		{Set{"label!": {"a"}}, false},
		{Set{"label!": {"a=2"}}, true},
		{Set{"label!": {"a", "c"}}, true}, // as in Docker: only what has both is spared
		{Set{"until": {"1h"}}, true},
		{Set{"until": {"61m"}}, false},
	} {
		got, err := c.set.Prunes(labels, &created, now)
		if err != nil || got != c.want {
			t.Errorf("%v: %v, %v, want %v", c.set, got, err, c.want)
		}
	}
	if got, err := (Set{"until": {"1h"}}).Prunes(nil, nil, now); got || err != nil {
		t.Errorf("what has no time is pruned: %v", err)
	}
}

// TestTime reads each form in which Docker takes a time.
func TestTime(t *testing.T) {
	now := time.Date(2024, 5, 6, 7, 8, 9, 10, time.FixedZone("here", 3600))
	for text, want := range map[string]string{
		"1h30m":                          "2024-05-06T04:38:09.00000001Z",
		"-1h":                            "2024-05-06T07:08:09.00000001Z",
		"2024-01-02":                     "2024-01-01T23:00:00Z",
		"2024-01-02Z":                    "2024-01-02T00:00:00Z",
		"2024-01-02+02:00":               "2024-01-01T22:00:00Z",
		"2024-01-02T03":                  "2024-01-02T02:00:00Z",
		"2024-01-02T03Z":                 "2024-01-02T03:00:00Z",
		"2024-01-02T03:04":               "2024-01-02T02:04:00Z",
		"2024-01-02T03:04-05:00":         "2024-01-02T08:04:00Z",
		"2024-01-02T03:04:05":            "2024-01-02T02:04:05Z",
		"2024-01-02T03:04:05.000000006Z": "2024-01-02T03:04:05.000000006Z",
		"2024-01-02T03:04:05+01:00":      "2024-01-02T02:04:05Z",
		"0":                              "1970-01-01T00:00:00Z",
		"1700000000":                     "2023-11-14T22:13:20Z",
		"1700000000.5":                   "2023-11-14T22:13:20.5Z",
		"1700000000.0000000019":          "2023-11-14T22:13:20.000000001Z",
		" ":                              "failed to parse value as time or duration: value is empty",
		"now":                            `failed to parse value as time or duration: invalid seconds "now": invalid syntax`,
		"17.x":                           `failed to parse value as time or duration: invalid seconds "17.x": invalid syntax`,
		"2024-13-01":                     `parsing time "2024-13-01": month out of range`,
	} {
		at, err := Time(text, now)
		got := at.UTC().Format(time.RFC3339Nano)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

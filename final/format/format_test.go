package format

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type row struct {
	ID, Name string
	Labels   map[string]string
}

func (r row) Label(name string) string { return r.Labels[name] }

var (
	header = Header{"ID": "THING ID", "Name": "NAME"}
	rows   = []row{{"1", "one", map[string]string{"com.example.the-kind": "x"}}, {"22", "longer than ten", nil}}
)

// TestWrite has what a recorded Docker (in final/images) does not show.
func TestWrite(t *testing.T) {
	for _, c := range []struct {
		format string
		quiet  bool
		rows   []row
		want   string // or the error
	}{
		{"", false, rows, "THING ID   NAME\n1          one\n22         longer than ten\n"},
		{"table", false, rows[:1], "THING ID   NAME\n1          one\n"},
		{"", false, nil, "THING ID   NAME\n"},
		{"", true, rows, "1\n22\n"},
		{"table", true, rows, "1\n22\n"},
		{"{{.Name}}", true, rows, "one\nlonger than ten\n"},
		{"json", true, rows[1:], `{"ID":"22","Name":"longer than ten","Labels":null}` + "\n"},
		{`table {{.Label "com.example.the-kind"}}\t{{.ID}}`, false, rows[:1], "the kind   THING ID\nx          1\n"},
		{`{{.ID}}\n{{.Name}}`, false, rows[:1], "1\none\n"},
		{
			"table {{pad .ID 2 2}}|{{json .ID}}|{{title .Name}}|{{lower .Name}}|{{join (split .Name \"n\") \"-\"}}", false, rows[:1],
			"  THING ID  |THING ID|NAME|NAME|NAME\n  1  |\"1\"|One|one|o-e\n",
		},
		{"{{title \"a_b c's d,é\"}}", false, rows[:1], "A_b C'S D,É\n"}, // as strings.Title
		{"{{join .Labels \"+\"}}", false, rows, "x\n\n"},
		{"{{join .ID \"+\"}}", false, rows, "expected slice, got string"},
		{"{{truncate .Name 2}}{{truncate .Name 99}}{{pad \"\" 1 1}}", false, rows[:1], "onone\n"},
		{"{{.Other}}", false, rows, "can't evaluate field Other"},
		{"table {{.Other}}", false, nil, "<no value>\n"},
	} {
		var out strings.Builder
		list, err := Parse(c.format, "table {{.ID}}\t{{.Name}}", c.quiet)
		if err == nil {
			err = Write(&out, list, header, c.rows)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "template parsing error: ") || !strings.HasSuffix(err.Error(), c.want) && !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
				t.Errorf("%q: %v, %q", c.format, err, out.String())
			}
			continue
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.format, diff)
		}
	}
}

// TestEscaped shows in columns what could write to a terminal; scripts get what there is.
func TestEscaped(t *testing.T) {
	const name, label = "a\t\"世\\界\"\n\x1b[31m", "\r\u202e\xff\ufffd"
	rows := []row{{"1", name, map[string]string{"a": label}}}
	for format, want := range map[string]string{
		`table {{.Name}}|{{.Label "a"}}`: `NAME|a` + "\n" + `a\t"世\界"\n\x1b[31m|\r\u202e\xff` + "\ufffd\n",
		`{{.Name}}|{{.Label "a"}}`:       name + "|" + label + "\n",
	} {
		var out strings.Builder
		list, err := Parse(format, "", false)
		if err == nil {
			err = Write(&out, list, header, rows)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", format, err, diff)
		}
	}
	if diff := cmp.Diff([]row{{"1", name, map[string]string{"a": label}}}, rows); diff != "" {
		t.Errorf("the rows themselves are changed (-want +got):\n%s", diff)
	}
}

// TestObjects has the names of fields in Go, and in JSON where these are others.
func TestObjects(t *testing.T) {
	type object struct {
		ID   string `json:"Id"`
		Size int64
		Env  []string
	}
	objects := []any{object{"a", 1 << 60, []string{"<"}}, object{"b", 2, nil}}
	for _, c := range []struct {
		format  string
		objects []any
		want    string
	}{
		{"", objects[1:], "[\n    {\n        \"Id\": \"b\",\n        \"Size\": 2,\n        \"Env\": null\n    }\n]\n"},
		{"json", objects, `[{"Id":"a","Size":1152921504606846976,"Env":["<"]},{"Id":"b","Size":2,"Env":null}]` + "\n"},
		{"", nil, "[]\n"},
		{"{{.ID}}", nil, "\n"},
		{"{{.ID}}", objects, "a\nb\n"},
		{"{{.Id}} {{.Size}}", objects, "a 1152921504606846976\nb 2\n"},
		{"{{index .Env 0}}", objects, "<\n"}, // and an error for the second
	} {
		var out strings.Builder
		o, err := ParseObjects(c.format)
		if err != nil {
			t.Fatal(err)
		}
		err = o.Write(&out, c.objects)
		if fails := strings.Contains(c.format, "index"); fails != (err != nil) {
			t.Errorf("%q: %v", c.format, err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.format, diff)
		}
	}
}

func TestEllipsis(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "äöü": "äöü", "abcd": "ab…", "äöüß": "äö…"} {
		if got := Ellipsis(text, 3); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}

package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"
)

// functions are what templates may call beside what text/template has.
var functions = template.FuncMap{
	"json":     toJSON,
	"split":    strings.Split,
	"join":     join,
	"title":    strings.Title, //nolint:staticcheck // it is Docker's
	"lower":    strings.ToLower,
	"upper":    strings.ToUpper,
	"pad":      pad,
	"truncate": func(text string, length int) string { return text[:min(length, len(text))] },
}

// ofHeadings are in their place when the heading is written, which is not to be changed by
// them. pad stays, as columns are to be as wide as their heading.
var ofHeadings = template.FuncMap{
	"json":     same,
	"split":    func(heading, _ string) string { return heading },
	"join":     func(heading, _ string) string { return heading },
	"title":    same,
	"lower":    same,
	"upper":    same,
	"truncate": func(heading string, _ int) string { return heading },
}

func same(heading string) string { return heading }

// toJSON is for people: < and & are left as they are.
func toJSON(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSpace(text.String()), err
}

// join joins what is in a list, or the values in a map, sorted.
func join(list any, separator string) (string, error) {
	var parts []string
	switch value := reflect.ValueOf(list); value.Kind() { //nolint:exhaustive // the others are no lists
	case reflect.Invalid: // nil
	case reflect.Array, reflect.Slice:
		for i := range value.Len() {
			parts = append(parts, fmt.Sprint(value.Index(i).Interface()))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			parts = append(parts, fmt.Sprint(value.MapIndex(key).Interface()))
		}
		slices.Sort(parts)
	default:
		return "", fmt.Errorf("expected slice, got %T", list)
	}
	return strings.Join(parts, separator), nil
}

// pad puts spaces around a text, unless it is empty.
func pad(text string, before, after int) string {
	if text == "" {
		return ""
	}
	return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
}

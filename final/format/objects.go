package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/template"
)

// Objects is how inspect shows objects: with a template a line each, else as a JSON list.
type Objects struct {
	each   *template.Template
	indent string
}

// ParseObjects reads what the user wants: "" is JSON for people, "json" on one line, and all
// else a template.
func ParseObjects(text string) (o Objects, err error) {
	switch text {
	case "":
		o.indent = "    "
	case "json":
	default:
		o.each, err = parse(text)
	}
	return o, err
}

// Write writes objects, also if there are none. Those that the template does not fit are left
// out; the error has all of them.
func (o Objects) Write(w io.Writer, objects []any) error {
	var out bytes.Buffer
	var failed []error
	if o.each == nil {
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", o.indent)
		if err := encoder.Encode(append([]any{}, objects...)); err != nil { // null would be no list
			return err
		}
	} else {
		for _, object := range objects {
			failed = append(failed, o.line(&out, object))
		}
		if out.Len() == 0 {
			out.WriteByte('\n')
		}
	}
	_, err := out.WriteTo(w)
	return errors.Join(append(failed, err)...)
}

// line fills in the template. Its names are those of Go's fields, or else of JSON's.
func (o Objects) line(w io.Writer, object any) error {
	var line bytes.Buffer
	if err := o.each.Execute(&line, object); err != nil {
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		var fields any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&fields); err != nil {
			return err
		}
		line.Reset()
		if err := o.each.Option("missingkey=error").Execute(&line, fields); err != nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
	}
	_, err := fmt.Fprintln(w, line.String())
	return err
}

// Package format shows what commands list, as the user wants it: in columns, as JSON, or by a
// template of one's own.
//
// The problem: people read a table, scripts want one value of each thing, or JSON; and what
// Docker's users have learnt to write behind --format is to mean the same here.
//
// The format is a template of Go's, in which the fields of what is listed have names, and with
// "table " before it the rows are aligned and get a heading; \t parts the columns:
//
//	--format '{{.Repository}}:{{.Tag}}'          a line each
//	--format 'table {{.ID}}\t{{.Size}}'          columns
//	--format json                                a JSON object each
//	--format table                               what the command shows anyway
//
// In columns nothing but text is shown: what else there is in a value is escaped, as it may come
// from anywhere and would write to the terminal, or make up a row.
//
// inspect takes the same templates, for objects instead of rows: see Objects.
//
// To read: https://pkg.go.dev/text/template; docker images --help.
package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"unicode/utf8"
)

// A Header is what stands above the columns, by the field that they show.
type Header map[string]string

// Label is what stands above a column of {{.Label "com.example.some-name"}}: some name.
func (Header) Label(name string) string {
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.NewReplacer("-", " ", "_", " ").Replace(name)
}

// A List is how things are listed.
type List struct {
	row   *template.Template
	table bool
}

// Parse reads what the user wants. Nothing, or "table", is the usual columns of the command, of
// which only the id is shown when it is to be quiet.
func Parse(text, columns string, quiet bool) (List, error) {
	switch usual := text == "" || text == "table"; {
	case usual && quiet:
		text = "{{.ID}}"
	case usual:
		text = columns
	}
	if text == "json" {
		text = "{{json .}}"
	}
	text, table := strings.CutPrefix(text, "table")
	text = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(strings.Trim(text, " "))
	row, err := parse(text)
	return List{row, table}, err
}

func parse(text string) (*template.Template, error) {
	parsed, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("template parsing error: %w", err)
	}
	return parsed, nil
}

// Write writes a line for each row, whose fields are what the template may name. They are in
// alphabetical order in Row, which is a struct with no others, as they are in Docker's JSON. Nothing is written if the template
// does not fit.
func Write[Row any](w io.Writer, list List, header Header, rows []Row) error {
	var lines bytes.Buffer
	for _, row := range rows {
		if list.table {
			row = shown(row)
		}
		if err := list.row.Execute(&lines, row); err != nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
		lines.WriteByte('\n')
	}
	if !list.table {
		_, err := lines.WriteTo(w)
		return err
	}
	heading, err := list.row.Clone()
	if err != nil {
		return err
	}
	whole := bufio.NewWriter(w) // which a tabwriter writes to cell by cell
	columns := tabwriter.NewWriter(whole, 10, 1, 3, ' ', 0)
	if err := heading.Funcs(ofHeadings).Execute(columns, header); err != nil {
		return fmt.Errorf("template parsing error: %w", err)
	}
	fmt.Fprintln(columns)
	if _, err := lines.WriteTo(columns); err != nil {
		return err
	}
	return errors.Join(columns.Flush(), whole.Flush())
}

// shown is a row with all characters that are no text escaped as %q has them, tabs and newlines too.
func shown[Row any](row Row) Row {
	fields := reflect.ValueOf(&row).Elem()
	for i := range fields.NumField() {
		switch value := fields.Field(i).Interface().(type) {
		case string:
			fields.Field(i).SetString(Escaped(value))
		case map[string]string: // labels
			value = maps.Clone(value)
			for name, text := range value {
				value[name] = Escaped(text)
			}
			fields.Field(i).Set(reflect.ValueOf(value))
		}
	}
	return row
}

// Escaped is a text with all characters that are no text escaped as %q has them.
func Escaped(text string) string {
	var out strings.Builder
	for text != "" {
		char, size := utf8.DecodeRuneInString(text)
		if valid := char != utf8.RuneError || size > 1; valid && strconv.IsPrint(char) {
			out.WriteString(text[:size])
		} else {
			out.WriteString(strings.Trim(strconv.Quote(text[:size]), `"`))
		}
		text = text[size:]
	}
	return out.String()
}

// Ellipsis cuts a text to so many characters, of which the last tells that it was cut.
func Ellipsis(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

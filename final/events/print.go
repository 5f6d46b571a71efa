package events

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"drydock/final/format"
)

// A Printer writes events, a line each.
type Printer struct {
	w    io.Writer
	list *format.List
}

// NewPrinter reads --format: a template, json, or nothing, which is for people.
func NewPrinter(w io.Writer, text string) (*Printer, error) {
	if text == "" {
		return &Printer{w: w}, nil
	}
	list, err := format.Parse(text, "", false)
	if err == nil { // a template that does not fit is refused before there is an event
		err = format.Write(io.Discard, list, nil, []Event{{}})
	}
	if err != nil {
		return nil, fmt.Errorf("Error parsing format: %w", err) //nolint:staticcheck // Docker's words
	}
	return &Printer{w, &list}, nil
}

// timeLayout is time.RFC3339Nano with all nine digits, so that columns are aligned.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// Print writes an event, with one call of Write.
func (p *Printer) Print(e Event) error {
	var line strings.Builder
	if p.list != nil {
		if err := format.Write(&line, *p.list, nil, []Event{e}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(&line, "%s %s %s %s", time.Unix(0, e.TimeNano).Format(timeLayout), e.Type, e.Action, e.Actor.ID)
		var attributes []string
		for _, name := range slices.Sorted(maps.Keys(e.Actor.Attributes)) {
			attributes = append(attributes, name+"="+e.Actor.Attributes[name])
		}
		if len(attributes) > 0 {
			fmt.Fprintf(&line, " (%s)", strings.Join(attributes, ", "))
		}
		line.WriteByte('\n')
	}
	_, err := io.WriteString(p.w, line.String())
	return err
}
